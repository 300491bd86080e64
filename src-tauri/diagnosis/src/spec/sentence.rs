//! What a citation is made of.

use crate::finding::SpecReference;

/// A sentence of a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec {
    pub title: &'static str,
    pub url: &'static str,
    /// Word for word, without markup.
    pub quote: &'static str,
}

impl From<Spec> for SpecReference {
    fn from(spec: Spec) -> Self {
        Self {
            title: spec.title.into(),
            url: spec.url.into(),
            quote: spec.quote.into(),
        }
    }
}
