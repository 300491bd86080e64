//! An exchange as a `curl` command for a POSIX shell.

use trace::{Exchange, Request};

use crate::{Redactor, Secrets};

/// The command that sends this request again, headers in the order they were sent.
///
/// Whatever the request holds, the shell sees each part as one word: everything is in single
/// quotes. With secrets redacted, each is a shell variable (`"$ACCESS_TOKEN"`), so that the command
/// runs once they are set. What curl would add on its own is switched off.
pub fn curl(exchange: &Exchange, secrets: Secrets) -> String {
    let (request, variables) = match secrets {
        Secrets::Included => (exchange.request.clone(), Vec::new()),
        Secrets::Redacted => {
            let mut redactor = Redactor::default();
            redactor.learn(exchange);
            (redactor.request(&exchange.request), variables(&redactor))
        }
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
        method => format!("--request {}", quoted(method, &[])),
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

/// Each pseudonym with its shell variable: `ACCESS_TOKEN`, and `ACCESS_TOKEN_2` for another one.
fn variables(redactor: &Redactor) -> Vec<(String, String)> {
    let name = |(kind, pseudonym): (&str, &str)| {
        let number = pseudonym.rsplit('-').next().filter(|number| *number != "1");
        let number = number
            .map(|number| format!("_{number}"))
            .unwrap_or_default();
        (pseudonym.to_string(), kind.to_ascii_uppercase() + &number)
    };
    let mut all: Vec<(String, String)> = redactor.pseudonyms().map(name).collect();
    // `…-12` before `…-1`, which it begins with.
    all.sort_by_key(|(pseudonym, _)| std::cmp::Reverse(pseudonym.len()));
    all
}

/// The text as one word of a POSIX shell (section 2.2.2 of its Shell Command Language), pseudonyms
/// as variables.
fn quoted(text: &str, variables: &[(String, String)]) -> String {
    let found = variables
        .iter()
        .filter_map(|(pseudonym, variable)| {
            text.find(pseudonym.as_str())
                .map(|at| (at, pseudonym, variable))
        })
        .min_by_key(|(at, pseudonym, _)| (*at, std::cmp::Reverse(pseudonym.len())));
    match found {
        None => format!("'{}'", text.replace('\'', r"'\''")),
        Some((at, pseudonym, variable)) => {
            let (before, after) = (&text[..at], &text[at + pseudonym.len()..]);
            let before = if before.is_empty() {
                String::new()
            } else {
                quoted(before, &[])
            };
            let after = if after.is_empty() {
                String::new()
            } else {
                quoted(after, variables)
            };
            format!("{before}\"${variable}\"{after}")
        }
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
