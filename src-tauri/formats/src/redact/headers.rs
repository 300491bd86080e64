//! Header fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::edit::Sink;
use super::encoded::percent_decoded;
use super::names::{ACCESS_TOKEN, CLIENT_SECRET, COOKIE, CREDENTIALS, header_kind};
use super::scan::{quiet, text};
use super::url::url;

/// The value without its secrets, or none when nothing changes.
pub fn value<S: Sink>(sink: &mut S, name: &str, value: &str) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    match name.to_ascii_lowercase().as_str() {
        "authorization" | "proxy-authorization" => authorization(sink, value),
        "cookie" => cookies(sink, value, "; "),
        "set-cookie" => set_cookie(sink, value),
        "location" | "content-location" | "referer" | "origin" => utf8(url(sink, value.as_bytes())),
        // A challenge names no secret; what it quotes of one is found by its value.
        "www-authenticate" | "proxy-authenticate" => utf8(quiet(sink, value.as_bytes())),
        lower => match header_kind(lower) {
            Some(kind) => sink.secret(kind, value.as_bytes()),
            None => utf8(text(sink, value.as_bytes())),
        },
    }
}

/// Scheme and credentials (RFC 9110 section 11.6.2).
fn authorization<S: Sink>(sink: &mut S, value: &str) -> Option<String> {
    let Some((scheme, rest)) = value.split_once(' ') else {
        return sink.secret(CREDENTIALS, value.as_bytes());
    };
    let credentials = rest.trim_start();
    let kind = match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "dpop" => ACCESS_TOKEN,
        "basic" => {
            if let Some(new) = basic(sink, credentials) {
                return new.map(|new| format!("{scheme} {new}"));
            }
            CREDENTIALS
        }
        _ => CREDENTIALS,
    };
    let new = sink.secret(kind, credentials.as_bytes())?;
    Some(format!("{scheme} {new}"))
}

/// Client credentials (RFC 6749 section 2.3.1): the client id stays, so that one can see whose they
/// are. `None` when the text is not of that form.
fn basic<S: Sink>(sink: &mut S, credentials: &str) -> Option<Option<String>> {
    let plain = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = plain.split_once(':')?;
    if secret.is_empty() {
        return Some(None);
    }
    // Both are form-encoded first, where the client follows the specification.
    let decoded = percent_decoded(secret.as_bytes(), true);
    let new = sink.secret(CLIENT_SECRET, &decoded);
    if decoded != secret.as_bytes() {
        sink.secret(CLIENT_SECRET, secret.as_bytes());
    }
    // The encoded pair must not turn up elsewhere either, with its padding or without.
    sink.secret(CREDENTIALS, credentials.trim_end_matches('=').as_bytes());
    Some(new.map(|new| STANDARD.encode(format!("{id}:{new}"))))
}

fn cookies<S: Sink>(sink: &mut S, value: &str, joint: &str) -> Option<String> {
    let mut changed = false;
    let new: Vec<String> = value
        .split(';')
        .map(|pair| {
            let pair = pair.trim();
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            match Some(value)
                .filter(|value| !value.is_empty())
                .and_then(|v| sink.secret(COOKIE, v.as_bytes()))
            {
                Some(new) => {
                    changed = true;
                    format!("{name}={new}")
                }
                None => pair.into(),
            }
        })
        .collect();
    changed.then(|| new.join(joint))
}

/// The cookie itself; its attributes stay (RFC 6265 section 4.1.1).
fn set_cookie<S: Sink>(sink: &mut S, value: &str) -> Option<String> {
    let (cookie, attributes) = match value.find(';') {
        Some(at) => value.split_at(at),
        None => (value, ""),
    };
    let new = cookies(sink, cookie, "; ")?;
    Some(new + attributes)
}

fn utf8(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
