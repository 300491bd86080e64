//! The words of the field, each in one sentence. Where a text uses one, a window can tell it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::term_table::{Row, TERMS};
use crate::spec::source::Section;

/// A word of the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Term {
    pub name: String,
    /// How texts write it, the name among them. In small letters unless it is an abbreviation.
    pub spellings: Vec<String>,
    /// What it is, in one sentence.
    pub sentence: String,
    pub source: Option<Section>,
}

/// Every term.
pub fn terms() -> Vec<Term> {
    TERMS.iter().map(told).collect()
}

/// The term that is written so; none when it is not one.
pub fn term(written: &str) -> Option<Term> {
    let written = written.trim().to_lowercase();
    let row = TERMS.iter().find(|(name, others, ..)| {
        let mut spellings = std::iter::once(name).chain(others.iter());
        spellings.any(|spelling| spelling.to_lowercase() == written)
    })?;
    Some(told(row))
}

fn told((name, others, sentence, source): &Row) -> Term {
    let spellings = std::iter::once(name).chain(others.iter());
    Term {
        name: (*name).into(),
        spellings: spellings.map(|spelling| (*spelling).into()).collect(),
        sentence: (*sentence).into(),
        source: source.section(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_term_is_one_sentence_with_a_source_and_no_spelling_is_two_terms() {
        let mut spellings = HashSet::new();
        for term in terms() {
            assert!(term.sentence.ends_with('.'), "{}", term.sentence);
            assert!(!term.sentence.contains(". "), "{}", term.sentence);
            assert!(term.sentence.len() < 130, "{}", term.sentence);
            assert!(term.source.is_some(), "{}", term.name);
            assert_eq!(term.spellings[0], term.name);
            for spelling in term.spellings {
                assert!(spellings.insert(spelling.to_lowercase()), "{spelling}");
            }
        }
    }

    #[test]
    fn a_term_is_found_however_it_is_written_and_nothing_else_is() {
        let name = |written| term(written).map(|term| term.name);
        assert_eq!(name("pkce").as_deref(), Some("PKCE"));
        assert_eq!(name(" CIMD ").as_deref(), Some("client metadata document"));
        assert_eq!(name("Scopes").as_deref(), Some("scope"));
        assert_eq!(name("scope is missing"), None);
        assert_eq!(name(""), None);
    }

    #[test]
    fn the_words_of_findings_are_among_them() {
        let written: HashSet<String> = terms().into_iter().flat_map(|it| it.spellings).collect();
        for word in [
            "authorization server",
            "PKCE",
            "issuer",
            "audience",
            "resource indicator",
            "dynamic registration",
            "protected resource metadata",
            "scope",
            "refresh token rotation",
            "step-up",
            "loopback redirect",
            "CIMD",
        ] {
            assert!(written.contains(word), "{word}");
        }
    }
}
