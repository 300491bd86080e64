//! `cargo xtask bundle`: the installable package.

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use crate::front_end;
use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::process;
use crate::project::Project;

/// `bundle [ARGS…]`; ARGS go to `tauri build`.
pub fn run(project: &Project, args: &[OsString]) -> Outcome<ExitCode> {
    packages::ensure(&[Purpose::Build])?;
    front_end::ensure_packages(project)?;
    let program = project.ui().join("node_modules/@tauri-apps/cli/tauri.js");
    if !program.exists() {
        return Err(
            "ui/package.json has to bring @tauri-apps/cli, and its packages be installed"
                .to_owned(),
        );
    }
    // From the root: the program looks for tauri.conf.json below the folder it is started in. It
    // builds the front-end itself.
    let mut build = process::program("node");
    build
        .arg(program)
        .args(["build", "--bundles", "deb"])
        .args(args)
        .current_dir(project.root());
    process::run(build)?;
    let folder = project.target().join("release/bundle/deb");
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            println!("{}", entry.path().display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
