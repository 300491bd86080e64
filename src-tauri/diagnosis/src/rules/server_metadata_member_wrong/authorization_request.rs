//! What the document says about authorization requests, against the one that this client sent.

use serde_json::Value;
use trace::{Document, Pair};
use url::Url;

use crate::finding::{Finding, Part};
use crate::reading::{Reading, ServerTry};
use crate::wording::excerpt;

/// What a client itself has to say in an authorization request.
const OF_CLIENT: [&str; 7] = [
    "resource",
    "scope",
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
];

/// The authorization endpoint's own query has a parameter that the client has to set.
pub(super) fn set_in_endpoint(
    finding: Finding,
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    const MEMBER: &str = "authorization_endpoint";
    let endpoint = Url::parse(document.get(MEMBER)?.as_str()?).ok()?;
    let (_, asked) = reading.authorization_before(u32::MAX)?;
    let (name, given) = endpoint.query_pairs().find(|(name, given)| {
        let mut sent = asked.iter().filter(|pair| pair.name == name.as_ref());
        let last = sent.clone().next_back();
        let differs = last.is_none_or(|ours| ours.value != given.as_ref());
        OF_CLIENT.contains(&name.as_ref()) && (differs || sent.nth(1).is_some())
    })?;
    Some(
        finding
            .title_with([name.as_ref()])
            .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
            .message(format!(
                "A client keeps the query of the endpoint and adds its own parameters, so the \
                 request has {name} twice, which OAuth does not allow. Which of them counts differs \
                 from server to server: the token may be meant for another place than the client \
                 asks for."
            ))
            .expected(format!("authorization_endpoint without {name}"))
            .actual(excerpt(&format!("{name}={given} in authorization_endpoint")))
            .fix(format!(
                "Take {name} out of authorization_endpoint in the metadata, and go by the one that \
                 the client sends."
            )),
    )
}

/// Requests have to be signed, and this client's was not.
pub(super) fn to_be_signed(
    finding: Finding,
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    const MEMBER: &str = "require_signed_request_object";
    let asked = reading.authorization_before(u32::MAX);
    let is_signed = |(_, asked): (u32, &[Pair])| {
        let mut names = asked.iter().map(|pair| pair.name.as_str());
        names.any(|name| matches!(name, "request" | "request_uri"))
    };
    if document.get(MEMBER) != Some(&Value::Bool(true)) || asked.is_some_and(is_signed) {
        return None;
    }
    Some(
        finding
            .title_with([MEMBER])
            .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
            .message(
                "It says that every authorization request has to be a signed request object. MCP \
                 clients send plain parameters and have no key to sign with, so a server that means \
                 it refuses all of them.",
            )
            .expected(format!("no {MEMBER}, or false"))
            .actual(format!("\"{MEMBER}\": true"))
            .fix(format!(
                "Set {MEMBER} to false for MCP clients, or give this run a key and --request-object."
            )),
    )
}
