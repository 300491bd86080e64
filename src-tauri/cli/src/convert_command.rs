//! `authscope-cli convert`: a recording in another format.

use std::process::ExitCode;

use app::{Document, HandedOn};

use crate::arguments::ConvertArguments;
use crate::check_command::open;
use crate::exports::Exports;
use crate::terminal::{Failure, Terminal};

pub async fn run(arguments: &ConvertArguments) -> Result<ExitCode, Failure> {
    let opened = open(&arguments.from)?;
    for note in &opened.notes {
        Terminal::standard_error().line(format!("Note: {note}"))?;
    }
    if opened.trace.entries.is_empty() {
        let from = arguments.from.display();
        return Err(format!("{from}: expected requests, got a text without any").into());
    }
    let to = std::slice::from_ref(&arguments.to);
    let exports = Exports::open(None, to, arguments.include_secrets)?;
    let document = Document::recorded(1, opened).await;
    exports.write(&HandedOn::of(&document))?;
    Ok(ExitCode::SUCCESS)
}
