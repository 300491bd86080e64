//! `cargo xtask check`: what a change must pass besides its tests.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::capabilities::unexplained;
use crate::circles::circles;
use crate::front_end;
use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::process;
use crate::project::Project;
use crate::promises::unkept;

/// The TypeScript that the Rust types of the contract write.
const BINDINGS: &str = "ui/src/host/bindings";

/// The longest line of a comment, in characters; code is rustfmt's business.
const COMMENT_WIDTH: usize = 100;

/// Which crate may build on which. What is not here is not allowed, so that a new dependency
/// between crates is a decision.
#[rustfmt::skip]
const ARROWS: &[(&str, &[&str])] = &[
    ("trace", &[]),
    ("jose", &["trace"]),
    ("lab", &[]),
    ("clients", &["trace"]),
    ("xtask", &[]),
    ("wire", &["trace"]),
    ("browser", &["trace"]),
    ("vault", &["trace"]),
    ("diagnosis", &["trace", "jose", "clients"]),
    ("formats", &["trace", "diagnosis"]),
    ("replay", &["trace", "jose", "diagnosis"]),
    ("compare", &["trace", "diagnosis", "formats"]),
    ("observe", &["trace", "wire"]),
    ("flow", &["trace", "jose", "clients"]),
    ("session", &["trace", "clients", "jose", "flow", "wire", "browser", "diagnosis", "vault", "formats"]),
    ("app", &["trace", "clients", "jose", "flow", "wire", "diagnosis", "vault", "formats", "replay", "observe", "compare", "session", "lab"]),
    ("cli", &["trace", "clients", "flow", "wire", "diagnosis", "vault", "formats", "replay", "observe", "compare", "session", "app", "lab"]),
    ("authscope", &["trace", "flow", "wire", "diagnosis", "vault", "formats", "replay", "observe", "compare", "session", "app", "lab"]),
    ("test-support", &["trace", "flow", "wire", "diagnosis", "vault", "formats", "replay", "observe", "compare", "session", "app", "lab"]),
];

type Check = fn(&Project) -> Outcome;

/// Quick ones first.
const CHECKS: &[(&str, Check)] = &[
    ("import-circles", import_circles),
    ("crate-arrows", crate_arrows),
    ("capabilities", capabilities),
    ("comment-width", comment_width),
    ("paths-in-documents", paths_in_documents),
    ("promises", promises),
    ("format", |project| {
        cargo(project, &["fmt", "--all", "--check"])
    }),
    ("front-end-types", |project| script(project, "check")),
    ("front-end-lints", |project| script(project, "lint")),
    ("lints", |project| {
        cargo(
            project,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        )
    }),
    ("bindings", bindings),
    ("dependencies", dependencies),
];

/// Runs the checks named, or all of them, also after a failure.
///
/// # Errors
/// A check that does not exist, or what could not be installed or built for the checks.
pub fn run(project: &Project, only: &[String], list: bool) -> Outcome<ExitCode> {
    if list {
        CHECKS.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let unknown = |name: &&String| !CHECKS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = only.iter().find(unknown) {
        return Err(format!("there is no check `{unknown}`; --list names them"));
    }
    if only.is_empty() {
        packages::ensure(&[Purpose::Build])?;
        front_end::ensure_built(project)?;
    }
    let mut outcomes = Vec::new();
    for (name, check) in CHECKS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            println!("── {name} ──");
            outcomes.push((name, check(project)));
        }
    }
    println!();
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(()) => println!("✓ {name}"),
            Err(reason) => println!("✕ {name}: {reason}"),
        }
    }
    Ok(if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn cargo(project: &Project, arguments: &[&str]) -> Outcome {
    let mut command = process::program(process::cargo());
    command.args(arguments).current_dir(project.root());
    process::run(command)
}

fn script(project: &Project, name: &str) -> Outcome {
    let mut command = front_end::npm(project);
    command.args(["run", name]);
    process::run(command)
}

/// No two files of a crate need each other, directly or through others.
fn import_circles(project: &Project) -> Outcome {
    let mut found = Vec::new();
    for package in project.packages()? {
        for folder in ["src", "src-tauri/src"] {
            let src = package.folder.join(folder);
            if src.is_dir() {
                let circles = circles(&src)?.into_iter();
                found.extend(circles.map(|circle| format!("{}, {circle}", package.name)));
            }
        }
    }
    none(found)
}

fn crate_arrows(project: &Project) -> Outcome {
    let mut found = Vec::new();
    for package in project.packages()? {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            found.push(format!(
                "{} is missing in the table of arrows",
                package.name
            ));
            continue;
        };
        let wrong = package
            .needs
            .iter()
            .filter(|need| !allowed.contains(&need.as_str()));
        found.extend(wrong.map(|need| format!("{} must not depend on {need}", package.name)));
    }
    none(found)
}

