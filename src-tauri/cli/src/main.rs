//! `authscope-cli`: the same flow without a window.
//!
//! Exit codes: 0, the flow reached an authenticated MCP answer; 1, it did not, or `--fail-on` was
//! met; 2, the command line or this machine is at fault.

mod arguments;
mod exports;
mod lab_command;
mod options;
mod paint;
mod report;
mod rules_command;
mod run_command;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command};

/// The command line or this machine is at fault.
const USAGE_OR_LOCAL: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    // The callback's server calls the end of its socket an error; the listener deals with it, and
    // says so itself.
    let filter = EnvFilter::try_from_env("AUTHSCOPE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("error,tiny_http=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run_command::run(*arguments).await,
        Command::Lab(arguments) => lab_command::run(*arguments).await,
        Command::Rules(arguments) => rules_command::run(&arguments),
    };
    done.unwrap_or_else(|message| {
        eprintln!("authscope-cli: {message}");
        ExitCode::from(USAGE_OR_LOCAL)
    })
}
