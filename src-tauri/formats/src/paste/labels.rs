//! Lines of logs whose parts have names: `method=POST path=/mcp status=401`,
//! `[httpRequest.status: 401] https://…`.

use serde_json::{Map, Value};

use super::cursor::Cursor;
use super::evidence::{Evidence, Seen};
use super::log_json;
use super::log_line::{LONGEST, MOST_WORDS, is_address};
use super::piece::PieceKind;

/// Reads such a line, if the next one is one.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let line = cursor.peek().filter(|line| line.len() < LONGEST);
    let Some(seen) = line.and_then(labelled) else {
        return false;
    };
    cursor.next();
    evidence.exchange(seen);
    evidence.piece(PieceKind::RequestRow, (number, number));
    true
}

fn labelled(line: &str) -> Option<Seen> {
    if !line.contains("ethod") {
        return None;
    }
    let mut object = Map::new();
    let mut words = line
        .split([' ', '\t', ',', '[', ']', ';', '{', '}'])
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS);
    let mut named: Option<&str> = None;
    for word in words.by_ref() {
        if let Some(name) = named.take() {
            object.entry(last_part(name)).or_insert_with(|| value(word));
        } else if is_address(word) && word.starts_with("http") {
            object.entry("url").or_insert_with(|| value(word));
        } else if let Some((name, said)) = word.split_once('=').or_else(|| word.split_once(':')) {
            if said.is_empty() {
                named = Some(name);
            } else {
                object.entry(last_part(name)).or_insert_with(|| value(said));
            }
        }
    }
    log_json::entry(&object)
}

fn last_part(name: &str) -> &str {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.trim_matches(['"', '\''])
}

fn value(text: &str) -> Value {
    Value::String(text.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_names() {
        for line in [
            "time=2026-11-26T10:00:01Z level=INFO msg=\"http request\" method=POST path=/mcp status=401",
            "WARNING 2026 [httpRequest.requestMethod: POST] [httpRequest.status: 401] \
             [httpRequest.responseSize: 117 B] https://a.example/mcp",
        ] {
            let seen = labelled(line).expect(line);
            assert_eq!(
                (seen.method.as_deref(), seen.status),
                (Some("POST"), Some(401))
            );
        }
        assert!(labelled("method=POST path=/mcp").is_none());
        assert!(labelled("The method: POST, the status: 401").is_none());
    }
}
