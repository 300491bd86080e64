//! Pasted evidence: commands and their output, transcripts, messages, lines of logs, tables,
//! documents, tokens, in any order and number. What each part was taken for is told.
//!
//! | module | what |
//! |---|---|
//! | `cursor` | where the reading is; a text as it was shown |
//! | `command` | commands that send a request: `curl`, `power_shell`, `fetch` |
//! | `shell`, `windows_shell`, `words` | the words of a command, as its shell splits it |
//! | `transcript` | what `curl -v` prints |
//! | `message` | messages of HTTP as they are written, and their fields alone |
//! | `log_line`, `log_json`, `log_columns`, `labels` | access logs, tables and lists |
//! | `panel` | what the panels of browsers and HTTP tools show of a request |
//! | `inside` | what stands inside a line of a log |
//! | `relaxed` | objects as Python and JavaScript print them |
//! | `document` | metadata, answers, tokens and URLs without their requests |
//! | `piece` | what a part can be |
//! | `evidence` | what was found so far |
//! | `by_content` | what an answer without a request is of |
//! | `fill` | what has to stand where the text says nothing, and the trace that comes of it |
//!
//! A text is read once, from its start to its end. What it does not show was not recorded.

mod by_content;
mod command;
mod curl;
mod cursor;
mod document;
mod evidence;
mod fetch;
mod fill;
mod inside;
mod labels;
mod log_columns;
mod log_json;
mod log_line;
mod message;
mod panel;
mod piece;
mod power_shell;
mod relaxed;
mod shell;
mod transcript;
mod values;
mod windows_shell;
mod words;

pub use piece::{Piece, PieceKind};

use crate::format::Opened;
use cursor::Cursor;
use evidence::Evidence;

/// Reads a pasted text. It may hold nothing but words.
pub fn read(text: &str) -> Opened {
    let text = cursor::plain(text);
    let mut cursor = Cursor::new(&text);
    let mut evidence = Evidence::default();
    let mut connection = transcript::Connection::default();
    while let Some(line) = cursor.peek() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            cursor.next();
        } else if is_fence(trimmed) {
            cursor.next();
            evidence.end_block();
        } else {
            part(&mut cursor, &mut evidence, &mut connection);
        }
    }
    fill::opened(&text, evidence)
}

/// Reads at least one line.
fn part(cursor: &mut Cursor<'_>, evidence: &mut Evidence, connection: &mut transcript::Connection) {
    let before = cursor.rest().len();
    let is_known = command::read(cursor, evidence)
        || transcript::read(cursor, evidence, connection)
        || message::read(cursor, evidence)
        || panel::read(cursor, evidence)
        || document::json(cursor, evidence)
        || document::body(cursor, evidence, begins)
        || log_columns::read(cursor, evidence)
        || labels::read(cursor, evidence)
        || log_line::read(cursor, evidence)
        || message::lone_fields(cursor, evidence)
        || document::jwt(cursor, evidence)
        || document::url(cursor, evidence)
        || inside::read(cursor, evidence);
    if is_known && cursor.rest().len() < before {
        return;
    }
    let number = cursor.line();
    if let Some(line) = cursor.next() {
        evidence.words(line, (number, number));
    }
}

/// Whether a line ends the body of the answer before it.
fn begins(line: &str) -> bool {
    let trimmed = line.trim();
    is_fence(trimmed)
        || message::status_line(trimmed).is_some()
        || message::request_line(trimmed).is_some()
        || command::is_command(line)
        || ["* ", "> ", "< ", "curl: ("]
            .iter()
            .any(|sign| line.starts_with(sign))
}

fn is_fence(line: &str) -> bool {
    line.starts_with("```") || line.starts_with("~~~")
}
