//! What clients print when they fail, and which rules it may be.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A text that a client prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientText {
    /// `{}` stands for whatever is there.
    pub text: String,
    /// Who prints it.
    pub client: String,
    /// Codes of the rules that it may be, the likeliest first.
    pub rules: Vec<String>,
    /// What it means, in one or two sentences.
    pub means: String,
    /// Where it was found.
    pub source: String,
}

static TEXTS: LazyLock<Vec<ClientText>> = LazyLock::new(|| {
    // A test reads the whole file.
    serde_json::from_str(include_str!("../explain/texts.json")).unwrap_or_default()
});

/// Every text that is known.
pub fn known_texts() -> &'static [ClientText] {
    &TEXTS
}

/// The known texts that are in what a client printed, or of which it is a part: the closest first.
pub fn explain(printed: &str) -> Vec<&'static ClientText> {
    let printed = plain(printed);
    if printed.chars().count() < SHORTEST {
        return Vec::new();
    }
    // A plain word is in too many texts to stand for one.
    let is_word = printed.chars().all(char::is_alphabetic) && printed.len() < LONG_WORD;
    let is_part = !is_word && !is_code(&printed);
    let cut = cut_end(&printed);
    let mut found: Vec<&ClientText> = TEXTS
        .iter()
        .filter(|known| {
            let text = plain(&known.text);
            has_all(&printed, &text)
                || is_part && text.contains(&printed)
                || cut.is_some_and(|cut| ends_with_start(cut, &text))
        })
        .collect();
    found.sort_by_key(|known| std::cmp::Reverse(known.text.len()));
    found
}

/// An error code: `invalid_client` is another one than `invalid_client_metadata`.
fn is_code(text: &str) -> bool {
    text.contains('_') && text.chars().all(is_of_code)
}

fn is_of_code(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

/// Whether the parts of a known text are in what was printed, in this order.
fn has_all(printed: &str, text: &str) -> bool {
    if is_code(text) {
        return printed
            .split(|one| !is_of_code(one))
            .any(|word| word == text);
    }
    let mut rest = printed;
    text.split("{}").map(str::trim).all(|part| {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        true
    })
}

/// What stands before the dots of a text that was cut for want of room.
fn cut_end(printed: &str) -> Option<&str> {
    let cut = printed
        .strip_suffix('\u{2026}')
        .or_else(|| printed.strip_suffix("..."))?;
    Some(cut.trim_end())
}

/// Whether a text that was cut ends with the start of a known one.
fn ends_with_start(cut: &str, text: &str) -> bool {
    let lengths = text.char_indices().map(|(at, _)| at);
    let mut starts = lengths
        .filter(|length| *length >= CUT)
        .map(|length| &text[..length]);
    starts.any(|start| cut.ends_with(start))
}

/// In lower case, with plain quotation marks and single spaces, without the frame that a terminal
/// draws around it, and without what a logger escaped.
fn plain(text: &str) -> String {
    let text = text
        .to_lowercase()
        .replace("\\n", " ")
        .replace("\\\"", "\"")
        .replace(is_frame, " ")
        .replace(['\u{2018}', '\u{2019}', '`'], "'")
        .replace(['\u{201c}', '\u{201d}'], "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Signs of which boxes are drawn.
fn is_frame(one: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&one)
}

/// Bytes of a word that tells by itself.
const LONG_WORD: usize = 16;
/// Bytes of a known text that have to stand before a cut.
const CUT: usize = 20;
/// Characters; a shorter text is in too many others.
const SHORTEST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_names_rules_that_there_are_and_its_source() {
        let texts: Vec<ClientText> =
            serde_json::from_str(include_str!("../explain/texts.json")).unwrap();
        assert!(texts.len() >= 60, "{}", texts.len());
        for text in &texts {
            assert!(!text.rules.is_empty(), "{}", text.text);
            for code in &text.rules {
                let known = crate::catalogue().iter().any(|rule| rule.code == *code);
                assert!(known, "{code} in {}", text.text);
            }
            assert!(text.source.starts_with("https://"), "{}", text.text);
            assert!(text.means.ends_with('.'), "{}", text.means);
            let found = explain(&text.text.replace("{}", "x"));
            assert!(found.contains(&text), "{}", text.text);
        }
    }

    #[test]
    fn a_text_is_found_in_a_line_of_a_log_and_by_a_part_of_it() {
        let first = |printed: &str| Some(explain(printed).first()?.rules[0].as_str());
        let line = "Error: Protected resource https://a does not match  expected https://b/mcp (or origin)";
        assert_eq!(first(line), Some("R02"));
        assert_eq!(first("does not support dynamic client"), Some("S06"));
        let known = |printed: &str| -> Vec<&str> {
            explain(printed)
                .iter()
                .map(|known| known.text.as_str())
                .collect()
        };
        assert_eq!(known("invalid_client"), ["invalid_client"]);
        assert_eq!(known("{\"error\":\"invalid_client\"}"), ["invalid_client"]);
        assert_eq!(
            known("invalid_client_metadata"),
            ["invalid_client_metadata"]
        );
        assert_eq!(first("Unexpected token ‘<’, \"<!doctype\""), Some("D15"));
        let boxed = "\u{2502} Incompatible auth server: does not support dynamic client \u{2502}\n\
                     \u{2502} registration \u{2502}";
        assert_eq!(first(boxed), Some("S06"));
        let logged = r#"{\"message\":\"Unexpected token '<', \\\"<!doctype\\\"\\n at auth\"}"#;
        assert_eq!(first(logged), Some("D15"));
        let cut = "SDK auth failed: Incompatible auth server: does not support dyn\u{2026}";
        assert!(first(cut).is_some());
        assert_eq!(first("Error: Unexpected\u{2026}"), None);
        let code = r#"Token exchange failed (400): {"error":"invalid_grant"}"#;
        assert_eq!(first(code), Some("T41"));
        assert_eq!(first("invalid_target"), Some("A30"));
        let entra = "AADSTS50011: The redirect URI 'http://localhost:1/' does not match";
        assert_eq!(first(entra), Some("S07"));
        let untrusted = "TypeError: fetch failed: self-signed certificate in certificate chain";
        assert_eq!(first(untrusted), Some("N01"));
        assert_eq!(first("unauthorized"), None);
        assert_eq!(first("Port 5432 is free"), None);
        assert_eq!(first("The request was not valid"), None);
        assert_eq!(first("Segmentation fault"), None);
        assert_eq!(first("a"), None);
    }
}
