//! Texts as JavaScript and Python write them.

use std::fmt::Write as _;

use super::pieces::{Piece, Variables};
use crate::visible::is_hidden;

/// How a language writes a text with variables in it.
pub struct Writing<'a> {
    pub variables: &'a Variables,
    /// Writes a character outside the basic plane that must not stand there as it is.
    pub astral: fn(char) -> String,
    /// What percent-encodes a variable: its name in the language and its further arguments.
    pub encode: (&'static str, &'static str),
}

impl Writing<'_> {
    /// An expression for the text.
    pub fn text(&self, text: &str) -> String {
        self.expression(text, |name| name.to_owned())
    }

    /// The same for a URL or a form, where a secret has to be percent-encoded.
    pub fn encoded(&self, text: &str) -> String {
        let (function, rest) = self.encode;
        self.expression(text, |name| format!("{function}({name}{rest})"))
    }

    /// In double quotes.
    pub fn literal(&self, text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                hidden if is_hidden(hidden) && u32::from(hidden) < 0x1_0000 => {
                    let _ = write!(out, "\\u{:04x}", u32::from(hidden));
                }
                hidden if is_hidden(hidden) => out.push_str(&(self.astral)(hidden)),
                visible => out.push(visible),
            }
        }
        out.push('"');
        out
    }

    fn expression(&self, text: &str, variable: impl Fn(&str) -> String) -> String {
        let piece = |piece: Piece<'_>| match piece {
            Piece::Text(text) => self.literal(text),
            Piece::Variable(name) => variable(name),
        };
        let pieces: Vec<String> = self.variables.pieces(text).into_iter().map(piece).collect();
        if pieces.is_empty() {
            return "\"\"".into();
        }
        pieces.join(" + ")
    }
}

/// The variables that stand in the code, each once, in order.
pub fn used<'a>(variables: &'a Variables, texts: &[&'a str]) -> Vec<&'a str> {
    let mut used = Vec::new();
    for text in texts {
        for piece in variables.pieces(text) {
            if let Piece::Variable(name) = piece
                && !used.contains(&name)
            {
                used.push(name);
            }
        }
    }
    used
}
