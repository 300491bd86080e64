//! A provider that was recognised.

use trace::Evidence;

use super::provider::{Cannot, Provider};
use crate::finding::Certainty;

/// A provider, and what speaks for it.
#[derive(Debug)]
pub struct Recognized {
    pub provider: &'static Provider,
    pub evidence: Vec<Evidence>,
    /// Certain by a host name of its own, likely by traits.
    pub certainty: Certainty,
}

impl Recognized {
    /// Whether the provider cannot be set to do this.
    pub fn cannot(&self, what: Cannot) -> bool {
        self.provider.cannot.contains(&what)
    }
}
