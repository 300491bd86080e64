//! The sequence diagram as a picture, as the window draws it.

mod draw;
mod lanes;

use std::io::{self, BufWriter, Write};

use crate::format::{About, Export, Format, Kind};

pub use draw::{Within, draw};

/// `.svg`.
pub struct Svg;

impl Format for Svg {
    fn about(&self) -> About {
        About {
            id: "svg",
            title: "SVG picture",
            extensions: &["svg"],
            media_type: "image/svg+xml",
            can_read: false,
            can_write: true,
            holds_secrets: false,
            kind: Kind::Diagram,
            explanation: "The sequence diagram as it is drawn, for documents and slides.",
        }
    }

    fn write(&self, export: &Export<'_>, to: &mut dyn Write) -> io::Result<()> {
        let redactor = export.redactor();
        let mut to = BufWriter::new(to);
        draw(export, &redactor, Within::File, &mut to)?;
        to.flush()
    }
}

/// How the diagram looks; every selector is below `.diagram`.
pub const STYLE: &str = include_str!("diagram.css");

/// A text between tags or in a quoted attribute of XML and HTML. What neither can hold, or nobody
/// would see, is gone before.
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
