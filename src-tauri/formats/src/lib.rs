//! What leaves the program: HAR files and cURL commands, and the one redaction everything shared
//! goes through.
//!
//! The trace itself is never changed: a [`Redactor`] learns its secrets and gives copies without
//! them.

mod curl;
mod har;
mod parallel;
mod redact;

pub use curl::curl;
pub use har::{HarOptions, har, write_har};
pub use redact::Redactor;

/// Whether secrets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Every secret is replaced; equal secrets by equal pseudonyms.
    #[default]
    Redacted,
    /// As recorded. Only where the user asked for it by name.
    Included,
}
