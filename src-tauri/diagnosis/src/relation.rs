//! How rules stand to each other and to the stops of the flow, as their rows of the catalogue say.

use trace::StopCode;

use crate::finding::Finding;
use crate::variant::Variant;

/// How findings of a rule stand to those of another one.
pub(crate) struct Relation {
    /// Only findings of this variant; none for all of the rule.
    pub of: Option<&'static Variant>,
    /// The other rule's code, and after a slash the variant when only one is meant.
    pub other: &'static str,
    /// Wherever the other one was found, not at the same exchange alone.
    pub is_anywhere: bool,
}

impl Relation {
    pub const fn to(other: &'static str) -> Self {
        Self {
            of: None,
            other,
            is_anywhere: false,
        }
    }

    pub const fn of(mut self, variant: &'static Variant) -> Self {
        self.of = Some(variant);
        self
    }

    pub const fn anywhere(mut self) -> Self {
        self.is_anywhere = true;
        self
    }

    /// Whether it holds between these two, the first of which is of the rule that declares it.
    pub fn holds(&self, one: &Finding, other: &Finding) -> bool {
        let (code, variant) = match self.other.split_once('/') {
            Some((code, variant)) => (code, Some(variant)),
            None => (self.other, None),
        };
        self.of.is_none_or(|variant| one.is(variant))
            && other.code == code
            && variant.is_none_or(|variant| other.variant == variant)
            && (self.is_anywhere || one.exchange == other.exchange)
    }
}

/// A stop of the flow that findings of a rule explain.
pub(crate) struct Explained {
    /// Only findings of this variant; none for all of the rule.
    pub of: Option<&'static Variant>,
    pub stop: StopCode,
}

impl Explained {
    pub const fn by_all(stop: StopCode) -> Self {
        Self { of: None, stop }
    }

    pub const fn of(mut self, variant: &'static Variant) -> Self {
        self.of = Some(variant);
        self
    }
}
