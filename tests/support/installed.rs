//! Programs from PyPI and npm that tests run, each installed below `target` from a pinned list in
//! the repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

pub static REPOSITORY: LazyLock<PathBuf> = LazyLock::new(|| {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
});

/// The npm package of `tests/NAME`, installed in `target/NAME`, with these of its files beside it.
pub fn npm(name: &str, files: &[&str]) -> PathBuf {
    let source = REPOSITORY.join("tests").join(name);
    let lists: Vec<PathBuf> = ["package.json", "package-lock.json"]
        .iter()
        .chain(files)
        .map(|file| source.join(file))
        .collect();
    filled(name, &lists, |folder| {
        for list in &lists {
            let name = list.file_name().expect("a file");
            std::fs::copy(list, folder.join(name)).expect("the target folder can be written");
        }
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder));
    })
}

/// The folder `target/NAME`, which was filled once for the present content of `lists`.
pub fn filled(name: &str, lists: &[PathBuf], install: impl FnOnce(&Path)) -> PathBuf {
    // Two tests of a program may want the same at the same time.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = REPOSITORY.join("target").join(name);
    let wanted: String = lists
        .iter()
        .map(|list| std::fs::read_to_string(list).expect("the pinned list is in the repository"))
        .collect();
    let mark = folder.join("installed");
    if std::fs::read_to_string(&mark).is_ok_and(|found| found == wanted) {
        return folder;
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    install(&folder);
    std::fs::write(mark, wanted).expect("the target folder can be written");
    folder
}

/// Runs a program on this terminal and fails unless it ends well.
pub fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
