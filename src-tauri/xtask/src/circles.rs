//! Import circles: files of one crate that need each other.
//!
//! A file needs another when it names something that is defined there, through `crate::`,
//! `super::`, `self::` or a child module's name. Re-exports (`pub use`) are followed to the
//! definition and do not count themselves, and neither do tests inside a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::outcome::Outcome;

/// A module's path from the crate's root; the root's is empty.
type ModulePath = Vec<String>;

/// The circles in the crate whose sources lie in `src`, each as one line that names a way around.
///
/// # Errors
/// A file that cannot be read or is not Rust.
pub fn circles(src: &Path) -> Outcome<Vec<String>> {
    let mut modules = BTreeMap::new();
    read(src, &mut Vec::new(), &mut modules)?;
    let edges = edges(&modules);
    let knots = knots(&edges);
    Ok(knots
        .iter()
        .map(|knot| {
            let way: Vec<String> = way_around(knot, &edges).iter().map(shown).collect();
            format!("{} files: {}", knot.len(), way.join(" → "))
        })
        .collect())
}

fn shown(path: &ModulePath) -> String {
    if path.is_empty() {
        "crate".to_owned()
    } else {
        path.join("::")
    }
}

/// What is read from one file.
#[derive(Debug, Default)]
struct Module {
    /// Names of items, inline modules among them.
    defined: BTreeSet<String>,
    /// What `use` brings in, by the name it has here.
    imported: BTreeMap<String, ModulePath>,
    /// What `use …::*` names.
    globs: Vec<ModulePath>,
    /// Every path in the file but those of `pub use`.
    needed: BTreeSet<ModulePath>,
}

fn read(
    folder: &Path,
    path: &mut ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries.flatten().map(|entry| entry.path()) {
        let name = entry.file_stem().unwrap_or_default().to_string_lossy();
        if entry.is_dir() {
            path.push(name.into_owned());
            read(&entry, path, modules)?;
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let root = path.is_empty() && matches!(&*name, "lib" | "main");
            let mut own = path.clone();
            if !root && name != "mod" {
                own.push(name.into_owned());
            }
            files.push((entry, own));
        }
    }
    for (file, own) in files {
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let mut module = Module::default();
        Reader {
            place: own.clone(),
            module: &mut module,
        }
        .items(tokens);
        modules.insert(own, module);
    }
    Ok(())
}

/// Reads the tokens of one file.
struct Reader<'a> {
    /// The module that is being read: the file's own, or an inline one in it.
    place: ModulePath,
    module: &'a mut Module,
}

impl Reader<'_> {
    fn items(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut public = false;
        while at < tokens.len() {
            if let Some(end) = test_only(&tokens, at) {
                at = end;
                continue;
            }
            let word = word(&tokens, at);
            match word.as_deref() {
                Some("pub") => public = true,
                Some("use") => {
                    let mut names = Vec::new();
                    at = self.tree(&tokens, at + 1, Vec::new(), &mut names);
                    self.import(names, public);
                    public = false;
                }
                Some(
                    "struct" | "enum" | "fn" | "type" | "trait" | "const" | "static" | "union"
                    | "macro_rules",
                ) => {
                    let name = (at + 1..=at + 2).find_map(|at| self::word(&tokens, at));
                    self.module.defined.extend(name);
                    public = false;
                }
                Some("mod") => {
                    let name = self::word(&tokens, at + 1).unwrap_or_default();
                    if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                        self.module.defined.insert(name.clone());
                        self.place.push(name);
                        self.items(body.stream());
                        self.place.pop();
                        at += 2;
                    }
                    public = false;
                }
                _ => at = self.path(&tokens, at),
            }
            at += 1;
        }
    }

    /// Anything but a list of items: only paths matter.
    fn inside(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if word(&tokens, at).as_deref() == Some("use") && word(&tokens, at + 1).is_some() {
                let mut names = Vec::new();
                at = self.tree(&tokens, at + 1, Vec::new(), &mut names);
                self.import(names, false);
            } else {
                at = self.path(&tokens, at);
            }
            at += 1;
        }
    }

    /// Records the path that begins at `at`, if there is one. Returns the last token looked at.
    fn path(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        if let Some(TokenTree::Group(group)) = tokens.get(at) {
            self.inside(group.stream());
            return at;
        }
        let continued =
            at > 0 && (punctuation(tokens, at - 1, ':') || punctuation(tokens, at - 1, '.'));
        let Some(mut segment) = word(tokens, at).filter(|_| !continued) else {
            return at;
        };
        let mut path = Vec::new();
        let mut at = at;
        while joined(tokens, at + 1) {
            path.push(segment);
            at += 3;
            match word(tokens, at) {
                Some(next) => segment = next,
                // A turbofish: what is in it is looked at next.
                None => return self.need(path, at - 1),
            }
        }
        if !path.is_empty() {
            path.push(segment);
        }
        self.need(path, at)
    }

    fn need(&mut self, path: ModulePath, at: usize) -> usize {
        if path.len() > 1 {
            let path = self.absolute(path);
            self.module.needed.insert(path);
        }
        at
    }

    /// A use tree from `at`: collects each path with the name it gets. Gives the token after it.
    fn tree(
        &self,
        tokens: &[TokenTree],
        mut at: usize,
        mut path: ModulePath,
        names: &mut Vec<(Option<String>, ModulePath)>,
    ) -> usize {
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(segment)) if segment != "as" => {
                    path.push(segment.to_string());
                }
                Some(TokenTree::Ident(_)) => {
                    names.push((word(tokens, at + 1), path));
                    return at + 2;
                }
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut at_inner = 0;
                    while at_inner < inner.len() {
                        at_inner = self.tree(&inner, at_inner, path.clone(), names) + 1;
                    }
                    return at + 1;
                }
                Some(TokenTree::Punct(sign)) if sign.as_char() == ':' => {}
                Some(TokenTree::Punct(sign)) if sign.as_char() == '*' => {
                    names.push((None, path));
                    return at + 1;
                }
                _ => {
                    let mut name = path.last().cloned();
                    if name.as_deref() == Some("self") {
                        path.pop();
                        name = path.last().cloned();
                    }
                    names.push((name, path));
                    return at;
                }
            }
            at += 1;
        }
    }

    fn import(&mut self, names: Vec<(Option<String>, ModulePath)>, public: bool) {
        for (name, path) in names {
            let path = self.absolute(path);
            if !public {
                self.module.needed.insert(path.clone());
            }
            match name {
                Some(name) => {
                    self.module.imported.insert(name, path);
                }
                None => self.module.globs.push(path),
            }
        }
    }

    /// The path from the crate's root. A path that begins with another crate's name becomes one
    /// that leads nowhere.
    fn absolute(&self, path: ModulePath) -> ModulePath {
        let mut base = self.place.clone();
        let mut rest = path.as_slice();
        match rest.first().map(String::as_str) {
            Some("crate") => {
                base.clear();
                rest = &rest[1..];
            }
            Some("self") => rest = &rest[1..],
            _ => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
        }
        base.extend_from_slice(rest);
        base
    }
}

