//! Whose assertions an authorization server accepts, and for whom it issues its own.

use crate::jwt::PublicKey;

/// Someone whose assertions are believed.
#[derive(Debug, Clone)]
pub(crate) struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) key: PublicKey,
    pub(crate) says: Says,
}

/// What a trusted issuer's assertions speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Which person uses which client.
    WhoUsesAClient,
    /// Which program this is.
    WhichWorkload,
}

/// Whom an identity provider issues ID-JAGs for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partners {
    /// Authorization servers, by issuer.
    pub(crate) issuers: Vec<String>,
    /// What the identity provider's client is called there; how it came to know that is no part of
    /// the protocol.
    pub(crate) client_id: String,
    pub(crate) resources: Vec<String>,
}
