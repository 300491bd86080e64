//! The kinds of findings that a rule can make.

use serde::Serialize;
use ts_rs::TS;

use crate::finding::{Certainty, Finding, Level, Owner};

/// What the catalogue says of one variant of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct VariantInfo {
    /// Unique and stable within its rule; "default" for the first.
    pub variant: String,
    pub level: Level,
    pub owner: Owner,
    pub certainty: Certainty,
    /// The verdict in one sentence; a word in braces stands for something from the traffic.
    pub title: String,
}

impl VariantInfo {
    /// Whether a finding is of this variant, in all that a variant says of it.
    pub fn fits(&self, finding: &Finding) -> bool {
        self.variant == finding.variant
            && self.level == finding.level
            && self.owner == finding.owner
            && self.certainty == finding.certainty
            && fits_template(&self.title, &finding.title)
    }
}

/// Whether a title is this template with its places filled.
fn fits_template(template: &str, title: &str) -> bool {
    let Some((start, rest)) = template.split_once('{') else {
        return template == title;
    };
    let Some(mut title) = title.strip_prefix(start) else {
        return false;
    };
    let mut rest = rest.split_once('}').map_or("", |(_, rest)| rest);
    while let Some((fixed, after)) = rest.split_once('{') {
        let Some(at) = title.find(fixed) else {
            return false;
        };
        title = &title[at + fixed.len()..];
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    title.ends_with(rest)
}

/// One kind of finding that a rule can make. There is no other way to set what it holds, so what
/// the catalogue lists is all that can be found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// The name of its constant.
    pub name: &'static str,
    pub level: Level,
    pub owner: Owner,
    pub certainty: Certainty,
    /// With places in braces, which [`Finding::title_with`] fills.
    pub title: &'static str,
}

impl Variant {
    pub fn slug(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    pub fn info(&self) -> VariantInfo {
        VariantInfo {
            variant: self.slug(),
            level: self.level,
            owner: self.owner,
            certainty: self.certainty,
            title: self.title.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_fits_its_own_template_alone() {
        let template = "The token endpoint refuses the {request}: {error}";
        assert!(fits_template(
            template,
            "The token endpoint refuses the code: {x}: y"
        ));
        assert!(!fits_template(
            template,
            "The token endpoint refuses the code"
        ));
        assert!(!fits_template("No {claim} here", "No claim there"));
        assert!(fits_template("As it is", "As it is"));
        assert!(!fits_template("As it is", "As it is now"));
    }
}
