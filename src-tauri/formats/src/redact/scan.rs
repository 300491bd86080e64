//! Finds the secrets in a text by the names they stand under, whatever the text is.
//!
//! JSON, event streams, HTML and URLs are read with one lenient reader instead of a parser each: a
//! body that was cut off, or is not quite what its media type says, holds secrets all the same. And
//! what is not secret keeps its exact spelling.

use std::borrow::Cow;

use memchr::memmem;

use super::edit::{Edit, Sink};
use super::encoded::{html_escaped, html_unescaped, json_escaped, json_unescaped};
use super::html::inputs;
use super::known::Known;
use super::member::{named, string_end};

/// The text with its secrets replaced, or `None` when nothing changes.
pub fn text<S: Sink>(sink: &mut S, text: &[u8]) -> Option<Vec<u8>> {
    nested(sink, text, 0)
}

/// A text in which [`text`] found no name of a secret and no layers: only what is known is looked
/// for.
pub fn quiet<S: Sink>(sink: &mut S, text: &[u8]) -> Option<Vec<u8>> {
    let mut edits = Vec::new();
    sink.unnamed(text, 0, text.len(), &mut edits);
    (!edits.is_empty()).then(|| applied(text, &edits))
}

pub fn nested<S: Sink>(sink: &mut S, text: &[u8], depth: u8) -> Option<Vec<u8>> {
    if text.len() < 4 {
        return None;
    }
    let mut edits = Vec::new();
    if depth < DEEPEST {
        named(sink, text, &mut edits);
        escaped(sink, text, depth, &mut edits);
        referred(sink, text, depth, &mut edits);
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

/// JSON strings with characters written as `\u0026` or `\/`, which would hide names, signs and
/// secrets. All other escapes are seen through.
fn escaped<S: Sink>(sink: &mut S, text: &[u8], depth: u8, edits: &mut Vec<Edit>) {
    let hides =
        |text: &[u8]| memmem::find(text, b"\\u").is_some() || memmem::find(text, b"\\/").is_some();
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

/// Words with characters written as references of HTML, in whatever mixture. What an ellipsis left
/// of a reference does not hide what stands before it.
fn referred<S: Sink>(sink: &mut S, text: &[u8], depth: u8, edits: &mut Vec<Edit>) {
    if memmem::find(text, b"&#").is_none() {
        return;
    }
    sink.layered();
    let mut start = 0;
    for word in text.split(|byte| byte.is_ascii_whitespace() || b"<>\"'\\".contains(byte)) {
        let end = start + word.len();
        if memmem::find(word, b"&#").is_some()
            && let Ok(word) = std::str::from_utf8(word)
        {
            let plain = html_unescaped(word);
            let plain = without_broken_reference(&plain);
            if *plain != *word
                && let Some(changed) = nested(sink, plain.as_bytes(), depth + 1)
            {
                let with = html_escaped(&String::from_utf8_lossy(&changed)).into_bytes();
                edits.push(Edit { start, end, with });
            }
        }
        start = end + 1;
    }
}

fn without_broken_reference(word: &str) -> Cow<'_, str> {
    let broken = word.strip_suffix('…').and_then(|quoted| {
        let (before, reference) = quoted.rsplit_once('&')?;
        let is_begun = reference.is_empty() || reference.starts_with('#');
        is_begun.then(|| format!("{before}…"))
    });
    broken.map_or(Cow::Borrowed(word), Cow::Owned)
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

/// How many layers of JSON in JSON strings are looked into; below, known secrets and JWTs are still
/// found.
const DEEPEST: u8 = 6;

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use trace::Secret;

    #[test]
    fn a_secret_in_mixed_references_is_found_whole_and_broken_off() {
        let secret = "S3cret+value/of=a-token";
        let redactor_of = [("client_secret".to_owned(), Secret::new(secret))];
        let trace = trace::Trace::new("https://mcp.example/mcp", trace::Timestamp(0));
        let redactor = Redactor::of(&trace, &redactor_of);
        let mixed = "S&#51;cret&#x2b;val&#117;e&#x2F;of&#61;a&#45;token";
        for (said, expected) in [
            (format!("<p>{mixed}</p>"), "<p>redacted-client_secret-1</p>"),
            (
                format!("{{\"echo\":\"{mixed}\"}}"),
                "{\"echo\":\"redacted-client_secret-1\"}",
            ),
            (
                "it says: S&#51;cret&#x2b;val&#1…".to_owned(),
                "it says: redacted-client_secret-1&#8230;",
            ),
            (
                "it says: S&#51;cret&#x2b;val&… and".to_owned(),
                "it says: redacted-client_secret-1&#8230; and",
            ),
        ] {
            assert_eq!(redactor.text(&said), expected);
        }
        for lawful in ["Tom &#38; Jerry's &#8230;", "a&#1…", "&#60;p&#62; x &# &"] {
            assert_eq!(redactor.text(lawful), lawful);
        }
    }
}
