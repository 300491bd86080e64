//! The lab and the proxy as processes, and what they say.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

const START: Duration = Duration::from_secs(120);
const RUN: Duration = Duration::from_secs(180);

/// A running lab; it ends when this is dropped.
pub struct Lab {
    process: Child,
    pub url: String,
    issuer: String,
}

impl Lab {
    pub fn start(arguments: &[&str]) -> Self {
        let (process, line) = ready(cli("lab").args(arguments));
        let text = |name: &str| line[name].as_str().expect("it has both servers").to_owned();
        Self {
            process,
            url: text("mcp"),
            issuer: text("as"),
        }
    }

    /// A new one on the same ports.
    pub fn again(self, arguments: &[&str]) -> Self {
        let port = |url: &str| {
            let authority = url.split('/').nth(2).unwrap_or_default();
            authority.rsplit(':').next().unwrap_or_default().to_owned()
        };
        let (own, issuers) = (port(&self.url), port(&self.issuer));
        drop(self);
        let ports = ["--port", &own, "--as-port", &issuers];
        Self::start(&[&ports, arguments].concat())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A running proxy.
pub struct Observing {
    process: Child,
    pub url: String,
    report: PathBuf,
}

impl Observing {
    pub fn start(server: &str, arguments: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("authscope-observed-{}-{number}.json", std::process::id());
        let report = std::env::temp_dir().join(name);
        let mut command = cli("observe");
        command
            .arg(server)
            .args(arguments)
            .arg("--json")
            .arg(&report);
        let (process, line) = ready(&mut command);
        let url = line["url"].as_str().expect("it says its URL").to_owned();
        Self {
            process,
            url,
            report,
        }
    }

    /// Asks it to end, and gives its report and exit code.
    pub fn end(self) -> (Value, Option<i32>) {
        let id = self.process.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        self.wait()
    }

    /// Waits for its end, and gives its report and exit code.
    pub fn wait(mut self) -> (Value, Option<i32>) {
        let (done, ended) = mpsc::channel();
        let id = self.process.id();
        std::thread::spawn(move || {
            let _ = done.send(self.process.wait().map(|status| status.code()));
        });
        let code = ended.recv_timeout(RUN);
        let code = code.unwrap_or_else(|_| panic!("process {id} did not end"));
        let text = fs::read_to_string(&self.report).expect("it writes its report");
        let _ = fs::remove_file(&self.report);
        (
            serde_json::from_str(&text).expect("it is JSON"),
            code.expect("it ended"),
        )
    }
}

/// Runs a program to its end: what it printed, on either stream, and whether it ended well.
pub fn output(mut command: Command) -> (String, bool) {
    let (done, ended) = mpsc::channel();
    let words = format!("{command:?}");
    std::thread::spawn(move || {
        let _ = done.send(command.output());
    });
    let output = ended.recv_timeout(RUN);
    let output = output.unwrap_or_else(|_| panic!("{words}: no end within {} s", RUN.as_secs()));
    let output = output.unwrap_or_else(|error| panic!("{words}: {error}"));
    let ended_well = output.status.success();
    let bytes = if ended_well {
        output.stdout
    } else {
        output.stderr
    };
    (String::from_utf8_lossy(&bytes).into_owned(), ended_well)
}

fn cli(command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    program.arg(command);
    program
}

/// Starts a program and reads the JSON line that says it is ready. What it prints after that is
/// read away.
fn ready(command: &mut Command) -> (Child, Value) {
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let output = process.stdout.take().expect("it is piped");
    let (line, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut first = String::new();
        let _ = output.read_line(&mut first);
        let _ = line.send(first);
        let mut rest = Vec::new();
        let _ = output.read_to_end(&mut rest);
    });
    let line = lines.recv_timeout(START).expect("it says that it is ready");
    let json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (process, json)
}
