//! What leaves the program, and what can be read again: one table of file formats ([`FORMATS`]),
//! cURL commands, and the one redaction that every output goes through.
//!
//! The trace itself is never changed: a [`Redactor`] learns its secrets and gives copies without
//! them.

#![forbid(unsafe_code)]

mod faults;
mod format;
mod fresh;
mod har;
mod journal;
mod line;
mod matters;
mod mermaid;
mod mitmproxy;
mod parallel;
mod paste;
mod raw;
mod redact;
mod repeat;
mod report;
mod sequence;
mod svg;
mod table;
mod text;
mod time;
mod trace_file;
mod visible;

pub use format::{About, Export, Format, Judged, Kind, Opened, ReadError, Secrets, create};
pub use fresh::Fresh;
pub use har::Har;
pub use journal::Journal;
pub use paste::{Piece, PieceKind};
pub use raw::raw_request;
pub use redact::{Redactor, TraceSecrets};
pub use repeat::{Language, curl, repeat, shell_word};
pub use table::{FORMATS, format, format_of, open, preview, unknown};
pub use visible::{is_hidden, visible_json};
