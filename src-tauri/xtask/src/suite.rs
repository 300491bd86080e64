//! `cargo xtask test`: prepares, runs every part to its end, and counts.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::front_end;
use crate::packages::{self, Purpose};
use crate::parts::{PARTS, Part, PartCommand, Place};
use crate::process::{self, Ending};
use crate::project::Project;
use crate::room::{self, Room};
use crate::summary::{Reader, Tally};

/// Names the browser for the tests in `tests/ui`.
const BROWSER_MARK: &str = "AUTHSCOPE_CHROMIUM";

/// `test [--only PART]… [--list]`
pub fn run(project: &Project, args: &[String]) -> Outcome<ExitCode> {
    let present: Vec<&Part> = PARTS.iter().filter(|part| part.exists(project)).collect();
    let chosen = match choose(args, &present)? {
        Choice::List => {
            present
                .iter()
                .for_each(|part| println!("{:<12} {}", part.name, part.what));
            return Ok(ExitCode::SUCCESS);
        }
        Choice::Parts(parts) => parts,
    };
    let logs = project.target().join("xtask");
    fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;

    let mut rows = vec![prepare(project, &chosen)];
    for part in chosen {
        println!("\n── {}: {} ──", part.name, part.what);
        rows.push(run_part(project, part, &logs));
    }
    Ok(conclude(&rows, &logs))
}

enum Choice<'a> {
    List,
    Parts(Vec<&'a Part>),
}

fn choose<'a>(args: &[String], present: &[&'a Part]) -> Outcome<Choice<'a>> {
    let mut names: Vec<&str> = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match (arg.as_str(), arg.strip_prefix("--only=")) {
            ("--list", _) => return Ok(Choice::List),
            ("--only", _) => {
                let value = args
                    .next()
                    .ok_or("--only needs the name of a part; --list names them")?;
                names.extend(value.split(','));
            }
            (_, Some(value)) => names.extend(value.split(',')),
            _ => return Err(format!("test knows no option `{arg}`: --only PART, --list")),
        }
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| !present.iter().any(|part| part.name == **name))
    {
        let known: Vec<&str> = present.iter().map(|part| part.name).collect();
        return Err(format!(
            "there is no part `{unknown}`: {}",
            known.join(", ")
        ));
    }
    let chosen = |part: &&Part| names.is_empty() || names.contains(&part.name);
    Ok(Choice::Parts(
        present.iter().copied().filter(chosen).collect(),
    ))
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
    let mut purposes: Vec<Purpose> = chosen.iter().flat_map(|part| part.purposes()).collect();
    purposes.dedup();
    let steps = [
        packages::ensure(&purposes),
        front_end::ensure_built(project),
    ];
    let mut tally = Tally::default();
    let mut remarks = Vec::new();
    for reason in steps.into_iter().filter_map(Result::err) {
        eprintln!("xtask: {reason}");
        tally.failed += 1;
        remarks.extend(reason.lines().next().map(str::to_owned));
    }
    Row {
        name: "prepare",
        tally,
        took: started.elapsed(),
        remark: remarks.join("; "),
    }
}

fn run_part(project: &Project, part: &Part, logs: &Path) -> Row {
    let started = Instant::now();
    let log = logs.join(format!("{}.log", part.name));
    let (tally, remark) = match arrange(project, part) {
        Ok(arranged) => {
            let mut reader = Reader::new(part.runner);
            let ending = process::watch(arranged.command, part.silence(), &log, |line| {
                reader.line(line)
            });
            match ending {
                Ok(Ending::Exited(status)) if status.success() => {
                    (reader.finish(true), arranged.remark)
                }
                Ok(Ending::Exited(status)) => (reader.finish(false), status.to_string()),
                Ok(Ending::Hung) => {
                    let mut tally = reader.finish(true);
                    tally.failed = tally.failed.max(1);
                    (
                        tally,
                        format!("stopped after {} of silence", in_words(part.silence())),
                    )
                }
                Err(error) => (
                    reader.finish(false),
                    format!("could not be started: {error}"),
                ),
            }
        }
        Err(Hindrance::Unavailable(reason)) => {
            println!("skipped: {reason}");
            (
                Tally {
                    skipped: 1,
                    ..Tally::default()
                },
                format!("skipped: {reason}"),
            )
        }
        Err(Hindrance::Broken(reason)) => {
            eprintln!("xtask: {reason}");
            (
                Tally {
                    failed: 1,
                    ..Tally::default()
                },
                reason,
            )
        }
    };
    Row {
        name: part.name,
        tally,
        took: started.elapsed(),
        remark,
    }
}

/// Why a part does not run.
enum Hindrance {
    /// This system cannot run it.
    Unavailable(String),
    /// It should have run.
    Broken(String),
}

struct Arranged {
    command: Command,
    remark: String,
    /// Kept until the part has ended.
    _room: Option<Room>,
}

