//! Why an MCP server refuses an access token, as far as the run itself shows.

use trace::Grant;

use crate::fields::{challenge_error, challenges, jwt, oauth_error};
use crate::reading::{ExchangeRef, Reading, TokenUse, access_token};

/// The causes in the order in which they are looked for: what the run shows before what the server
/// says, and both before what the token holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The answer is that to a call without a token, and names no error.
    SameAsWithout,
    /// A refresh issued it, and the token before it was taken.
    AfterRefresh,
    /// By the server's words or the token's times it is not valid yet.
    TooEarly,
    /// By the server's words or the token's times it is past its life.
    Expired,
    /// By the server's words it is meant for somebody else.
    Audience,
    /// By the server's words it was revoked, or nobody knows it.
    Revoked,
    /// By the server's words its issuer, key or signature is not the right one.
    Signature,
    Unknown,
}

/// Why `call` was answered 401, although its token had just been issued.
pub(crate) fn cause(
    reading: &Reading<'_>,
    issued: ExchangeRef<'_>,
    grant: Grant,
    call: ExchangeRef<'_>,
    token: &str,
) -> Cause {
    if is_as_without_token(reading, call) {
        return Cause::SameAsWithout;
    }
    if grant == Grant::RefreshToken && earlier_was_taken(reading, issued) {
        return Cause::AfterRefresh;
    }
    let said = said(call).unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let now = call.at.seconds();
    if says(&[
        "not yet",
        "not before",
        "used before",
        "in the future",
        "(iat)",
        "(nbf)",
        "clock",
    ]) {
        Cause::TooEarly
    } else if says(&["expired", "has expired", "expiration"]) {
        Cause::Expired
    } else if says(&["audience", "\"aud\"", "aud claim", "(aud)"]) {
        Cause::Audience
    } else if says(&[
        "revoked",
        "unknown token",
        "not known",
        "not active",
        "inactive",
    ]) {
        Cause::Revoked
    } else if says(&[
        "signature",
        "issuer",
        "jwks",
        "signing key",
        "kid",
        "algorithm",
    ]) {
        Cause::Signature
    } else if time_in_future(token, now).is_some() {
        Cause::TooEarly
    } else if is_expired(token, now) {
        Cause::Expired
    } else {
        Cause::Unknown
    }
}

/// All that the answer says of the reason: the challenge's error and description, or the body's.
pub(crate) fn said(call: ExchangeRef<'_>) -> Option<String> {
    let response = call.response()?;
    let both = |error: Option<String>, description: Option<String>| match (error, description) {
        (Some(error), Some(description)) => Some(format!("{error}, {description}")),
        (one, other) => one.or(other),
    };
    let parameter = |name: &str| {
        let all = challenges(response).ok()?;
        let mut found = all.iter().filter_map(|challenge| challenge.parameter(name));
        found.next().map(str::to_owned)
    };
    both(parameter("error"), parameter("error_description")).or_else(|| {
        let error = oauth_error(response)?;
        Some(match error.description {
            Some(description) => format!("{}, {description}", error.error),
            None => error.error,
        })
    })
}

/// A claim of the token that says it is good only later.
pub(crate) fn time_in_future(token: &str, now: u64) -> Option<&'static str> {
    let jwt = jwt(token).ok()?;
    ["nbf", "iat"]
        .into_iter()
        .find(|claim| jwt.seconds(claim).is_some_and(|seconds| seconds > now + 1))
}

pub(crate) fn is_expired(token: &str, now: u64) -> bool {
    jwt(token).is_ok_and(|jwt| jwt.seconds("exp").is_some_and(|seconds| seconds <= now))
}

/// Whether the answer is, byte for byte, the one to the first call without a token. "If the request
/// lacks any authentication information (…), the resource server SHOULD NOT include an error code"
/// (RFC 6750 section 3.1).
fn is_as_without_token(reading: &Reading<'_>, call: ExchangeRef<'_>) -> bool {
    if challenge_error(call).is_some() {
        return false;
    }
    let Some(answer) = call.response_with_body() else {
        return false;
    };
    reading.first_calls.iter().any(|first| {
        first.response_with_body().is_some_and(|before| {
            let challenge = "www-authenticate";
            before.status == answer.status
                && before.header_value(challenge) == answer.header_value(challenge)
                && before.body.bytes == answer.body.bytes
        })
    })
}

/// Whether a token that was issued before this one was taken.
fn earlier_was_taken(reading: &Reading<'_>, issued: ExchangeRef<'_>) -> bool {
    let before = reading
        .tokens
        .iter()
        .filter(|(seen, _)| seen.seq < issued.seq);
    let mut tokens = before.filter_map(|(seen, _)| Some((seen, access_token(seen.response()?)?)));
    tokens.any(|(seen, token)| matches!(reading.use_of(&token, seen.seq), TokenUse::Accepted))
}
