//! Bodies, by their media type.

use super::edit::Sink;
use super::scan;
use super::url;

/// The body with its secrets replaced; `None` when nothing changes.
pub fn body<S: Sink>(sink: &mut S, body: &[u8], media: Option<&str>) -> Option<Vec<u8>> {
    if is_form(media) {
        url::form(sink, body)
    } else {
        scan::text(sink, body)
    }
}

/// Whether a body of this media type is a form.
pub fn is_form(media: Option<&str>) -> bool {
    media.is_some_and(|media| {
        media
            .trim_start()
            .get(..FORM.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    })
}

/// Whether secrets in a body can be seen at all: not when it is compressed, or in an encoding that
/// is not ASCII's.
pub fn is_readable(body: &[u8], coding: Option<&str>) -> bool {
    let is_plain = coding.is_none_or(|coding| {
        coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case("identity")
    });
    let is_utf16 = body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]);
    body.is_empty() || (is_plain && !is_utf16)
}

const FORM: &str = "application/x-www-form-urlencoded";
