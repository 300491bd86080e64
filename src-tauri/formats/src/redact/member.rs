//! Secrets that stand after their name: members of JSON objects, parameters, assignments.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

use super::edit::{Edit, Sink};
use super::encoded::{json_unescaped, percent_decoded};
use super::names::{
    ACCESS_TOKEN, CODE, CREDENTIALS, Kind, is_ambiguous, is_other_meaning, kind_of, may_end_name,
};

/// `"name": "value"`, `name=value` and its percent-encoded form.
pub fn named<S: Sink>(sink: &mut S, text: &[u8], edits: &mut Vec<Edit>) {
    let mut at = 0;
    // The sign between name and value is looked for, since there are fewer of them than of anything
    // else.
    while let Some(length) = text
        .get(at..)
        .and_then(|rest| memchr3(b':', b'=', b'%', rest))
    {
        let sign = at + length;
        at = match text[sign] {
            b':' => member(sink, text, sign, edits),
            b'=' => assignment(sink, text, sign, sign + 1, edits),
            _ if matches!(text.get(sign + 1..sign + 3), Some(b"3D" | b"3d")) => {
                assignment(sink, text, sign, sign + 3, edits)
            }
            _ => sign + 1,
        };
    }
}

/// With a quoted name before the colon: the secret after it. Returns where to go on.
fn member<S: Sink>(sink: &mut S, text: &[u8], colon: usize, edits: &mut Vec<Edit>) -> usize {
    let after = colon + 1;
    let Some((kind, escapes)) = member_name(text, colon) else {
        return after;
    };
    let at = skip_space(text, after);
    match text.get(at) {
        Some(b'[') => {
            let mut at = at + 1;
            loop {
                at = skip_space(text, at);
                if text.get(at) == Some(&b',') {
                    at += 1;
                    continue;
                }
                match quoted(text, at, escapes) {
                    Some((start, end)) => {
                        string(sink, kind, text, (start, end), escapes, edits);
                        at = end + escapes + 1;
                    }
                    None => return at.max(after),
                }
            }
        }
        Some(b'{') if !is_ambiguous(kind) => within(sink, kind, text, at, escapes, edits),
        Some(b'0'..=b'9' | b'-') if !is_ambiguous(kind) => {
            let is_number = |byte: &&u8| byte.is_ascii_digit() || b"-+.eE".contains(byte);
            let end = at + text[at..].iter().take_while(is_number).count();
            let quote = [&b"\\".repeat(escapes)[..], b"\""].concat();
            if let Some(with) = sink.secret(kind, &text[at..end]) {
                edits.push(Edit {
                    start: at,
                    end,
                    with: [&quote, with.as_bytes(), &quote].concat(),
                });
            }
            end
        }
        _ => match quoted(text, at, escapes) {
            Some((start, end)) => {
                string(sink, kind, text, (start, end), escapes, edits);
                end
            }
            None => after,
        },
    }
}

