//! Messages of HTTP as they are written: a request line or a status line, fields, a blank line,
//! a body. What browsers show of them in their panels, too.

use trace::{Header, Recorded};

use super::cursor::Cursor;
use super::evidence::{Evidence, Part, Seen, Target, field, is_cut, recorded};
use super::piece::PieceKind;
use super::values::first_json;

pub const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Reads a request or an answer, if the next line begins one.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let Some(line) = cursor.peek() else {
        return false;
    };
    let trimmed = line.trim();
    if let Some((method, target)) = request_line(trimmed) {
        cursor.next();
        request(cursor, evidence, method, target);
        evidence.piece(PieceKind::Request, (first, cursor.last_line()));
        return true;
    }
    let status = status_line(trimmed).or_else(|| {
        // Beside a request, a bare number says enough.
        let open = evidence.open().is_some_and(|open| !open.is_answered());
        bare_status(trimmed).filter(|_| open)
    });
    if let Some(status) = status {
        cursor.next();
        let headers = fields(cursor);
        if status < 200 {
            return true;
        }
        let recorded = response_fields_recorded(&headers);
        let seen = evidence.unanswered();
        seen.status = Some(status);
        seen.response_headers = Part::new(headers, recorded);
        evidence.piece(PieceKind::Response, (first, cursor.last_line()));
        return true;
    }
    false
}

/// `POST /mcp HTTP/1.1`, or `POST https://mcp.example/mcp`.
pub fn request_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_ascii_whitespace();
    let method = words.next()?;
    let target = words.next()?;
    if method == "CONNECT" {
        return Some((method, target));
    }
    let version = words.next();
    let is_target = target.starts_with('/') || target.starts_with("http://");
    let is_target = is_target || target.starts_with("https://") || target == "*";
    let ends = match version {
        Some(version) => version.starts_with("HTTP/") && words.next().is_none(),
        None => true,
    };
    (METHODS.contains(&method) && is_target && ends).then_some((method, target))
}

/// `HTTP/1.1 401 Unauthorized`, `HTTP/2 200`.
pub fn status_line(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/")?;
    let (version, rest) = rest.split_once(' ')?;
    let is_version = matches!(version, "1.0" | "1.1" | "2" | "2.0" | "3" | "3.0");
    let status = rest.trim_start().get(..3)?.parse().ok()?;
    (is_version && (100..600).contains(&status)).then_some(status)
}

/// `401`, `401 Unauthorized`, `Status: 401`, `HTTP 401`.
fn bare_status(line: &str) -> Option<u16> {
    let signs = [
        '<', '=', '-', '>', ' ', '\u{2192}', '\u{2190}', '*', '#', '/',
    ];
    let line = line.trim_start_matches(signs);
    // A comment may follow.
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let lower = line.to_ascii_lowercase();
    if let Some(said) = lower.find("returned an error: (") {
        return line[said + 20..].get(..3)?.parse().ok();
    }
    let returned = ["returns: ", "returned: ", "returns ", "result: "];
    if let Some(start) = returned.iter().find(|start| lower.starts_with(**start)) {
        return status_line(&line[start.len()..]).or_else(|| bare_status(&line[start.len()..]));
    }
    let starts = ["http status", "status code", "status", "http", "response"];
    let start = starts.iter().find(|start| lower.starts_with(**start));
    let rest = line[start.map_or(0, |start| start.len())..].trim_start_matches([':', ' ', '=']);
    let status: u16 = rest.get(..3)?.parse().ok()?;
    let after = &rest[3..];
    let is_phrase = |byte: u8| byte.is_ascii_alphabetic() || b" ()'-:.".contains(&byte);
    let ends = after.is_empty() || after.starts_with([' ', ':']) && after.len() < 40;
    ((100..600).contains(&status) && ends && after.bytes().all(is_phrase)).then_some(status)
}

/// `Name: value`, with a name of a header field.
pub fn header(line: &str) -> Option<Header> {
    let (name, value) = line.split_once(':')?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_name = !name.is_empty() && name.len() < 80 && name.bytes().all(is_token);
    (is_name && !value.starts_with("//")).then(|| Header::new(name, value.trim()))
}

