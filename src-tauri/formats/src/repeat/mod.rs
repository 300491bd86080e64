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

use trace::{Exchange, Request};

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

/// The headers as they can be given: those of one name in one, without names that are none and
/// without the length, which changes with the variables.
fn joined_headers(request: &Request) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for header in &request.headers {
        let name = header.name.as_str();
        if !is_token(name) || name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = header.value.replace(['\r', '\n', '\0'], " ");
        let known = joined
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, all)) => *all = format!("{all}, {value}"),
            None => joined.push((name.into(), value)),
        }
    }
    joined
}

fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}

/// Whether secrets in the body stand in a form, where they are percent-encoded.
fn is_form(request: &Request) -> bool {
    let media = request.header_value("content-type").unwrap_or_default();
    let media = media.trim_start().to_ascii_lowercase();
    media.starts_with("application/x-www-form-urlencoded")
}

/// Name and password of Basic authentication, where the password is a pseudonym: within base64 a
/// variable would not be seen.
fn basic_with_pseudonym(name: &str, value: &str) -> Option<String> {
    use base64::Engine as _;
    if !name.eq_ignore_ascii_case("authorization") {
        return None;
    }
    let encoded = value
        .strip_prefix("Basic ")
        .or_else(|| value.strip_prefix("basic "))?;
    let pair = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.contains(":redacted-").then_some(pair)
}
