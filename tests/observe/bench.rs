//! The recording proxy under load, beside mitmdump under the same load in the same run: 2,000 calls
//! over 32 connections, and an event stream of 100 MB.
//!
//! `cargo xtask bench observe`, on Linux. The limit is a quarter of the latency that mitmdump adds.
//! Nothing may be lost, and memory may not grow with what passes.

mod load;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use load::{CALLS, Server, call_all, stream};
use serde_json::Value;
use test_support::installed;

const ROUNDS: usize = 3;
const LIMIT: f64 = 0.25;
/// What memory may grow by while the stream passes: buffers, and what an allocator gives back late.
const GROWTH: u64 = 48 << 20;

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benchmarks too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    if !Path::new("/proc/self/status").exists() {
        println!("skipped: what a process uses is read from /proc");
        return ExitCode::SUCCESS;
    }
    let server = Server::start();
    let mitmdump = Mitmdump::start(server.port);
    let observer = Observer::start(server.port);
    let mut ratios = Vec::new();
    println!("    direct  observed  mitmdump  (median of {CALLS} calls, microseconds)");
    // The first round warms everything up.
    for round in 0..=ROUNDS {
        let [direct, ours, other] = [server.port, observer.port, mitmdump.port].map(call_all);
        if round == 0 {
            continue;
        }
        println!(
            "{:>10} {:>9} {:>9}",
            direct.as_micros(),
            ours.as_micros(),
            other.as_micros()
        );
        let added = |through: Duration| through.saturating_sub(direct).as_secs_f64();
        ratios.push(added(ours) / added(other).max(f64::MIN_POSITIVE));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    let before = memory(&observer.child, "VmRSS:");
    forget_peak(&observer.child);
    let (bytes, took) = stream(observer.port);
    let grown = memory(&observer.child, "VmHWM:").saturating_sub(before);
    let recorded = observer.end();
    let sent = CALLS * (ROUNDS + 1) + 1;
    println!("added latency: {ratio:.2} of mitmdump's (limit {LIMIT})");
    println!(
        "stream: {} MB in {:.1} s, memory grew by {} MB at most",
        bytes >> 20,
        took.as_secs_f64(),
        grown >> 20
    );
    println!("recorded: {recorded} of {sent} requests");
    let mut complaints = Vec::new();
    if ratio > LIMIT {
        complaints.push("the added latency is above the limit");
    }
    if grown > GROWTH {
        complaints.push("memory grows with what passes");
    }
    if bytes < load::STREAMED || recorded != sent {
        complaints.push("something was lost");
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The command with its proxy.
struct Observer {
    child: Child,
    port: u16,
    report: PathBuf,
}

impl Observer {
    fn start(server: u16) -> Self {
        let report = std::env::temp_dir().join(format!("authscope-load-{}", std::process::id()));
        let mut child = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .args(["observe", &format!("http://127.0.0.1:{server}/mcp")])
            .args(["--port", &load::free_port().to_string(), "--json"])
            .arg(&report)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let ready: Value = serde_json::from_str(&line_with(&mut child, "\"url\"")).expect("JSON");
        let port = ready["port"].as_u64().expect("a port");
        Self {
            child,
            port: u16::try_from(port).expect("a port"),
            report,
        }
    }

    /// Ends it; gives how many exchanges it has in its report.
    fn end(mut self) -> usize {
        let asked = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(asked.expect("kill starts").success());
        // What it says in the end is of no interest.
        let mut rest = Vec::new();
        let out = self.child.stdout.as_mut().expect("it is piped");
        out.read_to_end(&mut rest).expect("it can be read");
        self.child.wait().expect("it ends");
        let report = std::fs::read(&self.report).expect("it writes its report");
        let _ = std::fs::remove_file(&self.report);
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        report["exchanges"].as_array().map_or(0, Vec::len)
    }
}

/// The other proxy.
struct Mitmdump {
    child: Child,
    port: u16,
}

impl Mitmdump {
    fn start(server: u16) -> Self {
        let list = installed::REPOSITORY.join("tests/har/requirements-mitmproxy.txt");
        let lists = [list.clone()];
        let folder = installed::filled("mitmproxy", &lists, |folder| {
            installed::run(Command::new("python3").args(["-m", "venv"]).arg(folder));
            let pip = folder.join("bin/pip");
            installed::run(
                Command::new(pip)
                    .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
                    .arg(&list),
            );
        });
        let port = load::free_port();
        let mut child = Command::new(folder.join("bin/mitmdump"))
            .args(["--mode", &format!("reverse:http://127.0.0.1:{server}")])
            .args(["--listen-host", "127.0.0.1"])
            .args(["--listen-port", &port.to_string()])
            .args(["--set", "flow_detail=0"])
            .arg("--set")
            .arg(format!("confdir={}", folder.join("settings").display()))
            .env("PYTHONUNBUFFERED", "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("mitmdump starts");
        line_with(&mut child, "listening");
        Self { child, port }
    }
}

impl Drop for Mitmdump {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of a program's output that has this in it.
fn line_with(child: &mut Child, wanted: &str) -> String {
    let out = child.stdout.take().expect("it is piped");
    let mut out = BufReader::new(out);
    let mut line = String::new();
    while out.read_line(&mut line).expect("it can be read") > 0 {
        if line.contains(wanted) {
            child.stdout = Some(out.into_inner());
            return line;
        }
        line.clear();
    }
    panic!("no line with {wanted}");
}

/// Its peak of memory is counted from here (`man 5 proc`, clear_refs).
fn forget_peak(child: &Child) {
    let file = format!("/proc/{}/clear_refs", child.id());
    std::fs::write(file, "5").expect("it is a process of ours");
}

/// A figure of a process's memory, in bytes.
fn memory(child: &Child, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("it runs");
    let line = status.lines().find(|line| line.starts_with(which));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.expect("the system tells it") << 10
}
