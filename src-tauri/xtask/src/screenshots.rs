//! `cargo xtask screenshots`: every screen as pictures, to be looked at, and those of the README.

use crate::front_end;
use crate::outcome::Outcome;
use crate::packages::{self, CHROMIUM, Purpose};
use crate::process;
use crate::project::Project;

/// Writes the pictures and a page that shows them to `target/screenshots`; those of the README go
/// to `icons`.
///
/// # Errors
/// There is no browser, or a screen could not be reached.
pub fn take(project: &Project) -> Outcome {
    packages::ensure(&[Purpose::Browser])?;
    front_end::ensure_packages(project)?;
    let browser = packages::browser().ok_or("there is no Chromium or Chrome")?;
    let mut script = front_end::npm(project);
    script.args(["run", "screenshots"]).env(CHROMIUM, browser);
    process::run(script)
}
