//! What is told of a token.

use serde::{Deserialize, Serialize};
use trace::Timestamp;
use ts_rs::TS;

use crate::decoded::Decoded;
use crate::follow::{Computed, ValuePlace};

/// A token of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenSeen {
    pub kind: TokenSeenKind,
    /// "Access token".
    pub title: String,
    /// What such a token is for, in one sentence.
    pub about: String,
    /// A secret: shown masked until asked for.
    pub value: String,
    /// The entry whose answer brought it; none where it was there before, or the client made it.
    pub issued: Option<u32>,
    /// "By a refresh.", "It was there before the first row."
    pub came: String,
    /// Where it was sent.
    pub used: Vec<ValuePlace>,
    /// Header and claims; empty for one that is not a readable JWT.
    pub parts: Vec<Decoded>,
    /// Why there are no parts.
    pub note: Option<String>,
    /// None for a token that is not a JWT.
    pub signature: Option<TokenSignature>,
    pub expiry: Option<TokenExpiry>,
    /// Of access tokens alone.
    pub scopes: Option<TokenScopes>,
    /// What differs from the token of its kind before it.
    pub since: Option<TokenSince>,
    /// Why it is no longer the one to use: "replaced", "revoked".
    pub over: Option<TokenOver>,
    /// The hashes of it, and those in it, as they come out here.
    pub computed: Vec<Computed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TokenSeenKind {
    Access,
    Refresh,
    Id,
    /// Reads, changes and deletes a registration (RFC 7592).
    RegistrationAccess,
    /// What a client or somebody else has signed: assertions, request objects, statements.
    Signed,
}

/// Whether a token's signature is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenSignature {
    pub state: SignatureState,
    /// By which algorithm and key, or why it was not checked.
    pub says: String,
    /// Where it was checked.
    pub entry: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    Right,
    Wrong,
    NotChecked,
}

/// When a token expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenExpiry {
    pub at: Timestamp,
    /// "Expires 1 hour after it was issued, by its claim exp."
    pub says: String,
    /// How it stood when the trace ended: "It had expired 2 minutes before the end."
    pub at_end: String,
    /// It had expired when the trace ended.
    pub expired_at_end: bool,
}

/// What an access token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenScopes {
    /// What was granted of what was asked for, in one sentence.
    pub says: String,
    pub all: Vec<TokenScope>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenScope {
    pub name: String,
    /// None where it is not known what was asked for.
    pub asked: Option<bool>,
    pub granted: bool,
    /// What it allows, for those that mean the same everywhere.
    pub meaning: Option<String>,
}

/// What differs from the token before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenSince {
    /// Where the one before was issued.
    pub entry: u32,
    /// What brought the new one: "refresh", "step-up".
    pub by: String,
    /// Empty when nothing that matters differs.
    pub differences: Vec<TokenDifference>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenDifference {
    /// A claim, or a member of the answer.
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What it means, where it means something.
    pub says: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenOver {
    /// "replaced", "revoked".
    pub why: String,
    pub entry: u32,
}
