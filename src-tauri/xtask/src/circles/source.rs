//! Reads the files of a crate: what each defines, imports and names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::outcome::Outcome;

/// A module's path from the crate's root; the root's is empty.
pub type ModulePath = Vec<String>;

/// What is read from one file.
#[derive(Debug, Default)]
pub struct Module {
    /// Names of items, inline modules among them.
    pub defined: BTreeSet<String>,
    /// What `use` brings in, by the name it has here.
    pub imported: BTreeMap<String, ModulePath>,
    /// What `use …::*` names.
    pub globs: Vec<ModulePath>,
    /// Every path in the file but those of `pub use`.
    pub needed: BTreeSet<ModulePath>,
}

/// The modules of the crate whose sources lie in `src`.
///
/// # Errors
/// A file that cannot be read or is not Rust.
pub fn modules(src: &Path) -> Outcome<BTreeMap<ModulePath, Module>> {
    let mut modules = BTreeMap::new();
    read(src, &mut Vec::new(), &mut modules)?;
    Ok(modules)
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
