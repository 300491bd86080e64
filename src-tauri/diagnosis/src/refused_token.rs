//! Why an MCP server refuses an access token, as far as the run itself shows.

use serde_json::Value;
use trace::{Grant, origin_of};

use crate::fields::{challenge_error, challenges, jwt, oauth_error};
use crate::members::LAST_MOMENT;
use crate::providers::{Cannot, Recognized};
use crate::reading::{ExchangeRef, Reading, TokenUse, access_token, bearer, object, text};
use crate::snapshot::ResponseRef;
use crate::wording::{excerpt, is_html, text_of_page};

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
    /// By the server's words it cannot get or use the keys of the authorization server.
    KeySet,
    /// By the server's words it expects a signed token, and this one is none that it can read.
    NoJwt,
    /// By the server's words there were too many requests.
    TooMany,
    /// By the server's words it does not take how the token is written in the header.
    Scheme,
    /// By the token itself its issuer is not the authorization server.
    Issuer,
    /// By the token itself one of its times is no number of seconds.
    Time,
    /// By the token itself it is signed with a secret that both sides have to share.
    SharedSecret,
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
    if grant == Grant::RefreshToken
        && earlier_was_taken(reading, issued)
        && !is_expired(token, call.at.seconds())
        && refused_in_its_time(reading, issued.seq).is_none()
    {
        return Cause::AfterRefresh;
    }
    let now = call.at.seconds();
    let said = said(call);
    let by_words = said.as_deref().and_then(named);
    // The words name a claim, and the token shows which side wrote it wrongly.
    match by_words {
        Some(Cause::Signature | Cause::KeySet) if is_secret_shared_apart(reading, token) => {
            return Cause::SharedSecret;
        }
        Some(Cause::Signature) if other_issuer(reading, token).is_some() => return Cause::Issuer,
        Some(Cause::Signature) if lacks_issuer(token) && speaks_of_iss(said.as_deref()) => {
            return Cause::Issuer;
        }
        Some(Cause::Expired | Cause::TooEarly) | None if odd_time(token).is_some() => {
            return Cause::Time;
        }
        _ => {}
    }
    by_words.unwrap_or_else(|| {
        if time_in_future(token, now).is_some() {
            Cause::TooEarly
        } else if is_expired(token, now) {
            Cause::Expired
        } else if other_issuer(reading, token).is_some() {
            Cause::Issuer
        } else if is_secret_shared_apart(reading, token) {
            Cause::SharedSecret
        } else {
            Cause::Unknown
        }
    })
}

/// The cause that the server's own words name.
pub(crate) fn reason(call: ExchangeRef<'_>) -> Option<Cause> {
    named(&said(call)?)
}

/// The issuer that the token names, where the authorization server's metadata names another one.
pub(crate) fn other_issuer(reading: &Reading<'_>, token: &str) -> Option<String> {
    let jwt = jwt(token).ok()?;
    let named = jwt.text("iss")?;
    let (_, metadata) = reading.server_metadata()?;
    let issuer = metadata.issuer.as_deref()?;
    (named != issuer).then(|| named.to_owned())
}

/// Whether the token names no issuer at all.
fn lacks_issuer(token: &str) -> bool {
    jwt(token).is_ok_and(|jwt| !jwt.claims.contains_key("iss"))
}

fn speaks_of_iss(said: Option<&str>) -> bool {
    said.is_some_and(|said| {
        let said = said.to_ascii_lowercase();
        said.contains("issuer")
            || said
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == "iss")
    })
}

/// A time of the token that is no number of seconds, as it is written there.
pub(crate) fn odd_time(token: &str) -> Option<String> {
    let jwt = jwt(token).ok()?;
    ["exp", "nbf", "iat"].into_iter().find_map(|name| {
        let value = jwt.claims.get(name)?;
        let fits = value.as_f64().is_some_and(|seconds| seconds < LAST_MOMENT);
        (!fits).then(|| format!("\"{name}\": {value}"))
    })
}

/// Whether a token was refused for its issuer and not for its audience: at a provider that has an
/// audience of its own, the MCP server was made to expect that, and another issuer is what is left.
pub(crate) fn is_refused_for_its_issuer(
    reading: &Reading<'_>,
    token: &str,
    call: ExchangeRef<'_>,
) -> bool {
    let own_audience = |known: &Recognized| known.cannot(Cannot::FollowResource);
    reading.provider().is_some_and(own_audience)
        && other_issuer(reading, token).is_some()
        && reason(call) != Some(Cause::Audience)
}

