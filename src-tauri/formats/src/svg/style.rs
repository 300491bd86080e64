//! How the diagram looks, and how a text stands in it.

/// How the diagram looks; every selector is below `.diagram`.
pub const STYLE: &str = include_str!("diagram.css");

/// A text between tags or in a quoted attribute of XML and HTML. Characters that neither can hold,
/// or that nobody would see, are removed before.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 section 2.2 leaves these out of its characters.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}
