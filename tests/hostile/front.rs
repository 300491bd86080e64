//! The program that an attack meets. It is a new process each time, so that its end and its memory
//! can be measured.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::case::{Case, Front};
use crate::recorded::recorded;
use crate::stage::{MARK, Stage};
use crate::window;

/// The process that meets this case, not started yet.
pub fn process(case: &Case, stage: &Stage, files: &Files) -> Command {
    let url = format!("{}/mcp", stage.origin);
    let mut command = match case.front {
        Front::Window => window::command(&url, &files.folder),
        _ => Command::new(env!("CARGO_BIN_EXE_authscope-cli")),
    };
    match case.front {
        Front::Run => {
            command.args(["run", &url, "--timeout", "1"]);
            if !case.arguments.iter().any(|it| it == "--callback-timeout") {
                command.args(["--callback-timeout", "3"]);
            }
            let secret = format!("{MARK}-entered");
            command.args(case.arguments.iter().map(|argument| {
                argument
                    .replace("{evil}", &stage.evil)
                    .replace("{secret}", &secret)
            }));
        }
        Front::Observe => {
            command.args(["observe", &url, "--timeout", "1", "--port", "0"]);
        }
        Front::Check => {
            let recording = recorded(case, &stage.origin);
            std::fs::write(&files.recording, recording).expect("a folder to write to");
            command.arg("check").arg(&files.recording);
        }
        Front::Window => {}
    }
    if case.front != Front::Window {
        command.arg("--json").arg(&files.report);
    }
    if case.front.writes_har() {
        command.arg("--har").arg(&files.har);
    }
    // Without optimization the command takes long for what is read by default.
    if cfg!(debug_assertions) && case.front.writes_har() {
        command.args(["--body-limit", "1000000"]);
    }
    command
        .env_remove("AUTHSCOPE_LOG")
        .env_remove("NO_PROXY")
        .env("XDG_CONFIG_HOME", &files.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a case reads and writes, until this is dropped.
pub struct Files {
    pub folder: PathBuf,
    pub report: PathBuf,
    pub har: PathBuf,
    recording: PathBuf,
}

impl Files {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("authscope-attack-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder to write to");
        Self {
            report: folder.join("report.json"),
            har: folder.join("out.har"),
            recording: folder.join("in.har"),
            folder,
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