fn capabilities(project: &Project) -> Outcome {
    let configuration = fs::read_to_string(project.root().join("tauri.conf.json"))
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
        .map_err(|error| format!("tauri.conf.json: {error}"))?;
    let folder = project.root().join("src-tauri/capabilities");
    none(unexplained(&folder, &configuration))
}

fn comment_width(project: &Project) -> Outcome {
    let mut found = Vec::new();
    for folder in ["src-tauri", "tests"] {
        each_file(&project.root().join(folder), &mut |file| {
            if file.extension().is_none_or(|extension| extension != "rs") {
                return;
            }
            let text = fs::read_to_string(file).unwrap_or_default();
            for (at, line) in text.lines().enumerate() {
                // A link or a row of a table cannot be wrapped.
                let bound = line.contains("://") || line.trim_start().starts_with("//! |");
                let comment = line.trim_start().starts_with("//") && !bound;
                if comment && line.chars().count() > COMMENT_WIDTH {
                    found.push(format!("{}:{}", file.display(), at + 1));
                }
            }
        });
    }
    none(found)
}

/// Every file and folder of this repository that a document names in backticks is there.
fn paths_in_documents(project: &Project) -> Outcome {
    const DOCUMENTS: &[&str] = &[
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "tests/README.md",
    ];
    let mut found = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(project.root().join(document))
            .map_err(|error| format!("{document}: {error}"))?;
        for path in paths(&text) {
            if !project.root().join(path).exists() {
                found.push(format!("{document} names {path}, which does not exist"));
            }
        }
    }
    none(found)
}

fn promises(project: &Project) -> Outcome {
    let text = fs::read_to_string(project.root().join("SECURITY.md"))
        .map_err(|error| format!("SECURITY.md: {error}"))?;
    none(unkept(&text, project.root()))
}

/// The words in backticks that are paths from the root: they begin with one of its folders.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    const TOP: &[&str] = &[
        "src-tauri/",
        "ui/",
        "tests/",
        "icons/",
        ".github/",
        ".ci/",
        ".cargo/",
    ];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| TOP.iter().any(|top| word.starts_with(top)))
        .filter(|word| !word.contains(['*', '<', ' ', '…']))
}

/// Writes the bindings again and compares them with what git has.
fn bindings(project: &Project) -> Outcome {
    cargo(
        project,
        &[
            "test",
            "--quiet",
            "--workspace",
            "--lib",
            "--bins",
            "export_bindings",
        ],
    )?;
    let mut compare = Command::new("git");
    compare
        .args(["diff", "--exit-code", "--stat", "--", BINDINGS])
        .current_dir(project.root());
    process::run(compare)
        .map_err(|_| format!("{BINDINGS} was out of date; it is not now: add it to the change"))?;
    let unknown = Command::new("git")
        .args(["ls-files", "--others", "--exclude-standard", "--", BINDINGS])
        .current_dir(project.root())
        .output()
        .map_err(|error| format!("git cannot be started: {error}"))?;
    let unknown = String::from_utf8_lossy(&unknown.stdout);
    match unknown.lines().next() {
        Some(file) => Err(format!("{file} is new: add it to the change")),
        None => Ok(()),
    }
}

/// Advisories, licences, sources and duplicates, by `deny.toml`.
fn dependencies(project: &Project) -> Outcome {
    if process::find("cargo-deny").is_none() {
        println!("skipped: `cargo install cargo-deny --locked` installs what looks at them");
        return Ok(());
    }
    cargo(project, &["deny", "--all-features", "check"])
}

fn none(found: Vec<String>) -> Outcome {
    if found.is_empty() {
        Ok(())
    } else {
        Err(format!("{} found\n  {}", found.len(), found.join("\n  ")))
    }
}

fn each_file(folder: &Path, see: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            each_file(&path, see);
        } else {
            see(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_in_backticks_that_begin_with_a_folder_of_the_root() {
        let text = "See `src-tauri/flow/src` and `cargo test`, not src-tauri/x or `ui/src/*.ts`.";
        assert_eq!(paths(text).collect::<Vec<_>>(), ["src-tauri/flow/src"]);
    }

    #[test]
    fn an_unknown_check_is_named() {
        let reason = run(&Project::here(), &["nothing".to_owned()], false).unwrap_err();
        assert!(reason.contains("`nothing`"), "{reason}");
    }
}
