//! Where things are in this repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process;

/// This repository on this machine.
pub struct Project {
    root: PathBuf,
}

/// A package of the workspace.
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    /// The packages of the workspace that it builds on; those of its tests are not among them.
    pub needs: Vec<String>,
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

    /// The workspace's packages.
    ///
    /// # Errors
    /// Cargo cannot read the manifests.
    pub fn packages(&self) -> Outcome<Vec<Package>> {
        let packages = self.metadata()?;
        let names: BTreeSet<&str> = packages
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect();
        let package = |it: &Value| {
            let needs = list(&it["dependencies"])
                .filter(|need| need["kind"].is_null())
                .filter_map(|need| need["name"].as_str())
                .filter(|need| names.contains(need));
            let manifest = Path::new(it["manifest_path"].as_str().unwrap_or_default());
            Package {
                name: it["name"].as_str().unwrap_or_default().to_owned(),
                folder: manifest.parent().unwrap_or(manifest).to_path_buf(),
                needs: needs.map(str::to_owned).collect(),
            }
        };
        Ok(packages.iter().map(package).collect())
    }

    /// The names of all cargo targets of one kind (`test`, `bench`).
    pub fn cargo_targets(&self, kind: &str) -> BTreeSet<String> {
        let packages = self.metadata().unwrap_or_default();
        packages
            .iter()
            .flat_map(|package| list(&package["targets"]))
            .filter(|target| list(&target["kind"]).any(|it| it == kind))
            .filter_map(|target| target["name"].as_str().map(str::to_owned))
            .collect()
    }

    fn metadata(&self) -> Outcome<Vec<Value>> {
        let output = process::program(process::cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&self.root)
            .output()
            .map_err(|error| format!("cargo cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata: {error}"))?;
        Ok(list(&metadata["packages"]).cloned().collect())
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_targets_are_found() {
        let project = Project::here();
        let packages = project.packages().expect("cargo reads the manifests");
        let session = packages.iter().find(|package| package.name == "session");
        let session = session.expect("there is a session");
        assert!(session.folder.join("src/lib.rs").exists());
        assert!(session.needs.contains(&"flow".to_owned()));
        assert!(!session.needs.contains(&"lab".to_owned()), "for its tests");
        assert!(project.cargo_targets("test").contains("flows"));
        assert!(project.cargo_targets("bench").contains("har"));
    }
}
