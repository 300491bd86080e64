//! An exchange as a `curl` command for a POSIX shell.

use std::collections::HashMap;

use trace::{Exchange, Request};

use crate::redact::{MARK, Redactor};

/// The command that sends this request again, headers in the order they were sent.
///
/// Whatever the request holds, the shell sees each part as one word: everything is in single
/// quotes. The redactor, of the whole trace, makes each secret a shell variable
/// (`"$ACCESS_TOKEN"`), so that the command runs once they are set; without one the secrets are in
/// it. What curl would add on its own is switched off.
pub fn curl(exchange: &Exchange, redactor: Option<&Redactor>) -> String {
    let (request, variables) = match redactor {
        None => (exchange.request.clone(), Variables::default()),
        Some(redactor) => (redactor.request(&exchange.request), variables(redactor)),
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
        // curl reads a file for a name that begins with `@`; a name that is no token cannot be sent
        // anyway. The length is curl's to say, since variables change it.
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

/// The shell variable of each pseudonym.
type Variables = HashMap<String, String>;

/// `ACCESS_TOKEN`, and `ACCESS_TOKEN_2` for another one.
fn variables(redactor: &Redactor) -> Variables {
    let name = |(kind, pseudonym): (&str, &str)| {
        let number = pseudonym.rsplit('-').next().filter(|number| *number != "1");
        let number = number
            .map(|number| format!("_{number}"))
            .unwrap_or_default();
        (pseudonym.to_string(), kind.to_ascii_uppercase() + &number)
    };
    redactor.pseudonyms().map(name).collect()
}

/// The text as one word of a POSIX shell (section 2.2.2 of its Shell Command Language), pseudonyms
/// as variables.
fn quoted(text: &str, variables: &Variables) -> String {
    let mut out = String::new();
    let mut plain = 0;
    let mut from = 0;
    while let Some(length) = text[from..].find(MARK) {
        let start = from + length;
        from = start + MARK.len();
        if let Some((pseudonym, variable)) = pseudonym(&text[start..], variables) {
            out.push_str(&single_quoted(&text[plain..start]));
            out.push_str(&format!("\"${variable}\""));
            plain = start + pseudonym.len();
            from = plain;
        }
    }
    out.push_str(&single_quoted(&text[plain..]));
    if out.is_empty() { "''".into() } else { out }
}

/// The longest pseudonym that the text starts with: `…-12`, not `…-1`.
fn pseudonym<'a>(text: &'a str, variables: &'a Variables) -> Option<(&'a str, &'a str)> {
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"_-0123456789".contains(byte);
    let length = text.bytes().take(LONGEST).take_while(is_part).count();
    (MARK.len()..=length).rev().find_map(|end| {
        let pseudonym = &text[..end];
        Some((pseudonym, variables.get(pseudonym)?.as_str()))
    })
}

/// The text as one word of a POSIX shell, for a command that is shown.
pub fn shell_word(text: &str) -> String {
    single_quoted(&text.replace(['\n', '\r', '\0'], " "))
}

fn single_quoted(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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

fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}

/// Bytes of a pseudonym, at most.
const LONGEST: usize = 64;