/// With an object where a secret was to be: every text in it that could be one. Words, as a schema
/// of the member has them, could not. Returns where to go on.
fn within<S: Sink>(
    sink: &mut S,
    kind: Kind,
    text: &[u8],
    start: usize,
    escapes: usize,
    edits: &mut Vec<Edit>,
) -> usize {
    let mut depth = 0;
    let mut at = start;
    loop {
        at = skip_space(text, at);
        if let Some((start, end)) = quoted(text, at, escapes) {
            at = skip_space(text, text.len().min(end + escapes + 1));
            let value = &text[start..end];
            let is_name = text.get(at) == Some(&b':');
            let could_be = value.len() >= LONG && value.iter().all(u8::is_ascii_graphic);
            if !is_name && could_be {
                string(sink, kind, text, (start, end), escapes, edits);
            }
            continue;
        }
        match text.get(at) {
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => depth -= 1,
            Some(_) => {}
            None => return at,
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

/// What the name before a colon says, and the number of backslashes its quotes have: none in a
/// document, one in JSON that is a string of JSON, three in JSON in JSON in JSON. In scripts names
/// need no quotes.
fn member_name(text: &[u8], colon: usize) -> Option<(Kind, usize)> {
    let space = text[..colon]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_whitespace());
    let mut end = colon - space.take(8).count();
    let mut escapes = 0;
    if let Some(b'"' | b'\'') = text[..end].last() {
        let backslashes = text[..end - 1]
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\');
        escapes = backslashes.take(MOST_ESCAPES + 1).count();
        end -= 1 + escapes;
    }
    if !may_end_name(&text[..end]) || !(escapes + 1).is_power_of_two() || escapes > MOST_ESCAPES {
        return None;
    }
    let name = name_before(text, end)?;
    Some((kind_of(name)?, escapes))
}

/// The inside of the string whose quote, with its backslashes, is here.
fn quoted(text: &[u8], at: usize, escapes: usize) -> Option<(usize, usize)> {
    let quote = at + escapes;
    if !text.get(at..quote)?.iter().all(|&byte| byte == b'\\') {
        return None;
    }
    match text.get(quote)? {
        b'"' => Some((quote + 1, string_end(text, quote + 1, escapes))),
        b'\'' => {
            let length = memchr(b'\'', &text[quote + 1..])?;
            Some((quote + 1, quote + 1 + length))
        }
        _ => None,
    }
}

fn string<S: Sink>(
    sink: &mut S,
    kind: Kind,
    text: &[u8],
    (start, end): (usize, usize),
    escapes: usize,
    edits: &mut Vec<Edit>,
) {
    let mut value = json_unescaped(&text[start..end]);
    for _ in 0..(escapes + 1).ilog2() {
        value = Cow::Owned(json_unescaped(&value).into_owned());
    }
    if is_other_meaning(kind, &value) || (kind == CODE && sink.is_error()) {
        return;
    }
    // A header that was echoed.
    let scheme = [&b"Bearer "[..], b"bearer ", b"DPoP "]
        .into_iter()
        .find(|scheme| kind == CREDENTIALS && value.starts_with(scheme))
        .unwrap_or_default();
    let kind = if scheme.is_empty() {
        kind
    } else {
        ACCESS_TOKEN
    };
    if let Some(with) = sink.secret(kind, &value[scheme.len()..]) {
        edits.push(Edit {
            start: start + scheme.len(),
            end,
            with: with.into_bytes(),
        });
    }
}

/// With a name before the sign: the secret after it. Returns where to go on.
fn assignment<S: Sink>(
    sink: &mut S,
    text: &[u8],
    sign: usize,
    after: usize,
    edits: &mut Vec<Edit>,
) -> usize {
    let Some(kind) = name_before(text, sign).and_then(kind_of) else {
        return after;
    };
    let (start, end) = match text.get(after) {
        Some(&quote @ (b'"' | b'\'')) => {
            let length = text[after + 1..].iter().position(|&byte| byte == quote);
            (
                after + 1,
                length.map_or(text.len(), |length| after + 1 + length),
            )
        }
        _ => {
            let is_encoded = after - sign > 1;
            let ends = |(at, byte): (usize, &u8)| {
                byte.is_ascii_whitespace()
                    || b"&;\"'<>#,()[]{}\\".contains(byte)
                    || (is_encoded && *byte == b'%' && text[after + at..].starts_with(b"%26"))
            };
            let length = text[after..]
                .iter()
                .enumerate()
                .position(|(at, byte)| ends((at, byte)));
            (after, length.map_or(text.len(), |length| after + length))
        }
    };
    if start == end {
        return after;
    }
    let value = percent_decoded(&text[start..end], false);
    if let Some(with) = sink.secret(kind, &value) {
        edits.push(Edit {
            start,
            end,
            with: with.into_bytes(),
        });
    }
    end
}

fn name_before(text: &[u8], sign: usize) -> Option<&[u8]> {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let length = text[..sign]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(is_name)
        .count();
    let start = sign - length;
    // `%26code`: the digits belong to the sign.
    let start = if start > 0 && text[start - 1] == b'%' {
        start + 2
    } else {
        start
    };
    text.get(start..sign).filter(|name| !name.is_empty())
}

/// Where the JSON string ends whose inside begins here: at its quote with its backslashes, or the
/// text's end.
pub fn string_end(text: &[u8], start: usize, escapes: usize) -> usize {
    let mut at = start;
    while let Some(length) = text.get(at..).and_then(|rest| memchr(b'"', rest)) {
        let quote = at + length;
        let backslashes = text[at..quote]
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        // Every level doubles the backslashes before a quote that belongs to the string.
        if backslashes >= escapes && (backslashes - escapes).is_multiple_of(2 * (escapes + 1)) {
            return quote - escapes;
        }
        at = quote + 1;
    }
    text.len()
}

/// White space, also as it is written in a string: `\n`.
fn skip_space(text: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let backslashes = rest
            .iter()
            .take(MOST_ESCAPES)
            .take_while(|&&byte| byte == b'\\')
            .count();
        at += match rest.get(backslashes) {
            Some(b'n' | b'r' | b't') if backslashes > 0 => backslashes + 1,
            Some(byte) if backslashes == 0 && byte.is_ascii_whitespace() => 1,
            _ => return at,
        };
    }
}

/// Backslashes before a quote: JSON in JSON, six times.
const MOST_ESCAPES: usize = 63;
const LONGEST_NAME: usize = 40;
/// Bytes from which on a text within an object is a secret and no word.
const LONG: usize = 16;