/// The algorithm of the token, where it is one with a shared secret, or none at all.
pub(crate) fn shared_secret(token: &str) -> Option<String> {
    let jwt = jwt(token).ok()?;
    let alg = jwt.header.get("alg")?.as_str()?;
    (alg.starts_with("HS") || alg == "none").then(|| alg.to_owned())
}

/// Whether the two servers would have to share a secret. One that is both has its own for itself.
fn is_secret_shared_apart(reading: &Reading<'_>, token: &str) -> bool {
    shared_secret(token).is_some() && !is_both_servers(reading)
}

/// Whether the MCP server is its own authorization server: both are at one origin.
pub(crate) fn is_both_servers(reading: &Reading<'_>) -> bool {
    let metadata = reading.server_metadata();
    let issuer = metadata.and_then(|(_, metadata)| metadata.issuer.as_deref());
    issuer.is_some_and(|issuer| origin_of(issuer) == origin_of(reading.server_url))
}

/// What servers say for each cause.
const WORDS: [(Cause, &[&str]); 9] = [
    (
        Cause::TooEarly,
        &[
            "not yet",
            "not before",
            "used before",
            "in the future",
            "iat",
            "nbf",
            "clock",
        ],
    ),
    (Cause::Expired, &["expired", "expiration", "exp"]),
    (Cause::Audience, &["audience", "aud"]),
    (
        Cause::Revoked,
        &[
            "revoked",
            "unknown token",
            "not known",
            "not active",
            "inactive",
            "recognized",
        ],
    ),
    (
        Cause::Signature,
        &[
            "signature",
            "issuer",
            "iss",
            "signing key",
            "kid",
            "alg",
            "algorithm",
        ],
    ),
    (
        Cause::KeySet,
        &[
            "jwks",
            "jwk set",
            "json web key set",
            "key set",
            "fetch keys",
            "fetch key",
            "public keys",
            "fetch failed",
            "econnrefused",
            "enotfound",
            "connection refused",
        ],
    ),
    (
        Cause::NoJwt,
        &[
            "malformed",
            "not a jwt",
            "not a valid jwt",
            "no jwt",
            "not enough segments",
            "invalid compact",
            "opaque",
            "cannot be decoded",
            "could not decode",
        ],
    ),
    (
        Cause::Scheme,
        &[
            "authorization scheme",
            "authentication scheme",
            "auth scheme",
            "unsupported scheme",
            "authorization header format",
            "bearer prefix",
            "expected bearer",
        ],
    ),
    (
        Cause::TooMany,
        &[
            "rate limit",
            "rate limited",
            "too many requests",
            "throttled",
        ],
    ),
];

/// The one cause that a text names. One that lists several ("invalid, expired, or no longer
/// recognized") says which of them it may be, and not which it is.
fn named(said: &str) -> Option<Cause> {
    let said = said.to_ascii_lowercase();
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let has = |phrase: &str| {
        said.match_indices(phrase).any(|(at, _)| {
            let (before, after) = (&said[..at], &said[at + phrase.len()..]);
            !is_letter(before.chars().next_back()) && !is_letter(after.chars().next())
        })
    };
    let mut causes = WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| has(word)));
    let first = causes.next().map(|(cause, _)| *cause);
    first.filter(|_| causes.next().is_none() && !has("or"))
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
    let description = parameter("error_description");
    let in_body = || {
        let error = oauth_error(response)?;
        let known = parameter("error");
        match error.description {
            Some(description) if known.as_ref() == Some(&error.error) => Some(description),
            Some(description) => Some(format!("{}, {description}", error.error)),
            None if known.is_some() => words_of(response),
            None => Some(error.error),
        }
    };
    // A challenge without a description often stands before a body with the reason.
    let reason = description.or_else(|| in_body().or_else(|| words_of(response)));
    both(parameter("error"), reason)
}