/// The fields up to a blank line, which is read too, or up to what is none.
pub fn fields(cursor: &mut Cursor<'_>) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    while let Some(line) = cursor.peek() {
        if line.trim().is_empty() {
            cursor.next();
            break;
        }
        let folded = line.starts_with([' ', '\t']) && header(line.trim()).is_none();
        match (header(line.trim()), headers.last_mut()) {
            (Some(header), _) => headers.push(header),
            (None, Some(last)) if folded => {
                last.value.push(' ');
                last.value += line.trim();
            }
            _ if is_cut(line) && line.len() < 40 => {
                headers.push(Header::new("x-cut", "..."));
            }
            _ => break,
        }
        cursor.next();
    }
    headers
}

/// People leave fields out when they write an answer down. One that has what servers send with
/// every answer was copied whole.
pub fn response_fields_recorded(headers: &[Header]) -> Recorded {
    if headers.is_empty() {
        return Recorded::NotRecorded;
    }
    let usual = ["date", "content-length", "transfer-encoding"];
    let has_usual = usual.iter().any(|name| field(headers, name).is_some());
    let is_cut = headers.iter().any(|header| is_cut(&header.value));
    if (has_usual || headers.len() > 3) && !is_cut {
        Recorded::Whole
    } else {
        Recorded::Incomplete
    }
}

fn request(cursor: &mut Cursor<'_>, evidence: &mut Evidence, method: &str, target: &str) {
    let headers = fields(cursor);
    let host = field(&headers, "host").map(str::to_owned);
    // Every request of HTTP/1.1 names its host; one without was shortened.
    let is_whole = host.is_some() && !headers.iter().any(|header| is_cut(&header.value));
    let request_headers = match (headers.is_empty(), is_whole) {
        (true, _) => Recorded::NotRecorded,
        (_, true) => Recorded::Whole,
        _ => Recorded::Incomplete,
    };
    let mut body = String::new();
    if matches!(method, "POST" | "PUT" | "PATCH") {
        body = request_body(cursor, evidence);
    }
    let request_body = match (body.is_empty(), method) {
        (true, "POST" | "PUT" | "PATCH") => Recorded::NotRecorded,
        (true, _) => Recorded::Whole,
        (false, _) => recorded(&body),
    };
    let target = if target.starts_with("http") {
        Target::Url(target.to_owned())
    } else {
        Target::Path {
            secure: None,
            host,
            path: target.to_owned(),
        }
    };
    evidence.request(Seen {
        target,
        method: Some(method.to_owned()),
        request_headers: Part::new(headers, request_headers),
        request_body: Part::new(body.into_bytes(), request_body),
        ..Seen::default()
    });
}

