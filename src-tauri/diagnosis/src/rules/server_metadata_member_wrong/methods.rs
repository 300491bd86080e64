//! The ways to authenticate that the document lists, and the one that this client has.

use serde_json::Value;
use trace::{Document, StopCode};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, ServerTry, access_token, oauth_error};
use crate::wording::{excerpt, list};

const MEMBER: &str = "token_endpoint_auth_methods_supported";

/// The methods that clients have without a certificate of their own.
const USUAL_METHODS: [&str; 5] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
];

/// Only ways to authenticate are listed that need what MCP clients rarely have.
pub(super) fn none_usable(
    finding: Finding,
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    let listed = document.get(MEMBER)?.as_array()?;
    let used = reading
        .client_before(u32::MAX)
        .and_then(|(_, method)| method);
    let usable = |method: &Value| {
        method
            .as_str()
            .is_some_and(|method| USUAL_METHODS.contains(&method) || used == Some(method))
    };
    if listed.iter().any(usable) || listed.iter().any(|method| !method.is_string()) {
        return None;
    }
    let sent = excerpt(&format!("\"{MEMBER}\": {}", Value::Array(listed.clone())));
    Some(
        finding
            .title_with([MEMBER])
            .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
            .message(
                "Clients go by this list. MCP clients are public (none), or have a secret or a key; \
                 one that finds nothing of that stops here.",
            )
            .expected("none, client_secret_post, client_secret_basic or private_key_jwt in it")
            .actual(sent)
            .fix(format!(
                "List in {MEMBER} what the token endpoint takes; \"none\" lets public clients in."
            )),
    )
}

/// What a client without a key or a certificate has.
const WITHOUT_KEY: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// Nothing but keys is listed, and this client has none: either it was `accepted` all the same, and
/// the list is wrong, or it was `refused`.
pub(super) fn keys_only(
    accepted: Finding,
    refused: Finding,
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    let listed = document.get(MEMBER)?.as_array()?;
    let listed: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    let client = reading.client_before(u32::MAX);
    let used = client.and_then(|(_, method)| method).unwrap_or("none");
    let has_key = |method: &&str| matches!(*method, "private_key_jwt" | "client_secret_jwt");
    let is_keys_only = listed.iter().any(has_key)
        && !listed.iter().any(|method| WITHOUT_KEY.contains(method))
        && WITHOUT_KEY.contains(&used);
    if !is_keys_only {
        return None;
    }
    let issued = reading.tokens.iter().any(|(seen, _)| {
        seen.response()
            .is_some_and(|answer| access_token(answer).is_some())
    });
    let finding = if issued {
        accepted
            .title_with([MEMBER])
            .message(format!(
                "This client authenticated by {used} and was given a token, so the list is not \
                 whole. Clients go by it: one that has no key stops here."
            ))
            .expected(format!("{used} in {MEMBER}"))
            .fix(format!("Add \"{used}\" to {MEMBER} of the metadata."))
    } else if is_stopped(reading) && is_about_client(reading) {
        refused
            .message(format!(
                "Nothing but {} is listed, and this client authenticates by {used}.",
                list(&listed)
            ))
            .expected("a client with a key that the authorization server knows")
            .fix(
                "Register a client with a public key at the authorization server, and give this \
                 run its ID and its private key (--client-id, --private-key). To let clients \
                 without a key in, the authorization server has to accept and list none.",
            )
    } else {
        return None;
    };
    Some(
        finding
            .at(attempt.seen.seq, Part::body(&format!("/{MEMBER}")))
            .actual(excerpt(&format!("\"{MEMBER}\": {listed:?}"))),
    )
}

/// Whether the flow stopped where a client authenticates.
fn is_stopped(reading: &Reading<'_>) -> bool {
    let codes = [StopCode::TokenRejected, StopCode::RegistrationRejected];
    codes.iter().any(|code| reading.stopped(*code).is_some())
}

/// Whether the last refusal is about the client and how it authenticates.
fn is_about_client(reading: &Reading<'_>) -> bool {
    let tokens = reading.tokens.iter().map(|(seen, _)| *seen);
    let last = reading.registrations.iter().copied().chain(tokens).last();
    let error = last.and_then(|seen| oauth_error(seen.response()?));
    error.is_some_and(|error| {
        let about_method = error.words().contains("token_endpoint_auth_method");
        matches!(
            error.error.as_str(),
            "invalid_client" | "unauthorized_client"
        ) || about_method
    })
}
