//! What is known of a token's signature. It was checked where the flow or the reader of a recording
//! checked it, and nowhere else.

use serde_json::Value;
use trace::{Decision, Jwt, Purpose, SignatureCheck, TokenKind, Trace};

use super::seen::Token;
use super::told::{SignatureState, TokenSeenKind, TokenSignature};

pub(super) fn of(
    trace: &Trace,
    later: &[Token<'_>],
    token: &Token<'_>,
    jwt: &Jwt,
) -> TokenSignature {
    let not_checked = |says: &str, entry| TokenSignature {
        state: SignatureState::NotChecked,
        says: says.into(),
        entry,
    };
    let alg = jwt.header.get("alg").and_then(Value::as_str);
    if alg.is_some_and(|alg| alg.eq_ignore_ascii_case("none")) {
        return not_checked("It is not signed: its header says alg none.", None);
    }
    if let Some(checked) = checked(trace, later, token) {
        return checked;
    }
    if token.kind == TokenSeenKind::Signed {
        return not_checked("Whoever it is sent to checks it.", None);
    }
    let flow = token.first.flow;
    let keys = trace.exchanges().find(|(entry, exchange)| {
        *exchange.purpose.original() == Purpose::Jwks && entry.flow == flow
    });
    match keys {
        Some((entry, _)) => not_checked(
            &format!("It was not held against the keys in row {}.", entry.seq),
            Some(entry.seq),
        ),
        None if trace.origin == trace::Origin::Live => not_checked(
            "The issuer's keys were not fetched. The action Check signatures does that.",
            None,
        ),
        None => not_checked("The recording holds no keys of the issuer.", None),
    }
}

/// What came of the checks between this token and the next of its kind: the last that is certain.
fn checked(trace: &Trace, later: &[Token<'_>], token: &Token<'_>) -> Option<TokenSignature> {
    let kind = match token.kind {
        TokenSeenKind::Access => TokenKind::AccessToken,
        TokenSeenKind::Id => TokenKind::IdToken,
        _ => return None,
    };
    let from = token.issued.unwrap_or(token.first.entry);
    let others = later.iter().filter(|other| {
        other.kind == token.kind && other.first.flow == token.first.flow && other.first.entry > from
    });
    let until = others
        .map(|other| other.first.entry)
        .min()
        .unwrap_or(u32::MAX);
    let checks = trace.entries.iter().skip(from as usize);
    let checks = checks.take_while(|entry| entry.seq < until);
    let checks = checks.filter(|entry| entry.flow == token.first.flow);
    let told = checks.filter_map(|entry| match entry.decision()? {
        Decision::TokenChecked {
            token,
            alg,
            kid,
            signature,
            ..
        } if *token == kind => {
            let key = match (alg, kid) {
                (Some(alg), Some(kid)) => format!("{alg}, by the issuer's key {kid}"),
                (Some(alg), None) => format!("{alg}, without a kid"),
                (None, _) => "no alg".into(),
            };
            let (state, says) = match signature {
                SignatureCheck::Valid => (SignatureState::Right, format!("{key}.")),
                SignatureCheck::Invalid { why } => {
                    (SignatureState::Wrong, format!("{key}: {why}."))
                }
                SignatureCheck::NotChecked { why } => {
                    (SignatureState::NotChecked, format!("Not checked: {why}."))
                }
            };
            Some(TokenSignature {
                state,
                says,
                entry: Some(entry.seq),
            })
        }
        _ => None,
    });
    let told: Vec<TokenSignature> = told.collect();
    let certain = |one: &&TokenSignature| one.state != SignatureState::NotChecked;
    told.iter().rev().find(certain).or(told.last()).cloned()
}
