//! The suite's own program: installed from npm, asked for its scenarios, run for one of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use serde_json::Value;
use test_support::installed;

use crate::client;
use crate::scenarios::{Run, Version};

/// Longer than any scenario takes on a busy machine; the suite itself gives its client half a
/// minute.
const LIMIT: Duration = Duration::from_secs(60);

/// Where both versions of the suite are, with the Node they need.
static MODULES: LazyLock<PathBuf> =
    LazyLock::new(|| installed::npm("conformance/suite", &[]).join("node_modules"));

/// Installs it, when that has not been done.
pub fn install() {
    LazyLock::force(&MODULES);
}

/// The Node of the suite; versions before 22 do not have what it imports.
pub fn node() -> PathBuf {
    MODULES.join("node/bin/node")
}

/// The suite's program, to be given arguments.
pub fn program(version: Version) -> Command {
    let mut command = Command::new(node());
    command.arg(MODULES.join(version.package()).join("dist/index.js"));
    command
}

/// This program as the suite's client. The suite hands the whole line to a shell.
pub fn this_program() -> String {
    let program = std::env::current_exe().expect("this program's path");
    format!("'{}'", program.display())
}

/// The names of the scenarios for clients, all or those that `--requirements` asks for.
pub fn listed(version: Version, requirements: Option<&str>) -> BTreeSet<String> {
    let mut command = program(version);
    command.args(["list", "--client"]);
    command.args(
        requirements
            .iter()
            .flat_map(|revision| ["--requirements", revision]),
    );
    let output = command.output().expect("the suite starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // With a set of requirements the ones for servers come first, and behind the list what is not
    // scored, such as "auth/dpop [client]".
    let (_, clients) = text
        .split_once("Client scenarios")
        .expect("the heading of the list");
    let scored = clients.split("\n\n").next().unwrap_or_default().lines();
    let not_scored = clients.lines().filter(|line| line.ends_with("[client]"));
    scored
        .chain(not_scored)
        .filter_map(|line| line.trim().strip_prefix("- ")?.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Runs one scenario by itself: in company the suite does not look at the client's exit code.
///
/// # Errors
/// What failed, with the suite's and the client's words.
pub fn run(run: &Run) -> Result<(), String> {
    let folder = installed::REPOSITORY
        .join("target/conformance/results")
        .join(run.name().replace(['/', ':'], "_"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let output = folder.join("output.txt");

    let mut command = program(run.version);
    command
        .args([
            "client",
            "--scenario",
            run.scenario.name,
            "--command",
            &this_program(),
            "-o",
        ])
        .arg(&folder)
        .env(client::FOLDER, &folder)
        .env(
            "NODE_COMPILE_CACHE",
            installed::REPOSITORY.join("target/conformance/compiled"),
        );
    if let Some(revision) = run.wire {
        command
            .args(["--spec-version", revision])
            .args(run.version.force())
            .env(client::REVISION, revision);
    }
    let ending = within_limit(command, &output);

    let said = fs::read_to_string(&output).unwrap_or_default();
    let checks =
        find(&folder, "checks.json").map(|file| fs::read_to_string(file).unwrap_or_default());
    let checks: Vec<Value> = serde_json::from_str(&checks.unwrap_or_default()).unwrap_or_default();
    let mut faults = faults(run, &checks);
    match ending {
        Some(status) if status.success() => {}
        Some(status) => faults.insert(0, format!("the suite says no: {status}")),
        None => faults.insert(0, format!("no end within {} s", LIMIT.as_secs())),
    }
    if faults.is_empty() {
        return Ok(());
    }
    let mut report = faults.join("\n");
    let _ = write!(report, "\n\n── the suite ──\n{said}");
    for name in ["stdout.txt", "stderr.txt"] {
        let text = find(&folder, name).map(|file| fs::read_to_string(file).unwrap_or_default());
        let _ = write!(
            report,
            "\n── the client's {name} ──\n{}",
            text.unwrap_or_default()
        );
    }
    Err(report)
}

/// What the checks lack. A client that did nothing fails no check in some scenarios: what a
/// scenario is about must have been seen.
fn faults(run: &Run, checks: &[Value]) -> Vec<String> {
    let with = |status: &str| -> Vec<&Value> {
        checks
            .iter()
            .filter(|check| check["status"] == status)
            .collect()
    };
    let mut faults: Vec<String> = [with("FAILURE"), with("WARNING")]
        .concat()
        .iter()
        .map(|check| {
            format!(
                "{}: {}\n  {}",
                check["id"], check["errorMessage"], check["details"]
            )
        })
        .collect();
    let succeeded = with("SUCCESS");
    for wanted in run.scenario.shows {
        if !succeeded.iter().any(|check| check["id"] == *wanted) {
            faults.push(format!("{wanted}: no such check succeeded"));
        }
    }
    faults
}

/// Runs a program with its words in a file. `None` when it was still running at the limit and was
/// ended, with what it had started.
fn within_limit(mut command: Command, output: &Path) -> Option<ExitStatus> {
    let file = File::create(output).expect("the target folder can be written");
    let same = file.try_clone().expect("a second handle");
    command.stdin(Stdio::null()).stdout(file).stderr(same);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut process = command.spawn().expect("the suite starts");
    let id = process.id();
    let (ended, ending) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more after the limit.
        let _ = ended.send(process.wait());
    });
    if let Ok(status) = ending.recv_timeout(LIMIT) {
        return Some(status.expect("it was started here"));
    }
    let line = format!("kill -KILL -{id}");
    let _ = Command::new("sh").args(["-c", &line]).status();
    None
}

/// The file of that name in the folder or below: the suite makes a folder for each run, with the
/// time in its name.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let here = entries
        .iter()
        .find(|path| path.file_name().is_some_and(|found| found == name));
    here.cloned()
        .or_else(|| entries.iter().find_map(|path| find(path, name)))
}
