//! `authscope-cli`: the same flow without a window.
//!
//! Exit codes: 0, the flow reached an authenticated MCP answer; 1, it did not, or `--fail-on` was
//! met; 2, the command line or this machine is at fault.

#![forbid(unsafe_code)]

mod arguments;
mod check_command;
mod compare_command;
mod convert_command;
mod edge_command;
mod explain_command;
mod exports;
mod history_command;
mod kept_runs;
mod lab_command;
mod matrix_command;
mod observe_command;
mod options;
mod paint;
mod repeat_command;
mod rules_command;
mod run_command;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::{Arguments, Command};
use crate::terminal::{Failure, Log, Terminal};

/// The command line or this machine is at fault.
const USAGE_OR_LOCAL: u8 = 2;

fn main() -> ExitCode {
    let runtime = match app::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = Terminal::standard_error().line(format!("authscope-cli: {error}"));
            return ExitCode::from(USAGE_OR_LOCAL);
        }
    };
    let code = runtime.block_on(command());
    // A task that a server keeps busy is not waited for.
    runtime.shutdown_background();
    code
}

async fn command() -> ExitCode {
    // The callback's server calls the end of its socket an error; the listener deals with it, and
    // says so itself.
    let filter = EnvFilter::try_from_env("AUTHSCOPE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("error,tiny_http=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(|| Log)
        .finish()
        .with(filter_fn(app::may_be_logged))
        .init();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help_or_error) => return say(&help_or_error),
    };
    let done = match arguments.command {
        Command::Edge(arguments) => edge_command::run(&arguments).await,
        Command::Run(arguments) if arguments.matrix => matrix_command::run(&arguments).await,
        Command::Run(arguments) => run_command::run(*arguments).await,
        Command::Check(arguments) => check_command::run(&arguments).await,
        Command::Compare(arguments) => compare_command::run(&arguments).await,
        Command::Observe(arguments) => observe_command::run(*arguments).await,
        Command::Explain(arguments) => explain_command::run(&arguments),
        Command::Convert(arguments) => convert_command::run(&arguments).await,
        Command::Repeat(arguments) => repeat_command::run(&arguments).await,
        Command::History(arguments) => history_command::run(&arguments).await,
        Command::Lab(arguments) => lab_command::run(*arguments).await,
        Command::Rules(arguments) => rules_command::run(&arguments),
    };
    done.unwrap_or_else(|Failure(lines)| {
        let terminal = Terminal::standard_error();
        let mut start = "authscope-cli: ";
        for line in lines {
            // When not even this can be written, the exit code still shows it.
            let _ = terminal.line(format!("{start}{line}"));
            start = "  ";
        }
        ExitCode::from(USAGE_OR_LOCAL)
    })
}

/// Prints what the parser of the command line has to say: help, the version, or what is wrong.
fn say(help_or_error: &clap::Error) -> ExitCode {
    match help_or_error.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let _ = Terminal::standard_error().line(format!("authscope-cli: {error}"));
            ExitCode::from(USAGE_OR_LOCAL)
        }
        _ if help_or_error.use_stderr() => ExitCode::from(USAGE_OR_LOCAL),
        _ => ExitCode::SUCCESS,
    }
}
