//! `cargo xtask`: everything that is done with this repository, as commands that first install
//! what they need.
//!
//! It is the first thing built on a fresh machine, so its dependencies are few and small.

#![forbid(unsafe_code)]

mod bench;
mod bundle;
mod capabilities;
mod check;
mod circles;
mod coverage;
mod fixtures;
mod front_end;
mod fuzz;
mod keychain_session;
mod outcome;
mod packages;
mod process;
mod project;
mod promises;
mod report;
mod run;
mod screenshots;
mod suite;

use std::ffi::OsString;
use std::process::ExitCode;

use lexopt::prelude::*;

use outcome::Outcome;
use project::Project;

const HELP: &str = "\
usage: cargo xtask COMMAND

  run [ARGS…]              install what is missing, build, open the window; ARGS go to the program
  test [--only PART]…      install what is missing, build, run the whole suite
       [--list]            name its parts
  check [NAME]…            format, lints, types, structure: what a change must pass
        [--list]           name its checks
  fixtures                 run every scenario of the lab and keep what a window is told of it,
                           for the tests in a browser
  screenshots              take a picture of every screen, in both themes and three sizes
  bench [NAME]… [--list]   measure
  fuzz [TARGET]…           look for bytes that a reader of foreign data cannot bear
       [--minutes N]       per target; 2 when not given
       [--list]            name the targets
  coverage [CRATE]…        how many lines of the engine's crates their tests reach; takes long
  bundle [ARGS…]           make the .deb; ARGS go to `tauri build`
  keychain-session [--display] -- COMMAND…
                           run COMMAND with a keychain and a home of its own (Linux), and a screen in memory
  help                     this text
";

fn main() -> ExitCode {
    let done = coverage::compiler();
    let done = done.unwrap_or_else(|| run_command(std::env::args_os().skip(1).collect()));
    done.unwrap_or_else(|reason| {
        eprintln!("xtask: {reason}");
        ExitCode::FAILURE
    })
}

fn run_command(mut args: Vec<OsString>) -> Outcome<ExitCode> {
    let project = Project::here();
    let command = if args.is_empty() {
        OsString::from("help")
    } else {
        args.remove(0)
    };
    match command.to_string_lossy().as_ref() {
        "run" => run::run(&project, &args),
        "bundle" => bundle::run(&project, &args),
        "test" => {
            let args = Arguments::parse(args, &["only"])?;
            if args.list {
                suite::list();
                return Ok(ExitCode::SUCCESS);
            }
            suite::run(&project, &args.words)
        }
        "check" => {
            let args = Arguments::parse(args, &[])?;
            check::run(&project, &args.words, args.list)
        }
        "fixtures" => fixtures::record(&project).map(|()| ExitCode::SUCCESS),
        "screenshots" => screenshots::take(&project).map(|()| ExitCode::SUCCESS),
        "bench" => {
            let args = Arguments::parse(args, &[])?;
            bench::run(&project, &args.words, args.list)
        }
        "fuzz" => fuzz::run(&project, args),
        "coverage" => {
            let args = Arguments::parse(args, &[])?;
            coverage::run(&project, &args.words)
        }
        "keychain-session" => keychain_session::run(&args),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => {
            eprint!("there is no command `{other}`\n\n{HELP}");
            Ok(ExitCode::from(2))
        }
    }
}

/// The names a command is given, and whether it only has to list those there are.
#[derive(Debug, Default, PartialEq)]
struct Arguments {
    words: Vec<String>,
    list: bool,
}

impl Arguments {
    /// Names come as values of one of the `named` options, separated by commas; where there is no
    /// such option, they come bare.
    fn parse(args: Vec<OsString>, named: &[&str]) -> Outcome<Arguments> {
        let parse = || -> Result<Arguments, lexopt::Error> {
            let mut parsed = Arguments::default();
            let mut parser = lexopt::Parser::from_args(args);
            while let Some(argument) = parser.next()? {
                match argument {
                    Long("list") => parsed.list = true,
                    Long(name) if named.contains(&name) => {
                        let value = parser.value()?.string()?;
                        parsed.words.extend(value.split(',').map(str::to_owned));
                    }
                    Value(word) if named.is_empty() => parsed.words.push(word.string()?),
                    other => return Err(other.unexpected()),
                }
            }
            Ok(parsed)
        };
        parse().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str], named: &[&str]) -> Outcome<Vec<String>> {
        let args = args.iter().map(OsString::from).collect();
        Arguments::parse(args, named).map(|parsed| parsed.words)
    }

    #[test]
    fn names_are_read_as_options_or_bare() {
        let expected = Ok(["rust", "doc", "desktop"].map(str::to_owned).to_vec());
        assert_eq!(
            parsed(&["--only", "rust", "--only=doc,desktop"], &["only"]),
            expected
        );
        assert_eq!(parsed(&["rust", "doc", "desktop"], &[]), expected);
        assert!(parsed(&["rust"], &["only"]).is_err_and(|reason| reason.contains("rust")));
        assert!(parsed(&["--only"], &["only"]).is_err());
        assert!(parsed(&["--wrong"], &[]).is_err_and(|reason| reason.contains("--wrong")));
    }
}
