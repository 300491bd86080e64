//! Pushing the authorization request to the server before the browser goes there (RFC 9126).

use serde_json::Value;
use trace::{Outcome, Phase, Purpose, StopCode, Verdict};

use crate::answer::{json_object, refusal, text};
use crate::client_request::client_request;
use crate::endpoint::Endpoint;
use crate::grant::Authorization;
use crate::plan::Plan;
use crate::routes::authorization::parameters;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

pub(crate) fn request(
    flow: &Flow,
    setup: &Setup,
    endpoint: &Endpoint,
    authorization: &Authorization,
) -> Plan {
    let facts = &flow.facts;
    // The client names itself by its authentication; `client_id` is a parameter of the request
    // anyway.
    let (parameters, signature) = parameters(facts, setup, authorization);
    let form: Vec<(&str, String)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let why = "The server gets the parameters from us directly; the browser only carries a reference to them.";
    let mut plan = client_request(
        facts,
        facts.phase(Phase::Authorization),
        Purpose::PushedAuthorization,
        ("Push the authorization request", why),
        "pushed authorization request",
        endpoint,
        &form,
    );
    plan.signatures.extend(signature);
    plan
}

pub(crate) fn judge(
    flow: Flow,
    authorization: Box<Authorization>,
    outcome: &Outcome,
) -> Transition {
    let code = StopCode::PushedAuthorizationRejected;
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| matches!(response.status, 200..=299));
    let Some(answer) = answer else {
        let words = refusal(response);
        let message =
            format!("The authorization server refused the pushed authorization request: {words}");
        return Transition::stop(flow, code, &words, message);
    };
    let Some(request_uri) = text(&answer, "request_uri") else {
        let message = "request_uri: expected a string in the answer to the pushed authorization request, got none.";
        return Transition::stop(flow, code, "no request_uri", message);
    };
    let words = match answer.get("expires_in").and_then(Value::as_u64) {
        Some(seconds) => format!("request_uri · {seconds} s"),
        None => "request_uri".into(),
    };
    let step = Step::ExpectCallback {
        authorization,
        request_uri: Some(request_uri.into()),
    };
    Transition::to(flow, step, Verdict::accepted(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ToSign, UNSIGNED};
    use crate::testing::{answer, authorization, endpoint, flow, form, setup, stopped, value};

    #[test]
    fn everything_is_pushed_with_the_clients_authentication() {
        let mut flow = flow(Step::ExpectTools);
        let client = flow.facts.client.as_mut().unwrap();
        client.auth_method = "client_secret_post".into();
        client.client_secret = Some("s".into());
        let plan = request(&flow, &setup(), &endpoint("/par"), &authorization());
        let pairs = form(&plan);
        for (name, expected) in [
            ("client_id", "c1"),
            ("client_secret", "s"),
            ("state", "st"),
            ("response_type", "code"),
        ] {
            assert_eq!(value(&pairs, name), Some(expected), "{name}");
        }
        assert_eq!(
            pairs.iter().filter(|pair| pair.name == "client_id").count(),
            1
        );
    }

    #[test]
    fn a_request_object_is_signed_when_it_is_pushed() {
        let mut setup = setup();
        setup.authorization.request_object = true;
        let flow = flow(Step::ExpectTools);
        let plan = request(&flow, &setup, &endpoint("/par"), &authorization());
        assert_eq!(value(&form(&plan), "request"), Some(UNSIGNED));
        assert!(matches!(
            plan.signatures[..],
            [ToSign::RequestObject { .. }]
        ));
    }

    #[test]
    fn the_browser_goes_on_with_the_reference_alone() {
        let judged = |status, body: &str| {
            judge(
                flow(Step::ExpectTools),
                authorization(),
                &answer(status, body),
            )
        };
        let transition = judged(201, r#"{"request_uri":"urn:x","expires_in":90}"#);
        assert_eq!(transition.verdict.unwrap().text, "request_uri · 90 s");
        assert!(matches!(
            transition.flow.step,
            Step::ExpectCallback { request_uri: Some(uri), .. } if uri == "urn:x"
        ));
        let rejected = Some((StopCode::PushedAuthorizationRejected, false));
        for (status, body) in [
            (400, r#"{"error":"invalid_request"}"#),
            (201, "{}"),
            (201, r#"{"request_uri":7}"#),
            (201, "x"),
        ] {
            assert_eq!(stopped(&judged(status, body)), rejected, "{status} {body}");
        }
    }
}
