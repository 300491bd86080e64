//! Forms in HTML.

use memchr::memchr;

use super::edit::{Edit, Sink};
use super::encoded::html_unescaped;
use super::names::kind_of;

/// `<input name="…" value="…">`, where a form carries what a redirect would carry in its query.
pub fn inputs<S: Sink>(sink: &mut S, text: &[u8], edits: &mut Vec<Edit>) {
    let mut from = 0;
    while let Some(length) = memchr(b'<', &text[from..]) {
        let start = from + length;
        from = start + 1;
        let is_input = text
            .get(from..from + 5)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"input"));
        if !is_input {
            continue;
        }
        let end = tag_end(text, from);
        let value = attribute(text, start, end, b"value");
        let kind = attribute(text, start, end, b"name")
            .and_then(|(start, end)| kind_of(&text[start..end]));
        from = end;
        if let (Some(kind), Some((start, end))) = (kind, value)
            && start < end
        {
            let plain = html_unescaped(&String::from_utf8_lossy(&text[start..end]));
            if let Some(with) = sink.secret(kind, plain.as_bytes()) {
                edits.push(Edit {
                    start,
                    end,
                    with: with.into_bytes(),
                });
            }
        }
    }
}

/// Where the tag ends: at a `>` outside quotes.
fn tag_end(text: &[u8], from: usize) -> usize {
    let limit = text.len().min(from + LONGEST_TAG);
    let mut quote = None;
    for (at, &byte) in text[..limit].iter().enumerate().skip(from) {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote without its other half, or no end at all.
    let length = text[from..limit].iter().position(|&byte| byte == b'>');
    length.map_or(limit, |length| from + length)
}

/// Where the value of a tag's attribute is.
fn attribute(text: &[u8], from: usize, to: usize, name: &[u8]) -> Option<(usize, usize)> {
    let tag = &text[from..to];
    let found = tag
        .windows(name.len() + 1)
        .enumerate()
        .find(|(at, window)| {
            let is_name =
                window[..name.len()].eq_ignore_ascii_case(name) && window[name.len()] == b'=';
            is_name && *at > 0 && tag[at - 1].is_ascii_whitespace()
        });
    let start = from + found?.0 + name.len() + 1;
    let end_at = |start: usize, is_end: &dyn Fn(u8) -> bool| {
        text[start..to]
            .iter()
            .position(|&byte| is_end(byte))
            .map_or(to, |length| start + length)
    };
    Some(match text.get(start)? {
        &quote @ (b'"' | b'\'') => (start + 1, end_at(start + 1, &|byte| byte == quote)),
        _ => (start, end_at(start, &|byte| byte.is_ascii_whitespace())),
    })
}

/// So that a page of tags without an end takes no longer than others.
const LONGEST_TAG: usize = 4096;
