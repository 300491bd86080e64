//! Every token that a trace holds: what is in it, how long it is good, what it allows, where it
//! came from, where it went, and what differs from the one before.

mod differences;
mod lifetime;
mod scopes;
mod seen;
mod signature;

use serde::{Deserialize, Serialize};
use trace::{Jwt, JwtError, Timestamp, Trace};
use ts_rs::TS;

use crate::decode::jwt;
use crate::decoded::Decoded;
use crate::follow::computed;
use crate::follow::values::{self, Seen};
use crate::follow::{Computed, ValuePlace, places};
use crate::replaced::is_replaced;
use seen::Token;

/// Tokens told of one trace at most: a client may sign an assertion for each request.
const MOST_TOKENS: usize = 200;

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
    /// Header and claims; empty for one that is no readable JWT.
    pub parts: Vec<Decoded>,
    /// Why there are no parts.
    pub note: Option<String>,
    /// None for a token that is no JWT.
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

/// Every token of a trace, those that are in use before those that are over, the newest first.
pub fn tokens(trace: &Trace) -> Vec<TokenSeen> {
    let all = values::all(trace);
    let found = seen::tokens(trace, &all);
    let led_to = scopes::led_to(trace, &found);
    let mut told: Vec<(usize, TokenSeen)> = Vec::new();
    for (at, token) in found.iter().enumerate() {
        let (earlier, later) = (&found[..at], &found[at + 1..]);
        let asked = led_to[at].as_deref();
        told.push((at, tell(trace, &all, (earlier, later), token, asked)));
    }
    told.sort_by_key(|(at, token)| {
        let signed = token.kind == TokenSeenKind::Signed;
        let issued = std::cmp::Reverse(token.issued.unwrap_or_default());
        (signed, token.over.is_some(), issued, token.kind, *at)
    });
    told.into_iter()
        .map(|(_, token)| token)
        .take(MOST_TOKENS)
        .collect()
}

fn tell(
    trace: &Trace,
    all: &[Seen],
    (earlier, later): (&[Token<'_>], &[Token<'_>]),
    token: &Token<'_>,
    asked: Option<&str>,
) -> TokenSeen {
    let read = Jwt::read(token.value);
    let jwt = read.as_ref().ok();
    let before = token.before(earlier);
    TokenSeen {
        kind: token.kind,
        title: token.title(),
        about: token.about().into(),
        value: token.value.into(),
        issued: token.issued,
        came: token.came(trace),
        used: places(token.used.iter().copied()),
        parts: jwt.map(jwt::groups).unwrap_or_default(),
        note: note(token.value, &read),
        signature: jwt.map(|jwt| signature::of(trace, later, token, jwt)),
        expiry: lifetime::of(trace, token, jwt),
        scopes: (token.kind == TokenSeenKind::Access)
            .then(|| scopes::of(earlier, token, asked, jwt))
            .flatten(),
        since: before.map(|before| differences::since(trace, before, token)),
        over: token.over(trace, later),
        computed: hashes(trace, all, token.value, jwt),
    }
}

fn note(value: &str, read: &Result<Jwt, JwtError>) -> Option<String> {
    match read {
        Ok(_) => is_replaced(value).then(|| {
            "Its signature and some of its claims were replaced when this was recorded.".to_owned()
        }),
        Err(_) if is_replaced(value) => {
            Some("Its value was replaced when this was recorded.".into())
        }
        Err(JwtError::NotAJwt) => {
            Some("Opaque: only its issuer can say what it stands for.".into())
        }
        Err(error) => Some(format!("It cannot be read: {error}.")),
    }
}

/// The hashes that are made of a token, and those that its claims hold.
fn hashes(trace: &Trace, all: &[Seen], value: &str, jwt: Option<&Jwt>) -> Vec<Computed> {
    let confirmed = |jwt: &Jwt| {
        let thumbprint = jwt.claims.get("cnf")?.get("jkt")?.as_str()?;
        Some(thumbprint.to_owned())
    };
    let held = jwt.into_iter().flat_map(|jwt| {
        let text = |claim| jwt.text(claim).map(str::to_owned);
        [text("at_hash"), text("c_hash"), confirmed(jwt)]
            .into_iter()
            .flatten()
    });
    let mut computed: Vec<Computed> = Vec::new();
    for value in std::iter::once(value.to_owned()).chain(held) {
        let own: Vec<&Seen> = all.iter().filter(|seen| seen.value == value).collect();
        computed.extend(computed::of(trace, all, &value, &own));
    }
    computed
}

#[cfg(test)]
mod tests;
