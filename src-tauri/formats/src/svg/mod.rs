//! The sequence diagram as a picture, as the window draws it.

mod draw;
mod lanes;
mod style;

use std::io::{self, BufWriter, Write};

use crate::format::{About, Export, Format, Kind};

pub use draw::{Within, draw};
pub use style::{STYLE, escaped};

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
