//! What the network panels of browsers and the consoles of HTTP tools show of a request: names and
//! values, under headings.

use trace::{Header, Recorded, encode_pairs};

use super::cursor::Cursor;
use super::evidence::{Evidence, Part, Seen, Target, recorded};
use super::message::{fields, header, response_fields_recorded};
use super::piece::PieceKind;
use super::values::first_json;

/// Reads such a part, if one comes next.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    overview(cursor, evidence) || section(cursor, evidence)
}

/// Names and values, on one line or two.
fn overview(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let mut reading = cursor.clone();
    let value = |reading: &mut Cursor<'_>, name: &str| -> Option<String> {
        let line = reading.peek()?.trim();
        let rest = line.strip_prefix(name)?;
        let rest = rest.trim_start_matches(':').trim().to_owned();
        reading.next();
        if !rest.is_empty() {
            return Some(rest);
        }
        Some(reading.next()?.trim().to_owned())
    };
    let Some(url) = value(&mut reading, "Request URL") else {
        return false;
    };
    if !url.starts_with("http") {
        return false;
    }
    let method = value(&mut reading, "Request Method");
    let status = value(&mut reading, "Status Code");
    let status = status.and_then(|status| {
        let digits = status.trim_start_matches(|one: char| !one.is_ascii_digit());
        digits.get(..3)?.parse().ok()
    });
    for name in ["Remote Address", "Referrer Policy"] {
        value(&mut reading, name);
    }
    *cursor = reading;
    let request_body = match method.as_deref() {
        Some("POST" | "PUT" | "PATCH") | None => Recorded::NotRecorded,
        Some(_) => Recorded::Whole,
    };
    evidence.request(Seen {
        target: Target::Url(url),
        method: method.map(|method| method.to_ascii_uppercase()),
        request_body: Part::new(Vec::new(), request_body),
        status,
        ..Seen::default()
    });
    evidence.piece(PieceKind::Request, (first, cursor.last_line()));
    true
}

/// A part of a message that stands under its heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    RequestFields,
    RequestBody,
    ResponseFields,
    ResponseBody,
}

fn heading(line: &str) -> Option<Section> {
    let line = line
        .trim()
        .trim_start_matches(['\u{25bc}', '\u{25b6}', '\u{25be}', '#', ' ', '*']);
    let line = line.trim_end_matches([':', '*']).to_ascii_lowercase();
    Some(match line.as_str() {
        "request headers" => Section::RequestFields,
        "request body" | "request payload" | "form data" => Section::RequestBody,
        "response headers" => Section::ResponseFields,
        "response body" => Section::ResponseBody,
        _ => return None,
    })
}

fn section(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let section = cursor.peek().and_then(heading);
    let Some(section) = section.filter(|_| evidence.open().is_some()) else {
        return false;
    };
    cursor.next();
    cursor.skip_blank();
    let kind = match section {
        Section::RequestFields | Section::RequestBody => PieceKind::Request,
        Section::ResponseFields | Section::ResponseBody => PieceKind::Response,
    };
    let is_fields = matches!(section, Section::RequestFields | Section::ResponseFields);
    let headers = if is_fields {
        fields(cursor)
    } else {
        Vec::new()
    };
    let body = if is_fields {
        None
    } else {
        body(cursor, evidence)
    };
    if let Some(open) = evidence.open() {
        match section {
            Section::RequestFields => {
                open.request_headers = Part::new(headers, Recorded::Incomplete);
            }
            Section::ResponseFields => {
                let recorded = response_fields_recorded(&headers);
                open.response_headers = Part::new(headers, recorded);
            }
            Section::RequestBody => open.request_body = body.unwrap_or_default(),
            Section::ResponseBody => open.response_body = body.unwrap_or_default(),
        }
    }
    evidence.piece(kind, (first, cursor.last_line()));
    true
}

/// One JSON value, the fields of a form one a line, or text up to a blank line.
fn body(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> Option<Part<Vec<u8>>> {
    let rest = cursor.rest();
    if rest.starts_with(['{', '[']) {
        let text = &rest[..evidence.reach(rest)];
        match first_json(text) {
            Ok((_, end)) => {
                cursor.skip(end);
                cursor.next();
                return Some(Part::new(rest[..end].into(), recorded(&rest[..end])));
            }
            Err(read) => evidence.tried(read),
        }
    }
    let mut lines = Vec::new();
    let mut size = 0;
    while let Some(line) = cursor.peek() {
        let ends = line.trim().is_empty() || heading(line).is_some() || line.starts_with("```");
        if ends || size > LONGEST {
            break;
        }
        size += line.len();
        lines.push(line.trim());
        cursor.next();
    }
    let pairs: Option<Vec<Header>> = lines.iter().map(|line| header(line)).collect();
    let text = match pairs.filter(|pairs| !pairs.is_empty()) {
        Some(pairs) => {
            let pairs = pairs
                .iter()
                .map(|pair| (pair.name.as_str(), pair.value.trim_matches('"')));
            encode_pairs(pairs)
        }
        None => lines.join("\n"),
    };
    let how = recorded(&text);
    (!text.is_empty()).then(|| Part::new(text.into_bytes(), how))
}

/// Bytes of a body.
const LONGEST: usize = 256 << 10;
