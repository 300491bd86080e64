//! A text with pseudonyms, taken apart at them.

use std::collections::HashMap;

use crate::redact::{MARK, Redactor};

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// The name of the variable that holds a secret.
    Variable(&'a str),
}

/// The variable of each pseudonym.
#[derive(Default)]
pub struct Variables(HashMap<String, String>);

impl Variables {
    /// `ACCESS_TOKEN`, and `ACCESS_TOKEN_2` for another one.
    pub fn of(redactor: &Redactor) -> Self {
        let name = |(kind, pseudonym): (&str, &str)| {
            let number = pseudonym.rsplit('-').next().filter(|number| *number != "1");
            let number = number
                .map(|number| format!("_{number}"))
                .unwrap_or_default();
            (pseudonym.to_string(), kind.to_ascii_uppercase() + &number)
        };
        Self(redactor.pseudonyms().map(name).collect())
    }

    /// The text's parts, none of them empty.
    pub fn pieces<'a>(&'a self, text: &'a str) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let (mut plain, mut from) = (0, 0);
        while let Some(length) = text[from..].find(MARK) {
            let start = from + length;
            from = start + MARK.len();
            if let Some((pseudonym, variable)) = self.pseudonym(&text[start..]) {
                if plain < start {
                    pieces.push(Piece::Text(&text[plain..start]));
                }
                pieces.push(Piece::Variable(variable));
                plain = start + pseudonym.len();
                from = plain;
            }
        }
        if plain < text.len() {
            pieces.push(Piece::Text(&text[plain..]));
        }
        pieces
    }

    /// The longest pseudonym that the text starts with: `…-12`, not `…-1`.
    fn pseudonym<'a>(&'a self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"_-0123456789".contains(byte);
        let length = text.bytes().take(LONGEST).take_while(is_part).count();
        (MARK.len()..=length).rev().find_map(|end| {
            let pseudonym = &text[..end];
            Some((pseudonym, self.0.get(pseudonym)?.as_str()))
        })
    }
}

/// Bytes of a pseudonym, at most.
const LONGEST: usize = 64;
