//! Objects as programs print them and people shorten them: in single quotation marks, with names
//! without any, with `None` and `undefined`, comments, and three dots where something was left out.

use serde_json::Value;

/// The object at the start of a text, how long it is there, and whether something was left out of
/// it. `None` for what is not an object, and for what has nothing between its braces.
pub fn object(text: &str) -> Option<(Value, usize, bool)> {
    if !text.starts_with('{') {
        return None;
    }
    let mut reading = Reading {
        rest: text,
        json: String::new(),
        left_out: false,
    };
    let mut depth = 0_usize;
    loop {
        reading.skip()?;
        let next = reading.rest.chars().next()?;
        match next {
            '{' | '[' => {
                depth += 1;
                reading.sign(next);
            }
            '}' | ']' => {
                depth -= 1;
                let kept = reading.json.trim_end_matches(',').len();
                reading.json.truncate(kept);
                reading.sign(next);
                if depth == 0 {
                    break;
                }
            }
            ',' if reading.json.ends_with([',', '{', '[']) => reading.rest = &reading.rest[1..],
            ',' | ':' => reading.sign(next),
            '=' if reading.rest.starts_with("=>") => {
                reading.rest = &reading.rest[1..];
                reading.sign(':');
            }
            '"' | '\'' => reading.text(next)?,
            _ => reading.word()?,
        }
        if depth > DEEPEST {
            return None;
        }
    }
    let value: Value = serde_json::from_str(&reading.json).ok()?;
    let is_something = value.as_object().is_some_and(|object| !object.is_empty());
    is_something.then(|| (value, text.len() - reading.rest.len(), reading.left_out))
}

struct Reading<'a> {
    rest: &'a str,
    /// What was read, as JSON.
    json: String,
    left_out: bool,
}

impl Reading<'_> {
    /// Takes a sign of one byte; `:` for the arrow of another language.
    fn sign(&mut self, sign: char) {
        self.json.push(sign);
        self.rest = &self.rest[1..];
    }

    /// Passes over spaces, comments and what stands for something left out.
    fn skip(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("//") {
                self.rest = self.rest.split_once('\n')?.1;
                // Where a list is explained, more of it may be meant.
                self.left_out = true;
            } else if self.rest.starts_with("/*") {
                self.rest = self.rest.split_once("*/")?.1;
            } else if let Some(rest) = ["...", "\u{2026}"]
                .iter()
                .find_map(|dots| self.rest.strip_prefix(dots))
            {
                self.rest = rest;
                self.left_out = true;
            } else {
                return Some(());
            }
        }
    }

    fn text(&mut self, quote: char) -> Option<()> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        let end = loop {
            let (at, character) = characters.next()?;
            match character {
                '\\' => match characters.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'u' => {
                        let code: String =
                            characters.by_ref().take(4).map(|(_, one)| one).collect();
                        let code = u32::from_str_radix(&code, 16).ok()?;
                        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    other => text.push(other),
                },
                // Dictionaries are printed on one line.
                '\n' => return None,
                _ if character == quote => break at + 1,
                _ => text.push(character),
            }
        };
        self.rest = &self.rest[end..];
        self.json += &Value::String(text).to_string();
        Some(())
    }

    /// A name, a number, or one of the words that stand for a value.
    fn word(&mut self) -> Option<()> {
        let is_part = |one: char| one.is_alphanumeric() || "_$-.+".contains(one);
        let end = self
            .rest
            .find(|one| !is_part(one))
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..end).filter(|word| !word.is_empty())?;
        self.rest = &self.rest[end..];
        let is_name = self.rest.trim_start().starts_with(':');
        self.json += &match word {
            _ if is_name => Value::String(word.to_owned()).to_string(),
            "None" | "null" | "undefined" | "nil" => "null".to_owned(),
            "True" | "true" => "true".to_owned(),
            "False" | "false" => "false".to_owned(),
            number if number.parse::<f64>().is_ok() => number.to_owned(),
            _ => return None,
        };
        Some(())
    }
}

const DEEPEST: usize = 40;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_programs_print() {
        let of = |text: &str| object(text).map(|(value, _, left_out)| (value, left_out));
        assert_eq!(
            of("{'error': 'invalid_grant', 'uri': None, 'ok': False} 3"),
            Some((
                json!({"error": "invalid_grant", "uri": null, "ok": false}),
                false
            ))
        );
        assert_eq!(
            of("{\n  issuer: 'https://a',\n  types: [ 'code' ],\n}"),
            Some((json!({"issuer": "https://a", "types": ["code"]}), false))
        );
        assert_eq!(
            of("{\"a\": \"b\",\n ...\n \"c\": [1, 2],\n // more\n}"),
            Some((json!({"a": "b", "c": [1, 2]}), true))
        );
        assert_eq!(of("{:a => 'it\\'s'}"), None);
        assert_eq!(of("{\"a\" => \"b\"}"), Some((json!({"a": "b"}), false)));
    }

    #[test]
    fn what_is_no_object_is_left() {
        for text in [
            "{}",
            "{ [149 bytes data]",
            "{ return x; }",
            "{'a': ",
            "{]",
            "[1]",
            "{a b}",
        ] {
            assert!(object(text).is_none(), "{text}");
        }
    }
}
