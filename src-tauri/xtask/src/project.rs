//! Where things are, and the words of the few files that are read here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// This repository on this machine.
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The repository that holds this crate, wherever the command was given.
    pub fn here() -> Project {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let folder = PathBuf::from(folder);
        let root = folder.ancestors().nth(2).unwrap_or(&folder).to_path_buf();
        Project { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// The crates, each with its folder.
    pub fn crates(&self) -> Vec<(String, PathBuf)> {
        let mut crates: Vec<(String, PathBuf)> = children(&self.root.join("src-tauri"))
            .into_iter()
            .filter(|folder| folder.join("Cargo.toml").exists())
            .map(|folder| {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                (name.into_owned(), folder)
            })
            .collect();
        crates.push(("authscope".to_owned(), self.root.join("src-tauri")));
        crates.sort();
        crates
    }

    /// Whether `ui/package.json` has the script.
    pub fn has_script(&self, script: &str) -> bool {
        fs::read_to_string(self.ui().join("package.json"))
            .is_ok_and(|text| names_script(&text, script))
    }

    /// The names of all cargo targets of one kind (`test`, `bench`): those the root manifest lists,
    /// and the files that cargo finds by itself in the folders of the crates.
    pub fn cargo_targets(&self, kind: &str) -> BTreeSet<String> {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml")).unwrap_or_default();
        let mut names = listed_targets(&manifest, kind);
        let folder = if kind == "bench" { "benches" } else { "tests" };
        for member in children(&self.root.join("src-tauri")) {
            // A crate's manifest may name targets that lie elsewhere, such as in the top-level
            // tests folder.
            let manifest = fs::read_to_string(member.join("Cargo.toml")).unwrap_or_default();
            names.extend(listed_targets(&manifest, kind));
            for file in children(&member.join(folder)) {
                let whole_folder = file.join("main.rs").exists();
                if whole_folder || file.extension().is_some_and(|extension| extension == "rs") {
                    names.extend(
                        file.file_stem()
                            .map(|stem| stem.to_string_lossy().into_owned()),
                    );
                }
            }
        }
        names
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

/// `"name":` inside the object `"scripts"`.
fn names_script(package: &str, script: &str) -> bool {
    let Some((_, rest)) = package.split_once("\"scripts\"") else {
        return false;
    };
    let scripts = rest.split('}').next().unwrap_or_default();
    scripts
        .lines()
        .flat_map(|line| line.split(','))
        .any(|entry| {
            let entry = entry.trim_start().trim_start_matches([':', '{', ' ']);
            entry
                .strip_prefix('"')
                .and_then(|entry| entry.strip_prefix(script))
                .is_some_and(|entry| entry.starts_with('"'))
        })
}

/// The `name` of every `[[kind]]` table of a manifest.
fn listed_targets(manifest: &str, kind: &str) -> BTreeSet<String> {
    let header = format!("[[{kind}]]");
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == header;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside)
            && key.trim() == "name"
        {
            names.insert(value.trim().trim_matches('"').to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_from_their_own_tables_only() {
        let manifest = "[package]\nname = \"app\"\n[[bin]]\nname = \"app\"\n[[test]]\nname = \"flows\"\npath = \"x\"\n\
                        [[test]]\npath = \"y\"\nname=\"desktop\"\n[[bench]]\nname = \"har\"\n";
        let tests: Vec<String> = listed_targets(manifest, "test").into_iter().collect();
        assert_eq!(tests, ["desktop", "flows"]);
        assert_eq!(listed_targets(manifest, "bench").len(), 1);
    }

    #[test]
    fn scripts_are_found_by_their_whole_name() {
        let package = "{\n \"name\": \"ui\",\n \"scripts\": {\n  \"dev\": \"vite\",\n  \"test:browser\": \"x check\"\n },\n \
                       \"check\": 1 }";
        assert!(names_script(package, "dev"));
        assert!(names_script(package, "test:browser"));
        assert!(!names_script(package, "test"));
        assert!(!names_script(package, "check"));
        assert!(names_script(
            "{\"scripts\":{\"a\":\"b\",\"test\":\"c\"}}",
            "test"
        ));
    }

    #[test]
    fn the_root_is_the_folder_of_the_workspace() {
        assert!(Project::here().root().join("src-tauri/xtask").exists());
    }
}
