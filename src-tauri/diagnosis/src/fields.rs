//! Readers of single messages: their forms, their JSON, their tokens and challenges.

use std::rc::Rc;

use trace::{Challenge, ChallengeError, Document, Jwt, JwtError, OauthError, Pair, Purpose};

use crate::snapshot::{ExchangeRef, RequestRef, ResponseRef, bearer_of, response_fields_of};

/// `UnsupportedProtocolVersion` (2026-07-28 basic/versioning).
pub(crate) const UNSUPPORTED_VERSION: i64 = -32022;

/// The JSON object in a response's body.
pub(crate) fn object(response: ResponseRef<'_>) -> Option<Rc<Document>> {
    response.object()
}

/// A token, read as far as it can be.
pub(crate) fn jwt(token: &str) -> Result<Rc<Jwt>, JwtError> {
    Jwt::read(token).map(Rc::new)
}

/// The challenges of a response.
pub(crate) fn challenges(response: ResponseRef<'_>) -> Result<&[Challenge], &ChallengeError> {
    response.challenges()
}

/// Whether a 401 says nothing against the token itself: a nonce or a proof is wanted (RFC 9449), or
/// another login (RFC 9470).
pub(crate) fn is_about_more_than_the_token(call: ExchangeRef<'_>) -> bool {
    let errors = [
        "use_dpop_nonce",
        "invalid_dpop_proof",
        "insufficient_user_authentication",
    ];
    challenge_error(call).is_some_and(|error| errors.contains(&error.as_str()))
}

/// The `error` that a challenge tells.
pub(crate) fn challenge_error(call: ExchangeRef<'_>) -> Option<String> {
    let all = challenges(call.response()?).ok()?;
    let mut errors = all
        .iter()
        .filter_map(|challenge| challenge.parameter("error"));
    errors.next().map(str::to_owned)
}

/// The JSON-RPC method of a call to the MCP server.
pub(crate) fn method(call: ExchangeRef<'_>) -> &str {
    match &call.exchange.purpose {
        Purpose::Mcp { method } | Purpose::Challenge { method } => method,
        _ => "the call",
    }
}

/// The fields of an authorization response: those of the query, and of the form when it was posted.
pub(crate) fn response_fields(callback: RequestRef<'_>) -> Vec<Pair> {
    response_fields_of(callback.get())
}

/// The bearer token of a request's `Authorization` field.
pub(crate) fn bearer(request: RequestRef<'_>) -> Option<&str> {
    bearer_of(request.get())
}

/// The pairs of a request's form body.
pub(crate) fn form(request: RequestRef<'_>) -> &[Pair] {
    request.form()
}

/// The first value of a name.
pub(crate) fn value<'p>(pairs: &'p [Pair], name: &str) -> Option<&'p str> {
    let pair = pairs.iter().find(|pair| pair.name == name)?;
    Some(&pair.value)
}

/// A member that is a string.
pub(crate) fn text<'d>(document: &'d Document, member: &str) -> Option<&'d str> {
    document.get(member)?.as_str()
}

/// The access token of a successful token answer.
pub(crate) fn access_token(response: ResponseRef<'_>) -> Option<String> {
    if !(200..300).contains(&response.status) {
        return None;
    }
    let answer = object(response)?;
    let token = text(&answer, "access_token").filter(|token| !token.is_empty())?;
    Some(token.to_owned())
}

/// The access token of a successful token answer, read as far as it can be.
pub(crate) fn access_jwt(response: ResponseRef<'_>) -> Option<Result<Rc<Jwt>, JwtError>> {
    let token = access_token(response)?;
    Some(response.read_access_token(&token))
}

/// The OAuth error of an answer, read as the flow reads it.
pub(crate) fn oauth_error(response: ResponseRef<'_>) -> Option<OauthError> {
    trace::oauth_error(&response)
}
