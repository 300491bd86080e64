//! When a token expires, by the clock of the trace that it is in.

use serde_json::Value;
use trace::{Jwt, Recorded, Timestamp, Trace};

use super::seen::Token;
use super::told::{TokenExpiry, TokenSeenKind};
use crate::decode::jwt::span;

/// None where nobody says when it expires.
pub(super) fn of(trace: &Trace, token: &Token<'_>, jwt: Option<&Jwt>) -> Option<TokenExpiry> {
    let issued = issued_at(trace, token);
    let (at, by) = by_claim(jwt).or_else(|| by_answer(token, issued?))?;
    let says = match issued.filter(|issued| *issued <= at) {
        Some(issued) => format!(
            "Expires {} after it was issued, by {by}.",
            span(at.since(issued).as_secs())
        ),
        None if issued.is_some() => format!("It had expired when it was issued, by {by}."),
        None => format!("Expires by {by}."),
    };
    let end = trace.entries.last().map_or(trace.started, |entry| entry.at);
    let expired_at_end = at <= end;
    let at_end = if expired_at_end {
        format!(
            "It had expired {} before the end.",
            span(end.since(at).as_secs())
        )
    } else {
        format!(
            "At the end it was good for another {}.",
            span(at.since(end).as_secs())
        )
    };
    Some(TokenExpiry {
        at,
        says,
        at_end,
        expired_at_end,
    })
}

fn by_claim(jwt: Option<&Jwt>) -> Option<(Timestamp, String)> {
    let exp = jwt?.seconds("exp")?;
    let at = Timestamp(exp.checked_mul(1_000_000)?);
    Some((at, "its claim exp".into()))
}

/// By the member of the answer that says it of such a token. The specification has one for access
/// tokens alone (RFC 6749 section 5.1); servers have two names for the one of a refresh token.
fn by_answer(token: &Token<'_>, issued: Timestamp) -> Option<(Timestamp, String)> {
    let names: &[&str] = match token.kind {
        TokenSeenKind::Access => &["expires_in"],
        TokenSeenKind::Refresh => &["refresh_expires_in", "refresh_token_expires_in"],
        _ => &[],
    };
    names.iter().find_map(|name| {
        let seconds = match token.answer.get(*name)? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_u64()?,
        };
        // Some servers write 0 where a refresh token never expires.
        let never = seconds == 0 && token.kind == TokenSeenKind::Refresh;
        let at = issued.plus(std::time::Duration::from_secs(seconds));
        (!never && at.0 != u64::MAX).then(|| (at, format!("the answer's {name}")))
    })
}

/// None where the time was not recorded.
fn issued_at(trace: &Trace, token: &Token<'_>) -> Option<Timestamp> {
    let entry = trace.entry(token.issued?)?;
    let times = entry.exchange()?.recorded.times;
    (times == Recorded::Whole).then_some(entry.at)
}
