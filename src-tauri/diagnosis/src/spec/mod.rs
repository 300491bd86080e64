//! The sentences that rules cite: title, address and wording of each, in one place.

mod extensions;
mod mcp;
mod openid;
mod rfc;
mod rfc_later;

pub(crate) use extensions::*;
pub(crate) use mcp::*;
pub(crate) use openid::*;
pub(crate) use rfc::*;
pub(crate) use rfc_later::*;

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
