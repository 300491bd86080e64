//! What a header, a parameter or a member means, by its name.

use serde::Serialize;

use crate::decode::{Meaning, everything, everywhere};
use crate::spec::source::Section;

/// What a name means in one kind of message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameMeaning {
    pub name: String,
    /// "parameter", "claim", "member of client metadata".
    pub kind: String,
    /// One sentence.
    pub meaning: String,
    pub source: Option<Section>,
}

/// Everything that a name means, in each kind of message that has it.
pub fn meanings_of_name(name: &str) -> Vec<NameMeaning> {
    let name = name.trim();
    let told = everywhere(name).into_iter();
    told.map(|(kind, meaning)| told_of(name, kind, meaning))
        .collect()
}

/// Every name that is known, in each kind of message.
pub fn known_names() -> Vec<NameMeaning> {
    everything()
        .map(|(name, kind, meaning)| told_of(name, kind, meaning))
        .collect()
}

fn told_of(name: &str, kind: &str, meaning: Meaning) -> NameMeaning {
    NameMeaning {
        name: name.into(),
        kind: kind.into(),
        meaning: meaning.text.into(),
        source: meaning.source.section(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_for_each_kind_of_message() {
        let told = meanings_of_name(" code_verifier ");
        assert_eq!((told.len(), told[0].kind.as_str()), (1, "parameter"));
        assert_eq!(
            told[0].source.as_ref().unwrap().title,
            "RFC 7636 section 4.5"
        );
        assert!(meanings_of_name("DPOP-NONCE").len() == 1);
        assert!(meanings_of_name("own").is_empty());
        for known in known_names() {
            assert!(meanings_of_name(&known.name).contains(&known));
        }
    }
}
