//! The command, as a process.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use test_support::within;

/// A folder that is removed when this is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let name = format!("authscope-watch-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("temporary folders can be made");
        Self(folder)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// A program in it.
    pub fn program(&self, name: &str, script: &str) {
        let file = self.0.join(name);
        fs::write(&file, script).expect("the folder can be written");
        let runs = fs::Permissions::from_mode(0o755);
        fs::set_permissions(file, runs).expect("it is ours");
    }

    /// All files in it and in its folders.
    pub fn all_files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.0.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it can be read").flatten() {
                match entry.path() {
                    folder if folder.is_dir() => folders.push(folder),
                    file => files.push(file),
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A run of the command with `--approve watch`, with all that can be said in its log.
pub fn watch(mcp: &str, kept: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command
        .args(["run", mcp, "--approve", "watch", "--keep", "--folder"])
        .arg(kept)
        .env("AUTHSCOPE_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub async fn ended(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = within("the command", output).await;
    output.expect("it does not panic").expect("it can be run")
}
