//! What stands inside a line of a log: a document, what was told of a request, a challenge.

use serde_json::{Map, Value};
use trace::{Header, Recorded};

use super::cursor::Cursor;
use super::document::{kind_of, take};
use super::evidence::{Evidence, Part, Seen, Target, recorded};
use super::log_json;
use super::log_line::status;
use super::message::{bare_challenge, challenged};
use super::piece::PieceKind;
use super::values::first_json;

/// Reads the next line, if something stands in it that can be judged.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let Some(line) = cursor.peek().filter(|line| line.len() < LONGEST) else {
        return false;
    };
    name_server(line, evidence);
    if let Some((value, text, before)) = json_in(line) {
        if is_told(evidence, &value, text, before, number) {
            cursor.next();
            return true;
        }
        // What a logger wraps is told as it was printed.
        let said = ["message", "msg", "errorMessage", "error"]
            .iter()
            .find_map(|name| value.get(*name)?.as_str());
        if let Some(said) = said {
            cursor.next();
            evidence.words(said, (number, number));
            if let Some((value, text, before)) = json_in(said) {
                is_told(evidence, &value, text, before, number);
            }
            return true;
        }
    }
    let Some(challenge) = is_logged(line).then(|| challenge_in(line)).flatten() else {
        return false;
    };
    cursor.next();
    evidence.words(line, (number, number));
    challenged(evidence, vec![Header::new("www-authenticate", challenge)]);
    evidence.close();
    evidence.piece(PieceKind::Challenge, (number, number));
    true
}

/// The first object in a line that is JSON, its text, and what stands before it.
fn json_in(line: &str) -> Option<(Value, &str, &str)> {
    let starts = line.match_indices('{').map(|(at, _)| at);
    let mut starts = starts.filter(|at| line[at + 1..].trim_start().starts_with('"'));
    starts.by_ref().take(MOST_TRIES).find_map(|at| {
        let (value, end) = first_json(&line[at..]).ok()?;
        Some((value, &line[at..at + end], &line[..at]))
    })
}

/// Takes in an object that says something of a flow by itself.
fn is_told(
    evidence: &mut Evidence,
    value: &Value,
    text: &str,
    before: &str,
    number: usize,
) -> bool {
    let none = Map::new();
    let object = value.as_object().unwrap_or(&none);
    let lines = (number, number);
    if log_json::entry(object).is_some()
        || log_json::half(object).is_some_and(|half| evidence.is_half(&half))
    {
        take(evidence, value, text, recorded(text), lines);
        return true;
    }
    if let (Some(status), Some(headers)) = (object.get("status"), object.get("headers"))
        && let Some(status) = status
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
        && headers.is_object()
    {
        let url = before
            .split([' ', '"', '\''])
            .find(|word| word.starts_with("http"));
        let url = url.map(|url| url.trim_end_matches([':', ',']).to_owned());
        let headers = log_json::headers(headers);
        evidence.exchange(Seen {
            target: url.map_or(Target::Unknown, Target::Url),
            status: Some(status),
            response_headers: Part::new(headers, Recorded::Incomplete),
            ..Seen::default()
        });
        evidence.piece(PieceKind::Response, lines);
        return true;
    }
    let is_answer = matches!(
        kind_of(value),
        PieceKind::ResourceMetadata
            | PieceKind::ServerMetadata
            | PieceKind::Registration
            | PieceKind::Token
            | PieceKind::Error
    );
    if !is_answer {
        return false;
    }
    evidence.words(before, lines);
    let is_open = evidence.open().is_some_and(|open| !open.has_body());
    if is_open {
        take(evidence, value, text, recorded(text), lines);
        return true;
    }
    let mut words = before
        .rsplit([' ', '(', ')', ':'])
        .filter(|word| !word.is_empty());
    evidence.exchange(Seen {
        status: words.by_ref().take(NEAR).find_map(status),
        response_body: Part::new(text.into(), recorded(text)),
        ..Seen::default()
    });
    evidence.piece(kind_of(value), lines);
    true
}

/// A challenge in the middle of a line: `… b'WWW-Authenticate', b'Bearer realm="mcp"')`.
fn challenge_in(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let (start, _) = lower.match_indices("bearer ").find(|(at, found)| {
        let rest = &lower.as_bytes()[at + found.len()..];
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let name = rest.iter().take(LONGEST_NAME).take_while(is_name).count();
        let sign = rest.get(name + 1);
        rest.get(name) == Some(&b'=') && matches!(sign, Some(b'"' | b'\\'))
    })?;
    let text = &line[start..];
    let mut is_quoted = false;
    let mut before = ' ';
    // Where its quotation marks are escaped, one that is not ends it.
    let is_escaped = text.contains("\\\"");
    let end = text.find(|one: char| {
        let ends = if is_escaped {
            one == '"' && before != '\\'
        } else {
            is_quoted ^= one == '"';
            !is_quoted && matches!(one, '\'' | ')' | '}' | ']')
        };
        before = one;
        ends
    });
    let text = text[..end.unwrap_or(text.len())].replace("\\\"", "\"");
    bare_challenge(text.trim_end()).map(str::to_owned)
}

/// Whether a line is one of a log. In a sentence, a challenge may be what somebody proposes.
fn is_logged(line: &str) -> bool {
    let line = line.trim_start();
    const STARTS: [&str; 12] = [
        "[", "DEBUG", "INFO", "WARN", "ERROR", "TRACE", "debug", "info", "warn", "error", "time=",
        "worker ",
    ];
    line.starts_with(|one: char| one.is_ascii_digit())
        || STARTS.iter().any(|start| line.starts_with(start))
}

/// The server that a client says it connects to.
fn name_server(line: &str, evidence: &mut Evidence) {
    let lower = line.to_ascii_lowercase();
    let Some(at) = lower.find("https://").or_else(|| lower.find("http://")) else {
        return;
    };
    const SAID: [&str; 7] = [
        "connecting to",
        "server url:",
        "message to",
        "transport to",
        "connectivity to",
        "endpoint:",
        "connect to",
    ];
    if SAID
        .iter()
        .any(|said| lower[..at].trim_end().ends_with(said))
    {
        let url = line[at..].split([' ', '"', '\'', ',', ')']).next();
        let url = url.unwrap_or_default().trim_end_matches([':', '.']);
        evidence.url(url.to_owned());
    }
}

/// Bytes of a line.
const LONGEST: usize = 64 << 10;
/// Bytes of the name of a parameter.
const LONGEST_NAME: usize = 40;
/// Braces at which an object is looked for.
const MOST_TRIES: usize = 4;
/// Words before an object in which its status may stand.
const NEAR: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_in_a_line() {
        for (line, expected) in [
            (
                "[(b'WWW-Authenticate', b'Bearer realm=\"mcp\"')])",
                Some("Bearer realm=\"mcp\""),
            ),
            (
                r#"AuthRequired { header: "Bearer resource_metadata=\"https://a/b\", scope=\"r\"" })"#,
                Some("Bearer resource_metadata=\"https://a/b\", scope=\"r\""),
            ),
            (
                "EntryPoint : Bearer error=\"invalid_token\", error_description=\"It (aud) is wrong\"",
                Some("Bearer error=\"invalid_token\", error_description=\"It (aud) is wrong\""),
            ),
            ("The bearer of bad news = \"x\"", None),
        ] {
            assert_eq!(challenge_in(line).as_deref(), expected, "{line}");
        }
    }
}
