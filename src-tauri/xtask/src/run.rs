//! `cargo xtask run`: installs what is missing, builds, and opens the window.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::project::Project;
use crate::{front_end, process};

/// `run [ARGS…]`
pub fn run(project: &Project, args: &[OsString]) -> Outcome<ExitCode> {
    // Checked before minutes of building.
    if !has_display() {
        return Err(
            "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).\n\
             Start it in a desktop session, or on a screen in memory: `xvfb-run -a cargo xtask run`.\n\
             The same flows without a window: `cargo run --bin authscope-cli -- run URL`"
                .to_owned(),
        );
    }
    packages::ensure(&[Purpose::Build])?;
    front_end::ensure_built(project)?;
    let status = process::program(process::cargo())
        .args(["run", "--manifest-path"])
        .arg(project.root().join("Cargo.toml"))
        .args(["--package", "authscope", "--"])
        .args(args)
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn has_display() -> bool {
    let set = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
