//! `cargo xtask fuzz`: looks for bytes that make a reader of foreign data fail.

use std::fs;
use std::process::{Command, ExitCode};

use lexopt::prelude::*;

use crate::outcome::Outcome;
use crate::process;
use crate::project::Project;

/// A package outside the workspace: the fuzzer builds everything again, with flags of its own.
const FOLDER: &str = "src-tauri/fuzz";

/// Recordings of real programs that a target begins with besides its own corpus.
const ALSO: &[(&str, &str)] = &[
    ("har", "tests/recordings/playwright"),
    ("mitmproxy", "tests/recordings/mitmproxy"),
    ("pasted", "tests/recordings/pasted"),
    ("log_lines", "tests/recordings/pasted"),
];

/// Each target named, or all of them, for some minutes.
///
/// # Errors
/// A target that does not exist, cargo-fuzz that is not there, or the targets that failed.
pub fn run(project: &Project, args: Vec<std::ffi::OsString>) -> Outcome<ExitCode> {
    let asked = Asked::parse(args)?;
    let known = targets(project)?;
    if asked.list {
        known.iter().for_each(|name| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let unknown = asked.targets.iter().find(|name| !known.contains(name));
    if let Some(unknown) = unknown {
        return Err(format!("there is no target `{unknown}`; --list names them"));
    }
    if process::find("cargo-fuzz").is_none() {
        return Err("cargo-fuzz is missing: `cargo install cargo-fuzz --locked`".to_owned());
    }
    let mut failed = Vec::new();
    let is_chosen = |name: &&String| asked.targets.is_empty() || asked.targets.contains(name);
    for target in known.iter().filter(is_chosen) {
        println!("\n── {target}: {} min ──", asked.minutes);
        if let Err(reason) = fuzz(project, target, asked.minutes) {
            failed.push(format!("{target}: {reason}"));
        }
    }
    if failed.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        let what = "a file that shows it goes to its corpus, so that the tests read it";
        Err(format!("{}\n{what}", failed.join("\n       ")))
    }
}

#[derive(Debug, PartialEq)]
struct Asked {
    targets: Vec<String>,
    minutes: u32,
    list: bool,
}

impl Asked {
    fn parse(args: Vec<std::ffi::OsString>) -> Outcome<Self> {
        let parse = || -> Result<Self, lexopt::Error> {
            let mut asked = Self {
                targets: Vec::new(),
                minutes: 2,
                list: false,
            };
            let mut parser = lexopt::Parser::from_args(args);
            while let Some(argument) = parser.next()? {
                match argument {
                    Long("list") => asked.list = true,
                    Long("minutes") => asked.minutes = parser.value()?.parse()?,
                    Value(target) => asked.targets.push(target.string()?),
                    other => return Err(other.unexpected()),
                }
            }
            Ok(asked)
        };
        parse().map_err(|error| error.to_string())
    }
}

/// A target has a corpus of its name.
fn targets(project: &Project) -> Outcome<Vec<String>> {
    let corpora = project.root().join(FOLDER).join("corpora");
    let folders = fs::read_dir(&corpora).map_err(|error| format!("{}: {error}", corpora.display()));
    let names = folders?.flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Inputs that it finds stay below the target folder. The corpus itself only grows by hand.
fn fuzz(project: &Project, target: &str, minutes: u32) -> Outcome {
    let below = project.target().join("fuzz");
    let found = below.join("found").join(target);
    let failures = below.join("failures").join(target);
    for folder in [&found, &failures] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut command: Command = process::program(process::cargo());
    // Without a sanitizer it needs no nightly compiler. There is no unsafe code here to sanitize.
    command
        .args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", FOLDER])
        .arg("--target-dir")
        .arg(&below)
        .arg(target)
        .arg(&found)
        .arg(project.root().join(FOLDER).join("corpora").join(target))
        .current_dir(project.root());
    for (_, folder) in ALSO.iter().filter(|(name, _)| *name == target) {
        command.arg(project.root().join(folder));
    }
    command
        .arg("--")
        .arg(format!("-max_total_time={}", minutes * 60))
        .args(["-timeout=20", "-max_len=16384", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", failures.display()));
    process::run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Outcome<Asked> {
        Asked::parse(args.iter().map(Into::into).collect())
    }

    #[test]
    fn targets_and_minutes_are_read() {
        let asked = parsed(&["har", "--minutes", "5", "jwt"]).expect("it can be read");
        assert_eq!(
            (asked.targets, asked.minutes),
            (vec!["har".into(), "jwt".into()], 5)
        );
        assert!(parsed(&["--minutes", "x"]).is_err());
        assert!(parsed(&["--hours=1"]).is_err());
    }

    #[test]
    fn each_target_has_a_program_and_a_corpus() {
        let project = Project::here();
        let folder = project.root().join(FOLDER);
        let names = targets(&project).expect("there are corpora");
        for name in &names {
            let program = folder.join("fuzz_targets").join(format!("{name}.rs"));
            assert!(program.is_file(), "{}", program.display());
        }
        let programs = fs::read_dir(folder.join("fuzz_targets")).expect("there are programs");
        assert_eq!(programs.count(), names.len());
        for (name, folder) in ALSO {
            assert!(names.iter().any(|one| one == name), "{name}");
            assert!(project.root().join(folder).is_dir(), "{folder}");
        }
    }
}