/// The body of a request: one JSON value, or the lines of a form.
fn request_body(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> String {
    cursor.skip_blank();
    let rest = cursor.rest();
    if rest.starts_with(['{', '[']) {
        let text = &rest[..evidence.reach(rest)];
        let end = match first_json(text) {
            Ok((_, end)) => end,
            Err(read) => {
                evidence.tried(read);
                return String::new();
            }
        };
        cursor.skip(end);
        if cursor.peek().is_some_and(|line| line.trim().is_empty()) {
            cursor.next();
        }
        return rest[..end].to_owned();
    }
    let mut body = String::new();
    while let Some(line) = cursor.peek() {
        let is_form = line.contains('=') && !line.trim().contains(' ') && !line.contains('"');
        if !is_form || line.len() > BODY {
            break;
        }
        // A form that was broken into lines for reading.
        body += line.trim();
        cursor.next();
    }
    body
}

/// Reads fields without a line before them. One that challenges says which answer it is.
pub fn lone_fields(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let line = cursor.peek().unwrap_or_default().trim();
    let line = line.trim_start_matches(['-', '*', '`', '<', ' ']);
    if let Some(challenge) = bare_challenge(line) {
        cursor.next();
        challenged(evidence, vec![Header::new("www-authenticate", challenge)]);
        evidence.piece(PieceKind::Challenge, (first, first));
        return true;
    }
    if !header(line).is_some_and(|one| is_known_field(&one.name)) {
        return false;
    }
    let mut reading = cursor.clone();
    let mut headers = fields(&mut reading);
    if headers.is_empty() {
        // It stands in a list, or in quotation marks.
        headers.extend(header(line.trim_end_matches('`')));
        reading.next();
    }
    if field(&headers, "www-authenticate").is_some() {
        *cursor = reading;
        challenged(evidence, headers);
        evidence.piece(PieceKind::Challenge, (first, cursor.last_line()));
        return true;
    }
    // The fields of an answer whose status stands before them, as in a browser's panel.
    let of_answer = |header: &Header| {
        let name = header.name.to_ascii_lowercase();
        name.starts_with("access-control-") || matches!(name.as_str(), "location" | "content-type")
    };
    let open = evidence.open();
    if let Some(open) = open.filter(|open| open.status.is_some() && !open.has_body())
        && open.response_headers.value.is_empty()
        && headers.iter().any(of_answer)
    {
        open.response_headers = Part::new(headers, Recorded::Incomplete);
        *cursor = reading;
        evidence.piece(PieceKind::Response, (first, cursor.last_line()));
        return true;
    }
    // Words with a colon, many lines of them at times.
    let text = &cursor.rest()[..cursor.rest().len() - reading.rest().len()];
    evidence.words(text, (first, reading.last_line()));
    *cursor = reading;
    true
}

/// Fields that stand first where people copy fields alone. `INFO: …` is none of them.
fn is_known_field(name: &str) -> bool {
    const FAMILIES: [&str; 6] = ["access-control-", "content-", "x-", "cf-", "mcp-", "accept"];
    const NAMES: [&str; 28] = [
        "www-authenticate",
        "location",
        "date",
        "server",
        "set-cookie",
        "cache-control",
        "vary",
        "etag",
        "connection",
        "transfer-encoding",
        "strict-transport-security",
        "via",
        "expires",
        "pragma",
        "alt-svc",
        "allow",
        "age",
        "link",
        "referrer-policy",
        "keep-alive",
        "retry-after",
        "last-modified",
        "dpop-nonce",
        "host",
        "user-agent",
        "origin",
        "authorization",
        "cookie",
    ];
    let name = name.to_ascii_lowercase();
    FAMILIES.iter().any(|family| name.starts_with(family)) || NAMES.contains(&name.as_str())
}

/// A scheme with at least one parameter: `Bearer resource_metadata="…"`.
pub fn bare_challenge(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let scheme = ["bearer ", "dpop "]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme))?;
    let (name, value) = line[scheme.len()..].split_once('=')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let name = name.trim();
    (!name.is_empty() && name.len() < 40 && name.bytes().all(is_name) && !value.is_empty())
        .then(|| line.trim_end_matches('`'))
}

pub fn challenged(evidence: &mut Evidence, headers: Vec<Header>) {
    let fits = evidence.open().is_some_and(|open| {
        open.response_headers.value.is_empty()
            && !open.has_body()
            && open.failure.is_none()
            && open.status.is_none_or(|status| status >= 400)
    });
    if !fits {
        evidence.request(Seen::default());
    }
    if let Some(open) = evidence.open() {
        open.response_headers = Part::new(headers, Recorded::Incomplete);
    }
}

/// Bytes of a body.
const BODY: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_a_message() {
        assert_eq!(request_line("POST /mcp HTTP/1.1"), Some(("POST", "/mcp")));
        assert_eq!(
            request_line("GET https://a/b"),
            Some(("GET", "https://a/b"))
        );
        for none in ["GET it done", "POST /mcp 401", "get /a HTTP/1.1", "GET"] {
            assert_eq!(request_line(none), None, "{none}");
        }
        assert_eq!(status_line("HTTP/2 401"), Some(401));
        assert_eq!(status_line("HTTP/1.1 200 OK"), Some(200));
        assert_eq!(status_line("HTTP/1.1 999 Odd"), None);
        assert_eq!(bare_status("Status: 401 Unauthorized"), Some(401));
        assert_eq!(bare_status("-> 404"), Some(404));
        assert_eq!(bare_status("401 requests were sent in 2 minutes"), None);
        assert_eq!(bare_status("2024"), None);
        assert!(bare_challenge("Bearer realm=\"x\"").is_some());
        assert!(bare_challenge("Bearer of bad news").is_none());
    }
}
