//! Import circles: files of one crate that need each other.
//!
//! A file needs another when it names something that is defined there, through `crate::`,
//! `super::`, `self::` or a child module's name. Re-exports (`pub use`) are followed to the
//! definition and do not count themselves, and neither do tests inside a file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::outcome::Outcome;
use source::{Module, ModulePath, modules};

mod source;

/// The circles in the crate whose sources lie in `src`, each as one line that names a way around.
/// Of circles that share a file the shortest is named.
///
/// # Errors
/// A file that cannot be read or is not Rust.
pub fn circles(src: &Path) -> Outcome<Vec<String>> {
    let edges = edges(&modules(src)?);
    let mut circles: Vec<Vec<ModulePath>> = edges
        .keys()
        .filter_map(|start| way_back(start, &edges))
        .collect();
    circles.sort_by_key(Vec::len);
    let mut told = BTreeSet::new();
    circles.retain(|circle| {
        let is_new = circle.iter().all(|file| !told.contains(file));
        if is_new {
            told.extend(circle.iter().cloned());
        }
        is_new
    });
    Ok(circles.iter().map(|circle| in_words(circle)).collect())
}

fn in_words(circle: &[ModulePath]) -> String {
    let way: Vec<String> = circle.iter().chain(circle.first()).map(shown).collect();
    format!("{} files: {}", circle.len(), way.join(" → "))
}

fn shown(path: &ModulePath) -> String {
    if path.is_empty() {
        "crate".to_owned()
    } else {
        path.join("::")
    }
}

type Edges = BTreeMap<ModulePath, BTreeSet<ModulePath>>;

fn edges(modules: &BTreeMap<ModulePath, Module>) -> Edges {
    let needs = |(own, module): (&ModulePath, &Module)| {
        let needed = module
            .needed
            .iter()
            .filter_map(|path| home(modules, path, 0))
            .filter(|home| home != own)
            .collect();
        (own.clone(), needed)
    };
    modules.iter().map(needs).collect()
}

/// The file that defines what a path names.
fn home(modules: &BTreeMap<ModulePath, Module>, path: &[String], depth: u32) -> Option<ModulePath> {
    // Two modules that import each other whole would never end.
    if depth > 8 {
        return None;
    }
    let reached = (0..=path.len())
        .rev()
        .find(|length| modules.contains_key(&path[..*length]))?;
    let here = &path[..reached];
    let module = &modules[here];
    let Some(name) = path.get(reached) else {
        return Some(here.to_vec());
    };
    if module.defined.contains(name) {
        return Some(here.to_vec());
    }
    let from_import = module.imported.get(name).and_then(|import| {
        let mut whole = import.clone();
        whole.extend_from_slice(&path[reached + 1..]);
        home(modules, &whole, depth + 1)
    });
    from_import.or_else(|| {
        module.globs.iter().find_map(|glob| {
            let mut whole = glob.clone();
            whole.extend_from_slice(&path[reached..]);
            home(modules, &whole, depth + 1)
        })
    })
}

/// The shortest way from a module back to itself, without the module at its end.
fn way_back(start: &ModulePath, edges: &Edges) -> Option<Vec<ModulePath>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        for next in way.last().into_iter().flat_map(|last| &edges[*last]) {
            if next == start {
                return Some(way.into_iter().cloned().collect());
            }
            if seen.insert(next) {
                let mut longer = way.clone();
                longer.push(next);
                ways.push_back(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The circles of a crate with these files.
    fn of(name: &str, files: &[(&str, &str)]) -> Vec<String> {
        let folder =
            std::env::temp_dir().join(format!("authscope-circles-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
            fs::write(file, text).expect("it can be written");
        }
        let found = circles(&folder).expect("the files are Rust");
        fs::remove_dir_all(&folder).expect("it can be removed");
        found
    }

    #[test]
    fn a_circle_is_found_with_the_way_around() {
        let found = of(
            "plain",
            &[
                ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
                ("a.rs", "use crate::b::B; pub struct A(B);"),
                ("b.rs", "use crate::c::{self, C}; pub struct B(C);"),
                ("c.rs", "pub struct C(Option<Box<crate::A>>);"),
            ],
        );
        assert_eq!(found, ["3 files: a → b → c → a"]);
    }

    #[test]
    fn what_only_goes_down_is_no_circle() {
        let found = of(
            "tree",
            &[
                ("lib.rs", "mod a; mod b; pub use a::*; fn f() { b::g() }"),
                ("a/mod.rs", "mod inner; pub use inner::Inner; pub struct A;"),
                ("a/inner.rs", "use crate::b::B; pub struct Inner(B);"),
                (
                    "b.rs",
                    "pub struct B; #[cfg(test)] mod tests { use crate::Inner; }",
                ),
            ],
        );
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_parent_and_its_child_can_need_each_other() {
        let found = of(
            "family",
            &[
                (
                    "lib.rs",
                    "mod a; pub struct Top; fn f() { a::g(vec![a::h::<u8>()]) }",
                ),
                (
                    "a.rs",
                    "pub fn g() -> super::Top { matches!(1, 1); super::Top }",
                ),
            ],
        );
        assert_eq!(found, ["2 files: crate → a → crate"]);
    }

    #[test]
    fn names_that_a_parent_imports_for_itself_are_followed() {
        let found = of(
            "through",
            &[
                ("lib.rs", "mod a; mod b;"),
                (
                    "a/mod.rs",
                    "mod x; use crate::b::B; pub fn f(_: B) { x::g() }",
                ),
                ("a/x.rs", "use super::B; pub fn g() {}"),
                ("b.rs", "pub struct B;"),
            ],
        );
        assert_eq!(found, [""; 0]);
    }
}
