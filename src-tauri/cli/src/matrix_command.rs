//! `authscope-cli run --matrix`: how each known client gets on with a server.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use app::ClientOutcome;
use formats::visible_json;

use crate::arguments::RunArguments;
use crate::paint::Paint;
use crate::run_command::{create, failure, write};
use crate::terminal::{Failure, Terminal};

/// The exit code is 0 when no client stops.
pub async fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let options = &arguments.options.0;
    if !options.client.consent {
        let words = "--matrix: expected --as-consent, since the authorization server is told the \
                     names of other clients, got none";
        return Err(words.to_owned().into());
    }
    let path = arguments.output.json.as_deref();
    let to_standard_output = path == Some(Path::new("-"));
    let json = path
        .filter(|_| !to_standard_output)
        .map(create)
        .transpose()?;
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    let server_url = &options.server_url;
    for line in app::client_table_head(server_url) {
        paint.say(line)?;
    }
    // Each row is printed as soon as it is known: eighteen runs take a while.
    let mut said = Ok(());
    let rows = app::client_table(options, |row| {
        if said.is_ok() {
            said = paint.say(app::client_table_line(row));
        }
    });
    let rows = rows.await.map_err(failure)?;
    said?;
    for line in app::client_table_foot(&rows) {
        paint.say(line)?;
    }
    let table = app::client_table_json(server_url, &rows);
    if to_standard_output {
        Terminal::standard_output().json(&table)?;
    } else if let Some(file) = json {
        write(file, path, |to| {
            writeln!(to, "{}", visible_json(&format!("{table:#}")))
        })?;
    }
    let stops = rows.iter().any(|row| row.outcome == ClientOutcome::Stops);
    Ok(ExitCode::from(u8::from(stops)))
}
