//! Finds the secrets in a text by the names they stand under, whatever the text is.
//!
//! JSON, event streams, HTML and URLs are read with one lenient reader instead of a parser each: a
//! body that was cut off, or is not quite what its media type says, holds secrets all the same. And
//! what is not secret keeps its exact spelling.

use memchr::memmem;

use super::edit::{Edit, Sink};
use super::encoded::{json_escaped, json_unescaped};
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
