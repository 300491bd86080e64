//! `cargo xtask check`: what a change must pass besides its tests.

use std::process::{Command, ExitCode};

use crate::circles::circles;
use crate::packages::{self, Purpose};
use crate::process;
use crate::project::Project;
use crate::{Outcome, front_end};

/// The TypeScript that the contract's Rust types write.
const BINDINGS: &str = "ui/src/host/bindings";

/// `check`: all of it, also after a failure.
pub fn run(project: &Project, args: &[String]) -> Outcome<ExitCode> {
    if let Some(arg) = args.first() {
        return Err(format!("check knows no option `{arg}`"));
    }
    packages::ensure(&[Purpose::Build])?;
    front_end::ensure_built(project)?;
    let steps: [(&str, Outcome); 6] = [
        ("import circles", no_circles(project)),
        (
            "format",
            step(project, "format", &["fmt", "--all", "--check"]),
        ),
        (
            "lints",
            step(
                project,
                "lints",
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            ),
        ),
        ("front-end types", script(project, "check")),
        ("front-end lints and format", script(project, "lint")),
        ("bindings", bindings(project)),
    ];
    println!();
    let mut well = true;
    for (name, outcome) in steps {
        match outcome {
            Ok(()) => println!("✓ {name}"),
            Err(reason) => {
                well = false;
                println!("✕ {name}: {reason}");
            }
        }
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn step(project: &Project, name: &str, arguments: &[&str]) -> Outcome {
    println!("\n── {name}: cargo {} ──", arguments.join(" "));
    let mut command = process::program(process::cargo());
    command.args(arguments).current_dir(project.root());
    process::run(command)
}

fn script(project: &Project, name: &str) -> Outcome {
    println!("\n── front-end: npm run {name} ──");
    let mut command = front_end::npm(project);
    command.args(["run", name]);
    process::run(command)
}

/// No file of a crate needs another that needs it.
fn no_circles(project: &Project) -> Outcome {
    let mut found = Vec::new();
    for (name, folder) in project.crates() {
        let circles = circles(&folder.join("src"))?;
        found.extend(
            circles
                .into_iter()
                .map(|circle| format!("{name}, {circle}")),
        );
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("\n  "))
    }
}

/// Writes the bindings anew and compares them with what is recorded in the index.
fn bindings(project: &Project) -> Outcome {
    step(
        project,
        "bindings",
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
