//! `cargo xtask test`: prepares, runs every part to its end, and counts.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::fixtures;
use crate::front_end;
use crate::keychain_session::{self, KeychainSession};
use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::process::{self, Ending};
use crate::project::Project;
use crate::report::{self, Tally};

/// A piece of the suite that is run and counted by itself.
struct Part {
    name: &'static str,
    what: &'static str,
    run: Run,
    place: Place,
    /// Minutes without output after which the part counts as hanging. There is no limit on how long
    /// a part may take: on a busy machine everything is slow, and slowness is not a failure.
    silence: u64,
}

/// What is run, and with that, how its tests are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// A script of `ui/package.json` that is right or wrong and has no number.
    Check(&'static str),
    /// A script of `ui/package.json` with these arguments after it; it writes a JUnit file.
    Script(&'static str, &'static [&'static str]),
    /// Compiles all that the parts below run.
    Compile,
    /// Every test of every crate, apart from the targets that are parts of their own.
    Crates,
    Documentation,
    /// One integration test target.
    Target(&'static str),
}

/// Where a part runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    /// Beside a keychain of its own; without one where that cannot be had.
    Keychain,
    /// Beside a keychain and on a screen of its own, or not at all.
    Desktop,
    /// Where there is a browser, or not at all.
    Browser,
    /// Where there is a Firefox, or not at all.
    Firefox,
    /// Where shell scripts run, or not at all.
    Shell,
    /// Where shell scripts run and there is a browser, or not at all.
    ShellAndBrowser,
}

/// Quick ones first. Every cargo part names the whole workspace: a narrower choice would switch
/// other features on in the dependencies and compile them once more.
#[rustfmt::skip]
const PARTS: &[Part] = &[
    part("ui-check", "types of the front-end", Run::Check("check"), Place::Here, 30),
    part("ui-unit", "the front-end's unit tests", Run::Script("test", &["--reporter=default", "--reporter=junit", "--outputFile={}"]), Place::Here, 30),
    part("ui-browser", "the front-end in a browser, on recorded runs", Run::Script("test:browser", &[]), Place::Browser, 30),
    part("compile", "everything that cargo tests", Run::Compile, Place::Here, 120),
    part("rust", "the crates, flows against the lab, the keychain", Run::Crates, Place::Keychain, 30),
    part("doc", "examples in the documentation", Run::Documentation, Place::Here, 120),
    part("exports", "exports, opened by programs that read them", Run::Target("exports"), Place::Browser, 30),
    part("watch", "logins in a browser that is watched", Run::Target("watch"), Place::Browser, 30),
    part("watch-firefox", "the same logins in Firefox", Run::Target("watch"), Place::Firefox, 30),
    part("desktop", "the real window, driven", Run::Target("desktop"), Place::Desktop, 30),
    part("conformance", "the official suite for clients", Run::Target("conformance"), Place::Shell, 30),
    part("peers", "real servers from PyPI and npm", Run::Target("peers"), Place::Shell, 30),
    part("observe", "real clients through the recording proxy", Run::Target("observe"), Place::ShellAndBrowser, 30),
    part("attacks", "what a hostile server can answer", Run::Target("attacks"), Place::Here, 30),
    part("faults", "faults in the traffic of real servers", Run::Target("faults"), Place::Shell, 30),
    part("reports", "problems from public reports, as small servers", Run::Target("reports"), Place::Shell, 30),
];

const fn part(
    name: &'static str,
    what: &'static str,
    run: Run,
    place: Place,
    silence: u64,
) -> Part {
    Part {
        name,
        what,
        run,
        place,
        silence,
    }
}

/// Runs the parts named, or all of them. Prints a table at the end, and last a line of the form
/// `3 passed, 0 failed, 1 skipped`.
///
/// # Errors
/// A part that does not exist, or a folder for the logs that cannot be made.
pub fn run(project: &Project, only: &[String]) -> Outcome<ExitCode> {
    let known = |name: &&String| !PARTS.iter().any(|part| part.name == **name);
    if let Some(unknown) = only.iter().find(known) {
        return Err(format!("there is no part `{unknown}`; --list names them"));
    }
    let chosen = |part: &&Part| only.is_empty() || only.iter().any(|name| name == part.name);
    let chosen: Vec<&Part> = PARTS.iter().filter(chosen).collect();
    let logs = project.target().join("xtask");
    fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;

    let mut rows = vec![prepare(project, &chosen)];
    for part in chosen {
        println!("\n── {}: {} ──", part.name, part.what);
        let started = Instant::now();
        let (tally, remark) = run_part(project, part, &logs);
        rows.push(Row {
            name: part.name,
            tally,
            took: started.elapsed(),
            remark,
        });
    }
    Ok(conclude(&rows, &logs))
}

/// Names the parts.
pub fn list() {
    for part in PARTS {
        println!("{:<12} {}", part.name, part.what);
    }
}

/// One line of the closing table.
struct Row {
    name: &'static str,
    tally: Tally,
    took: Duration,
    remark: String,
}

/// Installs and builds what the parts need. A failure here is counted, and the parts that can run
/// still do.
fn prepare(project: &Project, chosen: &[&Part]) -> Row {
    let started = Instant::now();
    let purposes: Vec<Purpose> = chosen.iter().flat_map(|part| purposes(part)).collect();
    let steps = [
        packages::ensure(&purposes),
        front_end::ensure_built(project),
        if chosen.iter().any(|part| part.place == Place::Browser) {
            fixtures::record(project)
        } else {
            Ok(())
        },
    ];
    let reasons: Vec<String> = steps.into_iter().filter_map(Result::err).collect();
    for reason in &reasons {
        eprintln!("xtask: {reason}");
    }
    Row {
        name: "prepare",
        tally: failures(reasons.len() as u32),
        took: started.elapsed(),
        remark: reasons.join("; ").replace('\n', " "),
    }
}

/// What has to be installed for a part.
fn purposes(part: &Part) -> Vec<Purpose> {
    let mut purposes = match part.place {
        Place::Here => vec![],
        Place::Keychain => vec![Purpose::Keychain],
        Place::Desktop => vec![Purpose::Keychain, Purpose::Desktop],
        Place::Browser | Place::Firefox => vec![Purpose::Browser],
        Place::Shell => vec![Purpose::Peers],
        Place::ShellAndBrowser => vec![Purpose::Peers, Purpose::Browser],
    };
    if !matches!(part.run, Run::Check(_) | Run::Script(..)) {
        purposes.push(Purpose::Build);
    }
    purposes
}

/// Gives the numbers, and what is to be said about them.
fn run_part(project: &Project, part: &Part, logs: &Path) -> (Tally, String) {
    let report = logs.join(format!("{}.xml", part.name));
    let _ = fs::remove_file(&report);
    let mut command = command(project, part.run, &report);
    let mut remark = String::new();
    let mut _session = None;
    match part.place {
        Place::Keychain | Place::Desktop => {
            let display = part.place == Place::Desktop;
            let missing = keychain_session::missing(display);
            if missing.is_empty() {
                match KeychainSession::open() {
                    Ok(session) => {
                        command = session.around(&command, display);
                        _session = Some(session);
                    }
                    Err(reason) => return (failures(1), reason),
                }
            } else if display {
                return skipped(&format!("there is no {}", missing.join(", no ")));
            } else {
                remark = format!("without a keychain: there is no {}", missing.join(", no "));
            }
        }
        Place::Shell | Place::ShellAndBrowser if cfg!(windows) => {
            return skipped("its servers are shell scripts");
        }
        Place::Browser | Place::ShellAndBrowser => match packages::browser() {
            Some(browser) => {
                command.env(packages::CHROMIUM, browser);
                command.env("AUTHSCOPE_WATCH_HEADLESS", "1");
            }
            None => return skipped("there is no Chromium or Chrome"),
        },
        Place::Firefox => match packages::firefox() {
            Some(firefox) => {
                command.env("AUTHSCOPE_WATCH_BROWSER", firefox);
                command.env("AUTHSCOPE_WATCH_HEADLESS", "1");
            }
            None => return skipped("there is no Firefox"),
        },
        Place::Shell | Place::Here => {}
    }

    let mut closing_lines = Vec::new();
    // libtest reports a test that hangs: then this names it.
    let mut last_line = String::new();
    let log = logs.join(format!("{}.log", part.name));
    let silence = Duration::from_secs(part.silence * 60);
    let ending = process::watch(command, silence, &log, |line| {
        closing_lines.extend(report::libtest(line));
        if !line.is_empty() {
            line.clone_into(&mut last_line);
        }
    });
    let (succeeded, word) = match ending {
        Ok(Ending::Exited(status)) if status.success() => (true, remark),
        Ok(Ending::Exited(status)) => (false, status.to_string()),
        Ok(Ending::Hung) => {
            let silence = in_words(silence);
            (false, format!("silent for {silence} after: {last_line}"))
        }
        Err(error) => (false, format!("could not be started: {error}")),
    };
    let counted = match part.run {
        Run::Check(_) | Run::Compile => Ok(Tally::default()),
        Run::Script(..) => report::junit(&report),
        Run::Crates | Run::Documentation | Run::Target(_) if closing_lines.is_empty() => {
            Err("no test was run".to_owned())
        }
        Run::Crates | Run::Documentation | Run::Target(_) => {
            let mut sum = Tally::default();
            closing_lines.into_iter().for_each(|tally| sum += tally);
            Ok(sum)
        }
    };
    conclude_part(counted, succeeded, word)
}

/// A runner that failed without naming a failed test, or ended without a report, crashed: that is
/// one failure.
fn conclude_part(counted: Outcome<Tally>, succeeded: bool, word: String) -> (Tally, String) {
    match counted {
        Ok(mut tally) => {
            if !succeeded && tally.failed == 0 {
                tally.failed = 1;
            }
            (tally, word)
        }
        Err(reason) => (failures(1), format!("{word} {reason}").trim().to_owned()),
    }
}

fn failures(failed: u32) -> Tally {
    Tally {
        failed,
        ..Tally::default()
    }
}

fn skipped(reason: &str) -> (Tally, String) {
    println!("skipped: {reason}");
    let tally = Tally {
        skipped: 1,
        ..Tally::default()
    };
    (tally, format!("skipped: {reason}"))
}

fn command(project: &Project, run: Run, report: &Path) -> Command {
    let own: &[&str] = match run {
        Run::Check(script) | Run::Script(script, _) => {
            let mut npm = front_end::npm(project);
            npm.args(["run", script]);
            if let Run::Script(_, arguments) = run {
                npm.env("JUNIT_REPORT", report).arg("--");
                let report = report.to_string_lossy();
                npm.args(arguments.iter().map(|word| word.replace("{}", &report)));
            }
            return npm;
        }
        Run::Compile => &["--no-run"],
        Run::Documentation => &["--no-fail-fast", "--doc"],
        Run::Target(name) => &["--no-fail-fast", "--test", name],
        Run::Crates => &["--no-fail-fast", "--lib", "--bins"],
    };
    let mut cargo = process::program(process::cargo());
    cargo
        .args(["test", "--workspace"])
        .args(own)
        .current_dir(project.root());
    if run == Run::Crates {
        let parts = |name: &String| PARTS.iter().any(|part| is_target(part, name));
        for name in project
            .cargo_targets("test")
            .iter()
            .filter(|name| !parts(name))
        {
            cargo.args(["--test", name]);
        }
    }
    cargo
}

fn is_target(part: &Part, name: &str) -> bool {
    matches!(part.run, Run::Target(target) if target == name)
}

fn conclude(rows: &[Row], logs: &Path) -> ExitCode {
    let mut total = Tally::default();
    println!("\n── result (logs: {}) ──", logs.display());
    println!(
        "  {:<12} {:>12} {:>7} {:>7} {:>8}",
        "part", "time", "passed", "failed", "skipped"
    );
    for row in rows {
        total += row.tally;
        let sign = if row.tally.failed > 0 { "✕" } else { "✓" };
        println!(
            "{sign} {:<12} {:>12} {:>7} {:>7} {:>8}  {}",
            row.name,
            in_words(row.took),
            row.tally.passed,
            row.tally.failed,
            row.tally.skipped,
            row.remark
        );
    }
    println!("\n{total}");
    if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_does_not_exist_is_named() {
        let reason = run(&Project::here(), &["nothing".to_owned()]).unwrap_err();
        assert!(reason.contains("`nothing`"), "{reason}");
    }

    #[test]
    fn a_runner_that_crashed_counts_as_a_failure() {
        let passed = Tally {
            passed: 2,
            ..Tally::default()
        };
        assert_eq!(conclude_part(Ok(passed), true, String::new()).0, passed);
        let crashed = conclude_part(Ok(passed), false, "signal 11".to_owned()).0;
        assert_eq!((crashed.passed, crashed.failed), (2, 1));
        let silent = conclude_part(Err("no test was run".to_owned()), true, String::new()).0;
        assert_eq!(silent, failures(1));
    }

    #[test]
    fn parts_of_the_front_end_need_no_webkit() {
        for part in PARTS.iter().filter(|part| part.name.starts_with("ui-")) {
            assert!(!purposes(part).contains(&Purpose::Build), "{}", part.name);
        }
    }

    #[test]
    fn a_target_with_a_part_of_its_own_is_not_run_twice() {
        let command = command(&Project::here(), Run::Crates, Path::new(""));
        let arguments: Vec<&std::ffi::OsStr> = command.get_args().collect();
        assert!(arguments.contains(&"flows".as_ref()));
        assert!(!arguments.contains(&"peers".as_ref()));
    }
}