fn arrange(project: &Project, part: &Part) -> Result<Arranged, Hindrance> {
    let argv: Vec<OsString> = match part.command(project) {
        PartCommand::Npm(script) => {
            let npm = front_end::npm(project);
            [npm.get_program(), "run".as_ref(), script.as_ref()]
                .map(OsString::from)
                .into()
        }
        PartCommand::Cargo(arguments) => std::iter::once(process::cargo())
            .chain(arguments.into_iter().map(OsString::from))
            .collect(),
    };
    let folder = match part.command(project) {
        PartCommand::Npm(_) => project.ui(),
        PartCommand::Cargo(_) => project.root().to_path_buf(),
    };
    let mut arranged = match part.place {
        Place::Keychain | Place::Desktop => in_room(project, part, &argv)?,
        Place::Browser => {
            let Some(browser) = packages::browser() else {
                return Err(Hindrance::Unavailable(
                    "no Chromium or Chrome found".to_owned(),
                ));
            };
            let mut command = plain(&argv);
            command.env(BROWSER_MARK, browser);
            Arranged {
                command,
                remark: String::new(),
                _room: None,
            }
        }
        Place::Shell if cfg!(windows) => {
            return Err(Hindrance::Unavailable(
                "its servers are started by shell scripts".to_owned(),
            ));
        }
        Place::Here | Place::Shell => Arranged {
            command: plain(&argv),
            remark: String::new(),
            _room: None,
        },
    };
    arranged.command.current_dir(folder);
    Ok(arranged)
}

fn in_room(project: &Project, part: &Part, argv: &[OsString]) -> Result<Arranged, Hindrance> {
    let display = part.place == Place::Desktop;
    let mut lacking = room::lacking(display);
    if display && cfg!(target_os = "linux") && process::find("WebKitWebDriver").is_none() {
        lacking.push("WebKitWebDriver");
    }
    if lacking.is_empty() {
        let room = Room::open(project).map_err(Hindrance::Broken)?;
        let argv: Vec<String> = argv
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        return Ok(Arranged {
            command: room.command(&argv, display),
            remark: String::new(),
            _room: Some(room),
        });
    }
    let reason = format!("here is no {}", lacking.join(", no "));
    if display {
        return Err(Hindrance::Unavailable(reason));
    }
    Ok(Arranged {
        command: plain(argv),
        remark: format!("without a keychain: {reason}"),
        _room: None,
    })
}

fn plain(argv: &[OsString]) -> Command {
    let mut command = process::program(&argv[0]);
    command.args(&argv[1..]);
    command
}

fn conclude(rows: &[Row], logs: &Path) -> ExitCode {
    let mut total = Tally::default();
    println!("\n── what came of it (logs: {}) ──", shown(logs).display());
    println!(
        "  {:<12} {:>12} {:>7} {:>7} {:>8}",
        "part", "time", "passed", "failed", "skipped"
    );
    for row in rows {
        total += row.tally;
        let sign = if row.tally.failed > 0 { "✕" } else { "✓" };
        let (
            took,
            Tally {
                passed,
                failed,
                skipped,
            },
        ) = (in_words(row.took), row.tally);
        println!(
            "{sign} {:<12} {took:>12} {passed:>7} {failed:>7} {skipped:>8}  {}",
            row.name, row.remark
        );
    }
    println!("\n{total}");
    let _ = std::io::stdout().flush();
    if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The path from where the command was given, if it lies below.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_path_buf()
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

    fn chosen(args: &[&str]) -> Outcome<Vec<&'static str>> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let present: Vec<&Part> = PARTS.iter().filter(|part| part.name != "peers").collect();
        match choose(&args, &present)? {
            Choice::List => Ok(vec!["(list)"]),
            Choice::Parts(parts) => Ok(parts.iter().map(|part| part.name).collect()),
        }
    }

    #[test]
    fn all_parts_run_when_none_is_named() {
        assert_eq!(chosen(&[]).map(|parts| parts.len()), Ok(PARTS.len() - 1));
    }

    #[test]
    fn named_parts_run_in_the_order_of_the_table() {
        assert_eq!(
            chosen(&["--only", "rust", "--only=ui-unit"]),
            Ok(vec!["ui-unit", "rust"])
        );
        assert_eq!(
            chosen(&["--only", "desktop,doc"]),
            Ok(vec!["doc", "desktop"])
        );
        assert_eq!(chosen(&["--list"]), Ok(vec!["(list)"]));
    }

    #[test]
    fn a_wrong_word_is_named() {
        assert!(chosen(&["--only", "peers"]).is_err_and(|reason| reason.contains("`peers`")));
        assert!(chosen(&["--only"]).is_err());
        assert!(chosen(&["-x"]).is_err_and(|reason| reason.contains("`-x`")));
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(in_words(Duration::from_secs(59)), "59 s");
        assert_eq!(in_words(Duration::from_secs(125)), "2 min 05 s");
    }
}
