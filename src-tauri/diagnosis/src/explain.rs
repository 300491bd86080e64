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
    let mut found: Vec<&ClientText> = TEXTS
        .iter()
        .filter(|known| {
            let text = plain(&known.text);
            has_all(&printed, &text) || text.contains(&printed)
        })
        .collect();
    found.sort_by_key(|known| std::cmp::Reverse(known.text.len()));
    found
}

/// Whether the parts of a known text are in what was printed, in this order.
fn has_all(printed: &str, text: &str) -> bool {
    let mut rest = printed;
    text.split("{}").map(str::trim).all(|part| {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        true
    })
}

/// In lower case, with plain quotation marks and single spaces.
fn plain(text: &str) -> String {
    let text = text
        .to_lowercase()
        .replace(['\u{2018}', '\u{2019}', '`'], "'")
        .replace(['\u{201c}', '\u{201d}'], "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

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
        assert_eq!(first("Unexpected token ‘<’, \"<!doctype\""), Some("D15"));
        assert_eq!(first("Segmentation fault"), None);
        assert_eq!(first("a"), None);
    }
}
