//! Pushing the authorization request to the server before the browser goes there (RFC 9126).

use serde_json::Value;
use trace::{Outcome, Phase, Purpose, StopCode, Timestamp, Verdict};

use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::{Plan, Step};
use crate::steps::token::client_request;
use crate::steps::{authorization, json_object, no_response, oauth_error};

/// Whether the request is to be pushed, and can be.
pub(crate) fn wanted(flow: &Flow, setup: &Setup) -> bool {
    let demanded = flow
        .facts
        .server_metadata
        .as_ref()
        .is_some_and(|metadata| metadata.require_pushed_authorization_requests);
    (setup.authorization.par || demanded)
        && flow
            .facts
            .endpoint(setup, "pushed_authorization_request_endpoint")
            .is_some()
}

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts.endpoint(setup, "pushed_authorization_request_endpoint");
    // The client names itself by its authentication; `client_id` is a parameter of the request
    // anyway.
    let parameters = authorization::parameters(flow, setup, now);
    let parameters = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Plan {
        phase: facts.phase(Phase::Authorization),
        purpose: Purpose::PushedAuthorization,
        title: "Push the authorization request".into(),
        why: "The server gets the parameters from us directly; the browser only carries a reference to them."
            .into(),
        label: "pushed authorization request".into(),
        request: client_request(
            facts,
            setup,
            endpoint.unwrap_or_default(),
            parameters.collect(),
            now,
        ),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(mut flow: Flow, outcome: &Outcome) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| matches!(response.status, 200..=299));
    let Some(answer) = answer else {
        let words = oauth_error(response).words(response.status);
        let message =
            format!("The authorization server refused the pushed authorization request: {words}");
        return Judged::stop(flow, StopCode::PushedAuthorizationRejected, &words, message);
    };
    let Some(request_uri) = answer
        .get("request_uri")
        .and_then(Value::as_str)
        .filter(|uri| !uri.is_empty())
    else {
        let message = "request_uri: expected a string in the answer to the pushed authorization request, got none.";
        return Judged::stop(
            flow,
            StopCode::PushedAuthorizationRejected,
            "no request_uri",
            message,
        );
    };
    flow.facts.request_uri = Some(request_uri.into());
    let words = match answer.get("expires_in").and_then(Value::as_u64) {
        Some(seconds) => format!("request_uri · {seconds} s"),
        None => "request_uri".into(),
    };
    Judged::go(flow, Step::ExpectCallback, Verdict::accepted(words))
}