/// The word at a place.
fn word(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(word)) => Some(word.to_string()),
        _ => None,
    }
}

fn punctuation(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == sign)
}

/// Whether `::` stands at `at`.
fn joined(tokens: &[TokenTree], at: usize) -> bool {
    punctuation(tokens, at, ':') && punctuation(tokens, at + 1, ':')
}

/// The end of an item under `#[cfg(test)]` that begins at `at`.
fn test_only(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let attribute = match (punctuation(tokens, at, '#'), tokens.get(at + 1)) {
        (true, Some(TokenTree::Group(attribute))) => attribute.stream().to_string(),
        _ => return None,
    };
    let plain: String = attribute.split_whitespace().collect();
    if !(plain.starts_with("cfg(test)") || plain.starts_with("cfg(all(test")) {
        return None;
    }
    let end = tokens[at..].iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(sign) => sign.as_char() == ';',
        _ => false,
    });
    Some(end.map_or(tokens.len(), |end| at + end + 1))
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

/// The sets of more than one module in which each can be reached from each.
fn knots(edges: &Edges) -> Vec<BTreeSet<ModulePath>> {
    let reachable: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = edges
        .keys()
        .map(|from| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from];
            while let Some(next) = open.pop() {
                open.extend(edges[next].iter().filter(|to| seen.insert(*to)));
            }
            (from, seen)
        })
        .collect();
    let mut knots: Vec<BTreeSet<ModulePath>> = Vec::new();
    for module in edges.keys() {
        if knots.iter().any(|knot| knot.contains(module)) {
            continue;
        }
        let mutual = |other: &&&ModulePath| reachable[**other].contains(module);
        let knot: BTreeSet<ModulePath> = reachable[module]
            .iter()
            .filter(mutual)
            .map(|other| (*other).clone())
            .collect();
        if knot.len() > 1 {
            knots.push(knot);
        }
    }
    knots
}

/// The shortest way from a module of the knot back to itself.
fn way_around(knot: &BTreeSet<ModulePath>, edges: &Edges) -> Vec<ModulePath> {
    let from = |start: &ModulePath| {
        let mut ways = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        loop {
            let mut longer = Vec::new();
            for way in &ways {
                for next in way.last().into_iter().flat_map(|last| &edges[last]) {
                    let mut way = way.clone();
                    way.push(next.clone());
                    if next == start {
                        return way;
                    }
                    if knot.contains(next) && seen.insert(next.clone()) {
                        longer.push(way);
                    }
                }
            }
            if longer.is_empty() {
                return Vec::new();
            }
            ways = longer;
        }
    };
    knot.iter()
        .map(from)
        .min_by_key(Vec::len)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
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
