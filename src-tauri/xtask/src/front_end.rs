//! The front-end in `ui`: Node, its packages, the built files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::outcome::Outcome;
use crate::process;
use crate::project::Project;

/// What `npm run build` reads, in `ui`.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// npm writes the two files of one installation in no fixed order.
const SAME_INSTALLATION: Duration = Duration::from_secs(2);

/// Checks for Node, and installs `ui/node_modules` when it is not what the lock file says.
///
/// # Errors
/// What is missing, or why npm failed.
pub fn ensure_packages(project: &Project) -> Outcome {
    check_node()?;
    let ui = project.ui();
    if packages_current(
        modified(&ui.join("package-lock.json")),
        modified(&ui.join("node_modules/.package-lock.json")),
    ) {
        return Ok(());
    }
    println!("The front-end's packages are missing or out of date: npm ci (in ui)");
    let mut install = npm(project);
    install.args(["ci", "--no-audit", "--no-fund"]);
    process::run(install).map_err(|reason| format!("`npm ci` in ui failed: {reason}"))
}

/// Builds `ui/dist` when it is missing or older than its sources.
///
/// # Errors
/// What is missing, or why the build failed.
pub fn ensure_built(project: &Project) -> Outcome {
    ensure_packages(project)?;
    let ui = project.ui();
    let newest = SOURCES
        .iter()
        .filter_map(|source| newest(&ui.join(source)))
        .max();
    if built_current(newest, modified(&ui.join("dist/index.html"))) {
        return Ok(());
    }
    println!("Building the front-end: npm run build (in ui)");
    let mut build = npm(project);
    build.args(["run", "build"]);
    process::run(build).map_err(|reason| format!("`npm run build` in ui failed: {reason}"))
}

/// npm, in `ui`.
pub fn npm(project: &Project) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(project.ui());
    npm
}

fn check_node() -> Outcome {
    const WANTED: &str =
        "Node 20.19 or newer (22.12 or newer on 22) with npm is needed for the front-end";
    const WHERE: &str = "install it from nodejs.org or by your package manager, and start again";
    let answer = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|_| format!("{WANTED}; there is no `node` here: {WHERE}"))?;
    let answer = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if !node_suffices(&answer) {
        return Err(format!("{WANTED}; here is {answer}: {WHERE}"));
    }
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    if process::find(program).is_none() {
        return Err(format!(
            "{WANTED}; there is `node` {answer}, but no `npm`: {WHERE}"
        ));
    }
    Ok(())
}

/// Vite's own demand: `^20.19.0 || >=22.12.0`.
fn node_suffices(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match major {
        20 => minor >= 19,
        22 => minor >= 12,
        major => major > 22,
    }
}

fn packages_current(lock: Option<SystemTime>, installed: Option<SystemTime>) -> bool {
    match (lock, installed) {
        (Some(lock), Some(installed)) => installed + SAME_INSTALLATION >= lock,
        _ => false,
    }
}

fn built_current(newest_source: Option<SystemTime>, built: Option<SystemTime>) -> bool {
    built.is_some_and(|built| newest_source.is_none_or(|source| source <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// The newest change at or under `path`; a folder's own time changes when a file in it is removed.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = modified(path)?;
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    Some(
        entries
            .filter_map(|entry| newest(&entry.path()))
            .fold(own, SystemTime::max),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn node_versions_that_vite_takes() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.1.0"] {
            assert!(node_suffices(good), "{good}");
        }
        for bad in [
            "v18.20.4", "v20.18.3", "v21.7.0", "v22.11.0", "", "nonsense",
        ] {
            assert!(!node_suffices(bad), "{bad}");
        }
    }

    #[test]
    fn packages_are_installed_when_missing_or_older_than_the_lock() {
        assert!(!packages_current(at(100), None));
        assert!(!packages_current(at(200), at(100)));
        assert!(packages_current(at(101), at(100)));
        assert!(packages_current(at(100), at(200)));
    }

    #[test]
    fn the_build_follows_its_sources() {
        assert!(!built_current(at(100), None));
        assert!(!built_current(at(200), at(100)));
        assert!(built_current(at(100), at(100)));
    }

    #[test]
    fn a_folder_is_as_new_as_the_newest_thing_in_it() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(newest(here) >= modified(&here.join("src/front_end.rs")));
        assert_eq!(newest(&here.join("absent")), None);
    }
}
