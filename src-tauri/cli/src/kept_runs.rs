//! The folder of the runs that are kept.

use std::path::PathBuf;

use app::usual_folder;

use crate::terminal::Failure;

/// Where runs are kept.
///
/// # Errors
/// When this machine has no folder for it.
pub fn folder(given: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let folder = given.cloned().or_else(usual_folder);
    folder
        .ok_or_else(|| Failure::from("expected --folder: this machine names no folder".to_owned()))
}
