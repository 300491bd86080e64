//! Finds the secrets in a text by the names they stand under, whatever the text is.
//!
//! JSON, event streams, HTML and URLs are read with one lenient reader instead of a parser each: a body that was cut
//! off, or is not quite what its media type says, holds secrets all the same. And what is not secret keeps its exact
//! spelling.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memmem};

use super::encoded::{html_unescaped, json_escaped, json_unescaped, percent_decoded, percent_encoded};
use super::known::Known;
use super::names::{
    ACCESS_TOKEN, CREDENTIALS, Kind, PASSWORD, USERNAME, is_ambiguous, is_plain_word, kind_of, may_end,
};

/// What is done with the secrets found: they are learnt, or replaced.
pub trait Sink {
    /// A secret where it was named; what it is replaced with, if it is.
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String>;

    /// Secrets without a name in `text[from..to]`: known ones, and JWTs.
    fn unnamed(&mut self, text: &[u8], from: usize, to: usize, edits: &mut Vec<Edit>);

    /// The text is written in a way that hides secrets, and has to be decoded.
    fn layered(&mut self) {}
}

/// Replaces `start..end`.
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub with: Vec<u8>,
}

/// The text with its secrets replaced, or none when nothing changes.
pub fn text<S: Sink>(sink: &mut S, text: &[u8]) -> Option<Vec<u8>> {
    nested(sink, text, 0)
}

/// A URL, absolute or not: its user information, query and fragment.
pub fn url<S: Sink>(sink: &mut S, url: &[u8]) -> Option<Vec<u8>> {
    let (rest, fragment) = split_at_byte(url, b'#');
    let (path, query) = split_at_byte(rest, b'?');
    let new_path = user_information(sink, path);
    let path = new_path.as_deref().unwrap_or(path);
    let newer_path = nested(sink, path, 0);
    let new_query = query.and_then(|query| pairs(sink, query, 0));
    let new_fragment = fragment.and_then(|fragment| pairs(sink, fragment, 0));
    if new_path.is_none() && newer_path.is_none() && new_query.is_none() && new_fragment.is_none() {
        return None;
    }
    let mut out = newer_path.unwrap_or_else(|| path.to_vec());
    for (sign, old, new) in [(b'?', query, new_query), (b'#', fragment, new_fragment)] {
        if let Some(old) = old {
            out.push(sign);
            out.extend_from_slice(new.as_deref().unwrap_or(old));
        }
    }
    Some(out)
}

/// A form body.
pub fn form<S: Sink>(sink: &mut S, body: &[u8]) -> Option<Vec<u8>> {
    pairs(sink, body, 0)
}

/// A text in which [`text`] found no name of a secret and no layers: only what is known is looked for.
pub fn quiet<S: Sink>(sink: &mut S, text: &[u8]) -> Option<Vec<u8>> {
    let mut edits = Vec::new();
    sink.unnamed(text, 0, text.len(), &mut edits);
    (!edits.is_empty()).then(|| applied(text, &edits))
}

fn nested<S: Sink>(sink: &mut S, text: &[u8], depth: u8) -> Option<Vec<u8>> {
    if text.len() < 4 {
        return None;
    }
    let mut edits = Vec::new();
    if depth < DEEPEST {
        named(sink, text, &mut edits);
        escaped(sink, text, depth, &mut edits);
        inputs(sink, text, &mut edits);
        edits.sort_by_key(|edit: &Edit| (edit.start, std::cmp::Reverse(edit.end)));
        let mut end = 0;
        edits.retain(|edit| {
            let keep = edit.start >= end;
            end = end.max(edit.end);
            keep
        });
    }
    let mut all = Vec::new();
    let mut at = 0;
    for edit in edits {
        sink.unnamed(text, at, edit.start, &mut all);
        at = edit.end;
        all.push(edit);
    }
    sink.unnamed(text, at, text.len(), &mut all);
    (!all.is_empty()).then(|| applied(text, &all))
}

