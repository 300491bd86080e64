//! Access tokens that one call takes and another refuses.

use super::*;

/// A token that one call takes and another refuses, while it is fresh.
pub(super) fn taken_once(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC6749_VALIDATE_TOKEN)
        .at(call.seq, Part::Status)
        .variant(&REFUSED_LATER)
        .message(
            "The token of the login was taken by one call and refused by another a moment later, \
             and the token that a refresh brought was refused as well. Most likely only some of the \
             server's instances or routes can check tokens.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix("Check the token in the same way for every method and on every instance.")
}

/// The flow stopped because tokens are taken by one call and refused by another, each time anew.
pub(super) fn refused_later(reading: &Reading<'_>, findings: &mut Findings) {
    let stopped = reading
        .stopped(StopCode::TokenNotAccepted)
        .or_else(|| reading.stopped(StopCode::InsufficientScope));
    let Some(call) = stopped.and_then(|stopped| reading.call_before(stopped)) else {
        return;
    };
    let Some(token) = bearer(call.request()).filter(|_| call.status() == Some(401)) else {
        return;
    };
    if challenge_error(call).as_deref() == Some("insufficient_user_authentication") {
        return;
    }
    if !matches!(reading.use_of(token, 0), TokenUse::Accepted) {
        return;
    }
    // What was done on the way may have ended its life.
    let issued = reading
        .tokens
        .iter()
        .find(|(seen, _)| seen.response().and_then(access_token).as_deref() == Some(token));
    if issued.is_some_and(|(seen, _)| reading.killed_on_the_way(seen.seq, call.seq)) {
        return;
    }
    if challenge_error(call).as_deref() == Some("insufficient_scope") {
        return findings.add(scope_as_401(call));
    }
    let finding = RULE
        .found(RFC6749_VALIDATE_TOKEN)
        .at(call.seq, Part::Status)
        .variant(&REFUSED_LATER)
        .message(
            "Every new token is taken at first and refused by a later call. Most likely only some \
             of the server's instances or routes can check it; or the token lives for seconds \
             only, or the clocks differ.",
        )
        .expected("an MCP answer")
        .actual(refusal(call))
        .fix(
            "Check the token in the same way for every method and on every instance, and compare \
             expires_in with the time between the calls.",
        );
    findings.add(finding);
}

pub(super) fn scope_as_401(call: ExchangeRef<'_>) -> Finding {
    RULE.found(RFC6750_INSUFFICIENT_SCOPE)
        .at(call.seq, Part::Status)
        .variant(&SCOPE_AS_401)
        .message(
            "Clients take 401 for a token that is no longer good: they refresh it or log in again \
             with the scope they had, and are refused again. On 403 with insufficient_scope they \
             ask for the scope that is lacking.",
        )
        .expected("403 with insufficient_scope and the scope that the call needs")
        .actual(refusal(call))
        .fix("Answer a call whose token lacks a scope with 403, not 401.")
}
