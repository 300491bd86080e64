//! Every token that a trace holds: what is in it, how long it is good, what it allows, where it
//! came from, where it went, and what differs from the one before.

mod differences;
mod lifetime;
mod scopes;
mod seen;
mod signature;
mod told;

use trace::{Jwt, JwtError, Trace};

use crate::decode::jwt;
use crate::follow::computed;
use crate::follow::values::{self, Seen};
use crate::follow::{Computed, places};
use crate::replaced::is_replaced;
use seen::Token;
pub use told::{
    SignatureState, TokenDifference, TokenExpiry, TokenOver, TokenScope, TokenScopes, TokenSeen,
    TokenSeenKind, TokenSignature, TokenSince,
};

/// Tokens that are listed for one trace, at most: a client may sign an assertion for each request.
const MOST_TOKENS: usize = 200;

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
