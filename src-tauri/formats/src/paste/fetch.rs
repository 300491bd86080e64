//! `fetch` of JavaScript, as browsers copy it.

use serde_json::Value;
use trace::{Header, Recorded};

use super::cursor::Cursor;
use super::evidence::{Part, Seen, Target, recorded};
use super::values::{absolute, first_json};

/// `fetch("…", {…})` with its options in JSON, as browsers copy it.
pub fn fetch(cursor: &mut Cursor<'_>, line: &str) -> Option<Vec<Seen>> {
    let at = line.find("fetch(")? + "fetch(".len();
    let before = line[..at - "fetch(".len()].trim();
    if !matches!(before, "" | "await" | ">" | "return") {
        return None;
    }
    let text = &cursor.rest()[at..];
    let (url, after) = first_json(text).ok()?;
    let url = absolute(url.as_str()?)?;
    let options = text[after..].trim_start().strip_prefix(',');
    let options = options.and_then(|rest| Some((first_json(rest).ok()?, rest)));
    let (options, length) = match options {
        Some(((options, end), rest)) => (options, text.len() - rest.len() + end),
        None => (Value::Null, after),
    };
    cursor.skip(at + length);
    cursor.next();
    let headers = options["headers"].as_object().into_iter().flatten();
    let headers: Vec<Header> = headers
        .filter_map(|(name, value)| Some(Header::new(name, value.as_str()?)))
        .collect();
    let body = options["body"].as_str().unwrap_or_default();
    Some(vec![Seen {
        target: Target::Url(url),
        method: Some(options["method"].as_str().unwrap_or("GET").to_uppercase()),
        // The browser adds its own.
        request_headers: Part::new(headers, Recorded::Incomplete),
        request_body: Part::new(body.into(), recorded(body)),
        ..Seen::default()
    }])
}
