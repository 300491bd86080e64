//! A recorded request as code that sends it again.
//!
//! The redactor, of the whole trace, makes each secret a variable of the environment, so that the
//! code runs once they are set; without one the secrets are in it. Whatever a request holds, the
//! language sees each part as one text.

mod curl;
mod fetch;
mod literal;
mod pieces;
mod python;
mod request;

use trace::Exchange;

use crate::redact::Redactor;

pub use curl::{curl, shell_word};

/// What a request can be repeated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A command for a POSIX shell.
    Curl,
    /// JavaScript for Node.js.
    Fetch,
    /// Python with the package `requests`.
    Python,
}

impl Language {
    /// In the order they are offered.
    pub const ALL: [Self; 3] = [Self::Curl, Self::Fetch, Self::Python];

    /// On the command line: lower case, no space.
    pub fn id(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Fetch => "fetch",
            Self::Python => "python",
        }
    }
}

/// The code that sends this request again.
pub fn repeat(exchange: &Exchange, redactor: Option<&Redactor>, language: Language) -> String {
    match language {
        Language::Curl => curl(exchange, redactor),
        Language::Fetch => fetch::fetch(exchange, redactor),
        Language::Python => python::python(exchange, redactor),
    }
}
