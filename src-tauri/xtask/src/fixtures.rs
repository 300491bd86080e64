//! `cargo xtask fixtures`: the lab's runs, for the tests of the front-end.

use crate::outcome::Outcome;
use crate::process;
use crate::project::Project;

/// Runs every scenario of the lab; `tests/lab_runs.rs` writes what a window is told of each to
/// `target/lab-runs`.
///
/// # Errors
/// A run that has no answer, or that cargo failed.
pub fn record(project: &Project) -> Outcome {
    let mut cargo = process::program(process::cargo());
    cargo
        .args(["test", "--package", "app", "--test", "lab_runs"])
        .current_dir(project.root());
    process::run(cargo).map_err(|reason| format!("the lab's runs could not be recorded: {reason}"))
}
