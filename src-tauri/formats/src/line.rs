//! Texts as one line: servers wrote some of the words that are shown, and none of them may break a
//! line, move a cursor or turn what stands around it.

use crate::redact::Redactor;
use crate::visible::{is_hidden, isolated};

/// A server's words in a diagram: without secrets, one line of limited length, and turning nothing
/// around them.
pub fn words(text: &str, redactor: &Redactor) -> String {
    isolated(clean(&redactor.text(text)))
}

/// The same in a report, where a long text is told whole.
pub fn line(text: &str, redactor: &Redactor) -> String {
    isolated(clean_line(&redactor.text(text)))
}

/// One line of visible characters: what would move the cursor, break the line or turn the reading
/// direction is written as its escape.
pub fn clean_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push(' '),
            hidden if is_hidden(hidden) => out.extend(hidden.escape_unicode()),
            visible => out.push(visible),
        }
    }
    out
}

/// The same of limited length.
pub fn clean(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => clean_line(&text[..end]) + "…",
        None => clean_line(text),
    }
}

/// The start and the end of a text that has more characters.
pub fn cut_middle(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.into();
    }
    let start: String = text.chars().take(most / 2).collect();
    let end: String = text.chars().skip(length - (most - 1 - most / 2)).collect();
    format!("{start}…{end}")
}

/// Characters; a longer text tells no more in a diagram.
const LONGEST: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_without_invisible_characters() {
        let hostile = "a\r\nb\u{202e}c\u{1b}[31m\u{2028}\u{85}\tü漢";
        let text = clean(hostile);
        assert_eq!(text, "a\\r\\nb\\u{202e}c\\u{1b}[31m\\u{2028}\\u{85} ü漢");
        assert_eq!(clean(&"ä".repeat(900)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn what_is_written_from_right_to_left_is_isolated() {
        let arabic = "\u{627}\u{644}";
        let isolated = words(arabic, &Redactor::default());
        assert_eq!(isolated, format!("\u{2068}{arabic}\u{2069}"));
        assert_eq!(words("abc", &Redactor::default()), "abc");
    }
}
