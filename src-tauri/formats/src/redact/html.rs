//! Forms in HTML.

use memchr::memchr;

use super::edit::{Edit, Sink};
use super::encoded::html_unescaped;
use super::names::{FORM_VALUE, Kind, is_made_up, kind_of};

/// `<input name="…" value="…">`, where a form carries what a redirect would carry in its query. A
/// hidden one that somebody made up may stand for the whole login, whatever its name.
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
        let input = Input {
            name: part(text, attribute(text, start, end, b"name")),
            kind: part(text, attribute(text, start, end, b"type")),
        };
        let value = attribute(text, start, end, b"value");
        from = end;
        if let Some((start, end)) = value.filter(|(start, end)| start < end) {
            let plain = html_unescaped(&String::from_utf8_lossy(&text[start..end]));
            let kind = input.holds(plain.as_bytes());
            if let Some(with) = kind.and_then(|kind| sink.secret(kind, plain.as_bytes())) {
                edits.push(Edit {
                    start,
                    end,
                    with: with.into_bytes(),
                });
            }
        }
    }
}

/// What a tag says of an input besides its value.
struct Input<'a> {
    name: &'a [u8],
    kind: &'a [u8],
}

impl Input<'_> {
    fn holds(&self, value: &[u8]) -> Option<Kind> {
        let is_hidden = self.kind.eq_ignore_ascii_case(b"hidden");
        // Who the client is stays readable everywhere else, too.
        let is_public = self.name.eq_ignore_ascii_case(b"client_id");
        let made_up = is_hidden && !is_public && is_made_up(value);
        kind_of(self.name).or_else(|| made_up.then_some(FORM_VALUE))
    }
}

fn part(text: &[u8], place: Option<(usize, usize)>) -> &[u8] {
    place.map_or(&[], |(start, end)| &text[start..end])
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
