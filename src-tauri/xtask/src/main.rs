//! `cargo xtask`: everything that is done with this repository, as commands that first see to what
//! they need.
//!
//! No dependencies: it is the first thing built on a fresh machine.

mod bench;
mod bundle;
mod check;
mod circles;
mod front_end;
mod packages;
mod parts;
mod process;
mod project;
mod room;
mod run;
mod suite;
mod summary;

use std::process::ExitCode;

use project::Project;

const HELP: &str = "\
usage: cargo xtask COMMAND

  run [ARGS…]              install what is missing, build, open the window; ARGS go to the program
  test [--only PART]…      install what is missing, build, run the whole suite
       [--list]            name its parts
  check                    format, lints, types, generated bindings: what a change must pass
  bench [NAME]… [--list]   measure
  bundle                   make the .deb
  keychain-session [--display] -- COMMAND…
                           run COMMAND with a keychain and a home of its own (Linux), and a screen in memory
  help                     this text
";

/// What is wrong and what to do about it, in words for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next();
    let args: Vec<String> = args.collect();
    let project = Project::here();
    let outcome = match command.as_deref() {
        Some("run") => run::run(&project, &args),
        Some("test") => suite::run(&project, &args),
        Some("check") => check::run(&project, &args),
        Some("bench") => bench::run(&project, &args),
        Some("bundle") => bundle::run(&project, &args),
        Some("keychain-session") => room::run(&project, &args),
        None | Some("help" | "-h" | "--help") => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => {
            eprint!("there is no command `{other}`\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|reason| {
        eprintln!("xtask: {reason}");
        ExitCode::FAILURE
    })
}