/// What a body says that is not an OAuth error: a member of its JSON, at the top or within `error`,
/// the text of a page, or a plain text.
pub(crate) fn words_of(response: ResponseRef<'_>) -> Option<String> {
    /// As long as a sentence. What is longer is no reason.
    const LONGEST: usize = 300;
    let Some(answer) = object(response) else {
        let body = response.body.text()?;
        let said = if is_html(&response) {
            text_of_page(body)
        } else {
            body.to_owned()
        };
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        return (!said.is_empty() && said.len() <= LONGEST).then_some(said);
    };
    let within = ["error", "errors", "fault", "data"];
    let inner = within.iter().filter_map(|name| match answer.get(*name)? {
        Value::Object(inner) => Some(inner),
        Value::Array(all) => all.first()?.as_object(),
        _ => None,
    });
    let named = [
        "message",
        "detail",
        "title",
        "msg",
        "description",
        "errorSummary",
        "error_message",
        "errorMessage",
        "error_msg",
        "reason",
    ];
    std::iter::once(&*answer).chain(inner).find_map(|document| {
        let mut said = named.iter().filter_map(|name| text(document, name));
        said.find(|said| !said.trim().is_empty()).map(str::to_owned)
    })
}

/// The call that refused a token while it was fresh, although another call had taken it: before
/// this entry, and without anything that may have ended the token's life.
pub(crate) fn refused_in_its_time<'a>(
    reading: &Reading<'a>,
    before: u32,
) -> Option<ExchangeRef<'a>> {
    /// No access token is meant to live for less.
    const FRESH: u64 = 30;
    let issued = reading.tokens.iter().filter(|(seen, _)| seen.seq < before);
    let tokens = issued.filter_map(|(seen, _)| Some((*seen, access_token(seen.response()?)?)));
    tokens.into_iter().find_map(|(seen, token)| {
        if !matches!(reading.use_of(&token, seen.seq), TokenUse::Accepted) {
            return None;
        }
        let mut calls = reading.calls.iter();
        let refused = calls.find(|call| {
            let with_it = bearer(call.request()) == Some(token.as_str());
            call.seq > seen.seq && call.seq < before && call.status() == Some(401) && with_it
        })?;
        let age = refused.time()?.since(seen.time()?).as_secs();
        let lives = seen
            .response()
            .and_then(object)
            .and_then(|answer| answer.get("expires_in")?.as_u64());
        let in_time = age < lives.unwrap_or(FRESH).min(FRESH);
        let killed = reading.killed_on_the_way(seen.seq, refused.seq);
        (in_time && !killed && !is_expired(&token, refused.at.seconds())).then_some(*refused)
    })
}

/// What is dated so far ahead is no matter of two clocks that differ.
const FAR_AHEAD: u64 = 10 * 60;

/// Whether the token is good only in a while that no leeway bridges.
pub(crate) fn is_far_ahead(token: &str, now: u64) -> bool {
    time_in_future(token, now + FAR_AHEAD).is_some()
}

/// A claim of the token that says it is good only later.
pub(crate) fn time_in_future(token: &str, now: u64) -> Option<&'static str> {
    let jwt = jwt(token).ok()?;
    ["nbf", "iat"]
        .into_iter()
        .find(|claim| jwt.seconds(claim).is_some_and(|seconds| seconds > now + 1))
}

/// Whether the token is good for longer than clocks that are set differ.
pub(crate) fn is_good_for_long(token: &str, now: u64) -> bool {
    const CLOCKS_DIFFER: u64 = 60;
    jwt(token).is_ok_and(|jwt| {
        jwt.seconds("exp")
            .is_some_and(|seconds| seconds > now + CLOCKS_DIFFER)
    })
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

/// "401: invalid_token, bad signature".
pub(crate) fn refusal(call: ExchangeRef<'_>) -> String {
    said(call).map_or_else(
        || "401 without a reason".into(),
        |reason| format!("401: {}", excerpt(&reason)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_one_cause_decides() {
        for (said, cause) in [
            ("invalid_token, Token has expired", Cause::Expired),
            ("The token is not yet valid (iat)", Cause::TooEarly),
            ("Invalid audience", Cause::Audience),
            ("token has been revoked", Cause::Revoked),
            ("bad signature", Cause::Signature),
            ("unknown kid", Cause::Signature),
            (
                "no applicable key found in the JSON Web Key Set",
                Cause::KeySet,
            ),
            ("jwt malformed", Cause::NoJwt),
            ("rate limit exceeded", Cause::TooMany),
            (
                "Invalid authorization header format. Expected Bearer token",
                Cause::Scheme,
            ),
        ] {
            assert_eq!(named(said), Some(cause), "{said}");
        }
    }

    #[test]
    fn a_text_that_lists_several_does_not() {
        for said in [
            "The token is invalid, expired, or no longer recognized by the server",
            "Invalid or expired token",
            "bad audience, wrong issuer",
            "Authentication failed",
            "a kidney bean",
        ] {
            assert_eq!(named(said), None, "{said}");
        }
    }
}
