//! Access tokens that one call takes and another refuses.

use std::collections::HashSet;

use trace::StopCode;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, TokenUse, access_token, bearer, challenge_error};
use crate::refused_token::{Cause, reason, refusal};
use crate::wording::excerpt;

/// A token that one call takes and another refuses, while it is fresh.
pub(super) fn taken_once(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .message(
            "The token of the login was taken by one call and refused by another a moment later, \
             and the token that a refresh brought was refused as well. Most likely only some of the \
             server's instances or routes can check tokens.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix("Check the token in the same way for every method and on every instance.")
}

/// The call at which the flow stopped because tokens are taken by one call and refused by another,
/// with every new token.
pub(super) fn refused_call<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let stopped = reading
        .stopped(StopCode::TokenNotAccepted)
        .or_else(|| reading.stopped(StopCode::InsufficientScope));
    let call = reading.call_before(stopped?)?;
    let token = bearer(call.request()).filter(|_| call.status() == Some(401))?;
    if challenge_error(call).as_deref() == Some("insufficient_user_authentication") {
        return None;
    }
    if !matches!(reading.use_of(token, 0), TokenUse::Accepted) {
        return None;
    }
    // What was done on the way may have ended its life.
    let issued = reading
        .tokens
        .iter()
        .find(|(seen, _)| seen.response().and_then(access_token).as_deref() == Some(token));
    let killed = issued.is_some_and(|(seen, _)| reading.killed_on_the_way(seen.seq, call.seq));
    (!killed).then_some(call)
}

/// A call that is refused for the token itself, by the server's own words, although a call before
/// was taken with it. The flow got another token and went on.
pub(super) fn refused_once<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let mut taken = HashSet::new();
    let mut calls = reading.calls.iter().copied();
    calls.find(|call| {
        let Some(token) = bearer(call.request()) else {
            return false;
        };
        if call.status().is_some_and(|status| status < 300) {
            taken.insert(token);
        }
        // The end of its life comes to every token.
        let of_the_token = || {
            matches!(
                reason(*call),
                Some(Cause::Signature | Cause::KeySet | Cause::Audience | Cause::NoJwt)
            )
        };
        call.status() == Some(401)
            && taken.contains(token)
            && of_the_token()
            && !is_about_the_session(*call)
    })
}

pub(super) fn once(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .message(
            "An earlier call with the very same token worked, so what the server says of it is wrong \
             there or here. This client got another token and went on; users have to log in again at \
             such a moment. Most likely only some of the server's instances or routes can check \
             tokens, such as one with an old key set.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Check the token in the same way for every method and on every instance, and let each \
             fetch the keys again when it meets a kid that it does not know.",
        )
}

pub(super) fn each_time_anew(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .message(
            "Every new token is accepted at first and refused in a later call. Most likely only \
             some of the server's instances or routes can check it; or the token lives for seconds \
             only, or the clocks differ.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Check the token in the same way for every method and on every instance, and compare \
             expires_in with the time between the calls.",
        )
}

/// Whether the refusal of a call is about the session that it names.
pub(super) fn is_about_the_session(call: ExchangeRef<'_>) -> bool {
    let Some(response) = call.response_with_body() else {
        return false;
    };
    let body = response.body.text().unwrap_or_default();
    let said = format!("{} {}", refusal(call), excerpt(body)).to_ascii_lowercase();
    call.request().header_value("mcp-session-id").is_some() && said.contains("session")
}

pub(super) fn session_as_401(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .message(
            "The same token was taken by the call that began the session. By its own words the \
             server does not know the session, as after a restart or on another instance. Clients \
             take 401 for a token that is no longer good and log in again, which does not help; on \
             404 they begin a new session.",
        )
        .expected("404 for a session that is not known")
        .actual(refusal(call))
        .fix(
            "Answer 404 to an Mcp-Session-Id that is not known, and let all instances know every \
             session.",
        )
}

pub(super) fn scope_as_401(finding: Finding, call: ExchangeRef<'_>) -> Finding {
    finding
        .at(call.seq, Part::Status)
        .message(
            "Clients take 401 for a token that is no longer good: they refresh it or log in again \
             with the scope they had, and are refused again. On 403 with insufficient_scope they \
             ask for the scope that is lacking.",
        )
        .expected("403 with insufficient_scope and the scope that the call needs")
        .actual(refusal(call))
        .fix("Answer a call whose token lacks a scope with 403, not 401.")
}
