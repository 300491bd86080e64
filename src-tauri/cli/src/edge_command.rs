//! `authscope-cli edge`: how a server answers hosted clients.

use std::process::ExitCode;

use app::EdgeCheck;

use crate::arguments::EdgeArguments;
use crate::paint::Paint;
use crate::terminal::{Failure, Terminal};

/// The exit code is 1 when an answer differs or something keeps clients in the cloud away.
pub async fn run(arguments: &EdgeArguments) -> Result<ExitCode, Failure> {
    let options = flow::options::Options::for_server(arguments.url.as_str());
    let check = EdgeCheck {
        public_dns: arguments.public_dns.clone(),
        authorization_server: arguments.with_authorization_server,
        client_documents: arguments.client_documents,
        ..EdgeCheck::of(options)
    };
    let report = app::edge(&check).await?;
    if arguments.json {
        let report = serde_json::to_value(&report).map_err(|error| error.to_string())?;
        Terminal::standard_output().json(&report)?;
    } else {
        let paint = Paint::new(Terminal::standard_output());
        for line in app::edge_lines(&report) {
            paint.say(line)?;
        }
    }
    Ok(ExitCode::from(u8::from(!report.is_open())))
}
