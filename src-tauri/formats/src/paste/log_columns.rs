//! Logs whose columns are named in a line before them: the extended log file format of the W3C, as
//! IIS and CloudFront write it.

use serde_json::{Map, Value};

use super::cursor::Cursor;
use super::evidence::Evidence;
use super::log_json;
use super::piece::PieceKind;

/// Reads the line that names the columns and all lines that have them.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let named = cursor.peek().and_then(|line| line.strip_prefix("#Fields:"));
    let Some(named) = named else { return false };
    let names: Vec<&str> = named.split_ascii_whitespace().collect();
    cursor.next();
    while let Some(line) = cursor.peek() {
        if line.starts_with("#Fields:") || line.trim().is_empty() {
            break;
        }
        cursor.next();
        if line.starts_with('#') {
            continue;
        }
        if let Some(seen) = log_json::entry(&row(&names, line)) {
            evidence.exchange(seen);
        }
    }
    evidence.piece(PieceKind::AccessLog, (first, cursor.last_line()));
    true
}

/// A line as the object that a log in JSON would have.
fn row(names: &[&str], line: &str) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in names.iter().zip(line.split_ascii_whitespace()) {
        if value != "-" {
            object.insert((*name).to_owned(), Value::String(value.to_owned()));
        }
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let time = text("date").zip(text("time"));
    let path = text("cs-uri-stem").map(|path| match text("cs-uri-query") {
        Some(query) => format!("{path}?{query}"),
        None => path,
    });
    if let Some((date, time)) = time {
        object.insert("ts".into(), Value::String(format!("{date}T{time}Z")));
    }
    if let Some(path) = path {
        object.insert("uri".into(), Value::String(path));
    }
    object
}
