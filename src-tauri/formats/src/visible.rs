//! What is not seen where it is shown: it moves the cursor, turns the direction of text or hides.

use std::fmt::Write as _;
use std::io::{self, Write};

/// JSON text with what a terminal or a reader would not show as JSON escapes. What is hidden occurs
/// in strings only, except for the line breaks between the parts.
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text of several lines with what would not be seen as its escape. Line breaks and tabs stay.
pub(crate) fn visible_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if is_hidden(c) && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text within another one: written from right to left in part, it must not turn what stands
/// around it (Unicode Standard Annex 9, FIRST STRONG ISOLATE).
pub(crate) fn isolated(text: String) -> String {
    if text.chars().any(is_right_to_left) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text
    }
}

/// Letters of Hebrew, Arabic and the other scripts that are written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and what Unicode calls
/// default-ignorable: zero-width characters, directional marks, variation selectors and tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The same for JSON that is bytes already. It is changed only where there is something to change.
pub(crate) fn visible_json_bytes(json: Vec<u8>) -> Vec<u8> {
    // Everything that is hidden in valid JSON begins with a byte from here on.
    if json.iter().all(|byte| *byte < 0x7f) {
        return json;
    }
    match String::from_utf8(json) {
        Ok(text) if text.chars().any(is_hidden) => visible_json(&text).into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

/// Writes what `serde_json` gives it, which is whole characters each time, visibly.
pub(crate) struct VisibleJson<W>(pub W);

impl<W: Write> Write for VisibleJson<W> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.0.write_all(&visible_json_bytes(json.to_vec()))?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_stays_the_same_value() {
        let odd = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}c\u{2066}\u{200b}\u{feff}\u{e0041}é";
        let value = json!({ odd: [odd] });
        let shown = visible_json_bytes(value.to_string().into_bytes());
        let shown = String::from_utf8(shown).unwrap();
        assert!(!shown.contains(is_hidden) && shown.contains('é'), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        assert_eq!(visible_json_bytes(b"{\"a\":1}".to_vec()), b"{\"a\":1}");
    }
}