/// `"name": "value"`, `name=value` and its percent-encoded form.
fn named<S: Sink>(sink: &mut S, text: &[u8], edits: &mut Vec<Edit>) {
    let mut at = 0;
    // The sign between name and value is looked for, since there are fewer of them than of anything else.
    while let Some(length) = text.get(at..).and_then(|rest| memchr3(b':', b'=', b'%', rest)) {
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

/// JSON strings with characters written as `\u0026` or `\/`, which would hide names, signs and secrets. All other
/// escapes are seen through.
fn escaped<S: Sink>(sink: &mut S, text: &[u8], depth: u8, edits: &mut Vec<Edit>) {
    let hides = |text: &[u8]| memmem::find(text, b"\\u").is_some() || memmem::find(text, b"\\/").is_some();
    if !hides(text) {
        return;
    }
    sink.layered();
    // Mistaking a string's end for a begin does no harm: there are no escapes between two strings.
    let mut start = 0;
    while start < text.len() {
        let end = string_end(text, start, 0);
        if hides(&text[start..end])
            && let Some(changed) = nested(sink, &json_unescaped(&text[start..end]), depth + 1)
        {
            edits.push(Edit {
                start,
                end,
                with: json_escaped(&changed),
            });
        }
        start = end + 1;
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

/// What the name before a colon says, and the number of backslashes its quotes have: none in a document, one in JSON
/// that is a string of JSON, three in JSON in JSON in JSON. In scripts names need no quotes.
fn member_name(text: &[u8], colon: usize) -> Option<(Kind, usize)> {
    let space = text[..colon]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_whitespace());
    let mut end = colon - space.take(8).count();
    let mut escapes = 0;
    if let Some(b'"' | b'\'') = text[..end].last() {
        let backslashes = text[..end - 1].iter().rev().take_while(|&&byte| byte == b'\\');
        escapes = backslashes.take(MOST_ESCAPES + 1).count();
        end -= 1 + escapes;
    }
    let may_be = end.checked_sub(1).is_some_and(|last| may_end(text[last]));
    if !may_be || !(escapes + 1).is_power_of_two() || escapes > MOST_ESCAPES {
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
    if is_ambiguous(kind) && is_plain_word(&value) {
        return;
    }
    // A header that was echoed.
    let scheme = [&b"Bearer "[..], b"bearer ", b"DPoP "]
        .into_iter()
        .find(|scheme| kind == CREDENTIALS && value.starts_with(scheme))
        .unwrap_or_default();
    let kind = if scheme.is_empty() { kind } else { ACCESS_TOKEN };
    if let Some(with) = sink.secret(kind, &value[scheme.len()..]) {
        edits.push(Edit {
            start: start + scheme.len(),
            end,
            with: with.into_bytes(),
        });
    }
}

/// With a name before the sign: the secret after it. Returns where to go on.
fn assignment<S: Sink>(sink: &mut S, text: &[u8], sign: usize, after: usize, edits: &mut Vec<Edit>) -> usize {
    let Some(kind) = name_before(text, sign).and_then(kind_of) else {
        return after;
    };
    let (start, end) = match text.get(after) {
        Some(&quote @ (b'"' | b'\'')) => {
            let length = text[after + 1..].iter().position(|&byte| byte == quote);
            (after + 1, length.map_or(text.len(), |length| after + 1 + length))
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

/// `name=value&name=value`.
fn pairs<S: Sink>(sink: &mut S, text: &[u8], depth: u8) -> Option<Vec<u8>> {
    if matches!(text.first(), Some(b'{' | b'[')) {
        return nested(sink, text, depth);
    }
    sink.layered();
    let mut out = Vec::new();
    let mut changed = false;
    for (index, part) in text.split(|&byte| byte == b'&').enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        match pair(sink, part, depth) {
            Some(new) => {
                changed = true;
                out.extend_from_slice(&new);
            }
            None => out.extend_from_slice(part),
        }
    }
    changed.then_some(out)
}

fn pair<S: Sink>(sink: &mut S, part: &[u8], depth: u8) -> Option<Vec<u8>> {
    let Some(sign) = memchr(b'=', part) else {
        return nested(sink, part, depth);
    };
    let (name, value) = (&part[..=sign], &part[sign + 1..]);
    let decoded = percent_decoded(value, true);
    let new = match kind_of(&percent_decoded(&part[..sign], true)) {
        Some(_) if decoded.is_empty() => None,
        Some(kind) => sink.secret(kind, &decoded).map(String::into_bytes),
        None => nested(sink, &decoded, depth + 1).map(|new| percent_encoded(&new)),
    };
    new.map(|new| [name, &new].concat())
}

/// `https://user:password@host`.
fn user_information<S: Sink>(sink: &mut S, url: &[u8]) -> Option<Vec<u8>> {
    let start = url.windows(3).position(|window| window == b"://")? + 3;
    let authority = url[start..].split(|&byte| byte == b'/').next()?;
    let at = authority.iter().rposition(|&byte| byte == b'@')?;
    let (user, password) = split_at_byte(&authority[..at], b':');
    // Alone it is a token more often than a name.
    let kind = if password.is_some() { USERNAME } else { CREDENTIALS };
    let user = sink.secret(kind, &percent_decoded(user, false));
    let password = password.map(|password| sink.secret(PASSWORD, &percent_decoded(password, false)));
    if user.is_none() && password.as_ref().is_none_or(Option::is_none) {
        return None;
    }
    let mut new = user.unwrap_or_default();
    if let Some(password) = password {
        new.push(':');
        new.push_str(&password.unwrap_or_default());
    }
    Some([&url[..start], new.as_bytes(), &url[start + at..]].concat())
}

/// `<input name="…" value="…">`, where a form carries what a redirect would carry in its query.
fn inputs<S: Sink>(sink: &mut S, text: &[u8], edits: &mut Vec<Edit>) {
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
        let kind = attribute(text, start, end, b"name").and_then(|(start, end)| kind_of(&text[start..end]));
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
    let found = tag.windows(name.len() + 1).enumerate().find(|(at, window)| {
        let is_name = window[..name.len()].eq_ignore_ascii_case(name) && window[name.len()] == b'=';
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

/// What [`Known`] finds, as edits.
pub fn known(known: &Known, text: &[u8], from: usize, to: usize, edits: &mut Vec<Edit>) {
    known.find(text, from, to, |start, end, with| {
        edits.push(Edit {
            start,
            end,
            with: with.into_bytes(),
        });
    });
}

pub fn applied(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(&text[at..edit.start]);
        out.extend_from_slice(&edit.with);
        at = edit.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

/// Where the JSON string ends whose inside begins here: at its quote with its backslashes, or the text's end.
fn string_end(text: &[u8], start: usize, escapes: usize) -> usize {
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

fn split_at_byte(text: &[u8], sign: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(sign, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// How many layers of JSON in JSON strings are looked into; below, known secrets and JWTs are still found.
const DEEPEST: u8 = 6;
/// Backslashes before a quote: JSON in JSON, six times.
const MOST_ESCAPES: usize = 63;
const LONGEST_NAME: usize = 40;
/// So that a page of tags without an end takes no longer than others.
const LONGEST_TAG: usize = 4096;
