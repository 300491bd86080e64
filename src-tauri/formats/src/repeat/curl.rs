//! An exchange as a `curl` command for a POSIX shell.

use trace::{Exchange, Request};

use super::pieces::{Piece, Variables};
use super::request::{basic_with_pseudonym, is_token};
use crate::redact::Redactor;

/// The command that sends this request again, headers in the order they were sent.
///
/// Whatever the request holds, the shell sees each part as one word: everything is in single
/// quotes. The redactor, of the whole trace, makes each secret a shell variable
/// (`"$ACCESS_TOKEN"`), so that the command runs once they are set; without one the secrets are in
/// it. What curl would add on its own is switched off.
pub fn curl(exchange: &Exchange, redactor: Option<&Redactor>) -> String {
    let (request, variables) = match redactor {
        None => (exchange.request.clone(), Variables::default()),
        Some(redactor) => (redactor.request(&exchange.request), Variables::of(redactor)),
    };
    let quoted = |text: &str| quoted(text, &variables);
    let mut parts = vec![format!("curl {}", method(&request))];
    if request.url.contains(['[', ']', '{', '}']) {
        parts.push("--globoff".into());
    }
    // Otherwise curl removes `/../` from the path.
    parts.push("--path-as-is".into());
    parts.push(format!("--url {}", quoted(&request.url)));
    parts.extend(header_options(&request).iter().map(|option| match option {
        HeaderOption::Header(line) => format!("--header {}", quoted(line)),
        HeaderOption::User(pair) => format!("--user {}", quoted(pair)),
    }));
    let mut before = String::new();
    if !request.body.is_empty() {
        match request.body.text().filter(|text| !text.contains('\0')) {
            Some(text) => parts.push(format!("--data-raw {}", quoted(text))),
            None => {
                // No argument holds these bytes, so they come by a pipe.
                before = format!("printf {} | ", octal(&request.body.bytes));
                parts.push("--data-binary @-".into());
            }
        }
    }
    format!("{before}{}", parts.join(" \\\n  "))
}

enum HeaderOption {
    Header(String),
    /// Name and password of Basic authentication, which curl encodes: a variable within base64
    /// would not be seen.
    User(String),
}

fn method(request: &Request) -> String {
    match request.method.as_str() {
        // `--request HEAD` would wait for a body.
        "HEAD" => "--head".into(),
        method => format!("--request {}", quoted(method, &Variables::default())),
    }
}

fn header_options(request: &Request) -> Vec<HeaderOption> {
    let mut options = Vec::new();
    for header in &request.headers {
        let name = header.name.as_str();
        // curl reads a file for a name that begins with `@`; a name that is not a token cannot be
        // sent anyway. The length is curl's to say, since variables change it.
        if !is_token(name) || name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        let value = header.value.replace(['\r', '\n', '\0'], " ");
        options.push(match basic_with_pseudonym(name, &value) {
            Some(pair) => HeaderOption::User(pair),
            None if value.is_empty() => HeaderOption::Header(format!("{name};")),
            None => HeaderOption::Header(format!("{name}: {value}")),
        });
    }
    let mut own = vec!["Accept", "User-Agent"];
    if !request.body.is_empty() {
        own.extend(["Content-Type", "Expect"]);
    }
    let missing = own
        .into_iter()
        .filter(|name| request.header_value(name).is_none());
    options.extend(missing.map(|name| HeaderOption::Header(format!("{name}:"))));
    options
}

/// The text as one word of a POSIX shell (section 2.2.2 of its Shell Command Language), pseudonyms
/// as variables.
fn quoted(text: &str, variables: &Variables) -> String {
    let piece = |piece: Piece<'_>| match piece {
        Piece::Text(text) => single_quoted(text),
        Piece::Variable(name) => format!("\"${name}\""),
    };
    let out: String = variables.pieces(text).into_iter().map(piece).collect();
    if out.is_empty() { "''".into() } else { out }
}

/// The text as one word of a POSIX shell, for a command that is shown.
pub fn shell_word(text: &str) -> String {
    single_quoted(&text.replace(['\n', '\r', '\0'], " "))
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Any bytes as a format of `printf`.
fn octal(bytes: &[u8]) -> String {
    let mut out = String::from("'");
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b" {}[]:,.\"/_=&+".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("\\{byte:03o}"));
        }
    }
    out + "'"
}
