//! Refreshing an access token, and what to do when that fails (RFC 6749 section 6).

use trace::{Grant, Outcome, Phase, Purpose, Secret, StopCode, Verdict};

use crate::answer::{error_code, refusal};
use crate::client_request::{Form, client_request};
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::plan::{Env, Plan};
use crate::routes::begin::authorize_afresh;
use crate::routes::granted::{granted, requested_scope};
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

pub(crate) fn request(
    facts: &Facts,
    setup: &Setup,
    endpoint: &Endpoint,
    refresh_token: &Secret,
) -> Plan {
    let mut form: Form = vec![
        ("grant_type", Grant::RefreshToken.grant_type().to_owned()),
        ("refresh_token", refresh_token.expose().to_owned()),
    ];
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    client_request(
        facts,
        Phase::Refresh,
        Purpose::Token {
            grant: Grant::RefreshToken,
        },
        (
            "Refresh the access token",
            "The refresh token gets a new access token without the user.",
        ),
        "refresh_token",
        endpoint,
        &form,
    )
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    then: Step,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    if response.status == 200 {
        let requested = requested_scope(&flow, setup);
        let mut taken = granted(flow, then, requested, response, env);
        if let Some(tokens) = &mut taken.flow.facts.tokens {
            tokens.refreshed = true;
        }
        return taken;
    }
    let words = refusal(response);
    // RFC 6749 section 5.2: with invalid_grant the refresh token is dead, so a new authorization is
    // due.
    if error_code(response) == "invalid_grant" {
        let why = "the refresh token was refused";
        return authorize_afresh(flow, setup, Verdict::moved_on(words), why, env);
    }
    if flow.facts.waives(StopCode::TokenRejected) {
        let why = "the refresh failed and the user went on";
        return authorize_afresh(flow, setup, Verdict::rejected(words), why, env);
    }
    let message = format!(
        "The refresh was refused with {words}. Only invalid_grant tells a client that it has to authorize afresh, so it \
         is stuck here."
    );
    Transition::refuse(flow, StopCode::TokenRejected, &words, message)
}

#[cfg(test)]
mod tests {
    use trace::Decision;

    use super::*;
    use crate::testing::{answer, endpoint, form, setup, stopped, value, with_env, with_tokens};
    use crate::transition::Effect;

    fn judged(waived: bool, status: u16, body: &str) -> Transition {
        let mut flow = with_tokens(Step::ExpectTools, Some("r1"));
        if waived {
            flow.facts.waived.push(StopCode::TokenRejected);
        }
        let outcome = answer(status, body);
        with_env(|env| judge(flow, &setup(), Step::ExpectTools, &outcome, env))
    }

    #[test]
    fn the_request_carries_the_refresh_token_and_the_resource() {
        let flow = with_tokens(Step::ExpectTools, Some("r1"));
        let plan = request(&flow.facts, &setup(), &endpoint("/token"), &"r1".into());
        let pairs = form(&plan);
        assert_eq!(value(&pairs, "refresh_token"), Some("r1"));
        assert_eq!(value(&pairs, "resource"), Some("https://mcp.example/mcp"));
        assert_eq!(value(&pairs, "client_id"), Some("c1"));
    }

    #[test]
    fn the_flow_goes_on_where_it_was() {
        let taken = judged(false, 200, r#"{"access_token":"a2"}"#);
        assert_eq!(taken.flow.step, Step::ExpectTools);
        let tokens = taken.flow.facts.tokens.unwrap();
        assert!(tokens.refreshed && !tokens.accepted);
        assert_eq!(tokens.refresh_token.unwrap().expose(), "r1");
    }

    #[test]
    fn only_invalid_grant_ends_the_refresh_token() {
        for body in [
            r#"{"error":"invalid_grant"}"#,
            r#"{"error":"invalid_grant","error_description":{}}"#,
            "error=invalid_grant",
        ] {
            let afresh = judged(false, 400, body);
            assert_eq!(afresh.flow.step, Step::ExpectListener, "{body}");
            assert_eq!(afresh.flow.facts.tokens, None);
            assert!(matches!(afresh.effects[..], [Effect::Forget { .. }]));
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_request"}"#),
            (500, "<html>"),
            (401, ""),
        ] {
            let stuck = judged(false, status, body);
            assert_eq!(
                stopped(&stuck),
                Some((StopCode::TokenRejected, true)),
                "{body}"
            );
            assert!(stuck.flow.facts.tokens.is_some());
            let afresh = judged(true, status, body);
            assert!(matches!(
                afresh.decisions.last(),
                Some(Decision::TokensForgotten { .. })
            ));
        }
    }
}
