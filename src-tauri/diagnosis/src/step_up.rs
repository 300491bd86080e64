//! Calls that are refused for want of scope.

use std::collections::HashSet;

use trace::StopCode;

use crate::reading::{
    ExchangeRef, Reading, access_token, bearer, challenge_error, challenges, jwt, object, text,
};

pub(crate) struct Refused<'a> {
    pub call: ExchangeRef<'a>,
    pub wanted: Option<String>,
}

/// The call at which the flow stopped, when it lacks scope.
pub(crate) fn refused<'a>(reading: &Reading<'a>) -> Option<Refused<'a>> {
    let call = refused_at_end(reading)?;
    bearer(call.request())?;
    let all = challenges(call.response()?).ok()?;
    let wanted = all
        .iter()
        .find_map(|challenge| challenge.parameter("scope"));
    Some(Refused {
        call,
        wanted: wanted
            .filter(|scope| !scope.trim().is_empty())
            .map(str::to_owned),
    })
}

/// The call at which the flow stopped, when it was answered so, with or without a token.
pub(crate) fn refused_at_end<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let codes = [StopCode::InsufficientScope, StopCode::WrongChallengeStatus];
    let stopped = reading.stopped_or_call_ended(&codes)?;
    reading
        .call_before(stopped)
        .filter(|call| lacks_scope(*call))
}

/// Whether a call was answered 403 with `insufficient_scope`.
pub(crate) fn lacks_scope(call: ExchangeRef<'_>) -> bool {
    let Some(response) = call.response().filter(|response| response.status == 403) else {
        return false;
    };
    challenges(response).is_ok_and(|all| {
        all.iter()
            .any(|challenge| challenge.parameter("error") == Some("insufficient_scope"))
    })
}

/// The error of a 403 that means `insufficient_scope` and is written otherwise.
pub(crate) fn misspelt(call: ExchangeRef<'_>) -> Option<String> {
    const RIGHT: &str = "insufficient_scope";
    let bare = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.collect::<String>().to_ascii_lowercase()
    };
    let error = challenge_error(call).filter(|_| call.status() == Some(403))?;
    let meant = bare(&error).trim_end_matches('s') == bare(RIGHT);
    (meant && error != RIGHT).then_some(error)
}

/// The scope of the token in a call: as the token answer says, or else the token, or else as it was
/// asked for.
pub(crate) fn granted(reading: &Reading<'_>, call: ExchangeRef<'_>) -> Option<String> {
    let token = bearer(call.request())?;
    let in_token = jwt(token)
        .ok()
        .and_then(|jwt| jwt.text("scope").map(str::to_owned));
    let issued = reading.tokens.iter().rev().find_map(|(seen, _)| {
        let response = seen.response()?;
        (access_token(response).as_deref() == Some(token)).then_some(response)
    });
    let told = issued
        .and_then(object)
        .and_then(|answer| text(&answer, "scope").map(str::to_owned));
    told.or(in_token).or_else(|| {
        reading
            .scope_asked_for(call.seq)
            .filter(|_| issued.is_some())
    })
}

pub(crate) fn words(scope: &str) -> Vec<&str> {
    scope.split_whitespace().collect()
}

pub(crate) fn without<'s>(wanted: &[&'s str], scope: &str) -> Vec<&'s str> {
    let there: HashSet<&str> = scope.split_whitespace().collect();
    wanted
        .iter()
        .copied()
        .filter(|scope| !there.contains(scope))
        .collect()
}
