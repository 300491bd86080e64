//! The token request (RFC 6749 sections 4.1.3 and 5).

use trace::{Outcome, Phase, Purpose, Response, StopCode};

use crate::answer::refusal;
use crate::client_request::{Form, client_request};
use crate::endpoint::Endpoint;
use crate::grant::{Authorization, RedeemedCode, TokenGrant};
use crate::plan::{Env, Plan};
use crate::routes::granted::{granted, requested_scope};
use crate::routes::step_up::resumed;
use crate::scope::scope;
use crate::scope_values::contains;
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::device;
use crate::token_check::check_id_token;
use crate::transition::Transition;

pub(crate) fn request(flow: &Flow, setup: &Setup, endpoint: &Endpoint, grant: &TokenGrant) -> Plan {
    let facts = &flow.facts;
    let mut form: Form = vec![("grant_type", grant.kind().grant_type().to_owned())];
    form.extend(grant.parameters());
    let (title, why, label) = grant.words();
    if matches!(
        grant,
        TokenGrant::ClientCredentials | TokenGrant::Assertion(_)
    ) {
        form.extend(scope(facts, setup).0.map(|scope| ("scope", scope)));
    }
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    let mut plan = client_request(
        facts,
        facts.phase(Phase::Token),
        Purpose::Token {
            grant: grant.kind(),
        },
        (title, why),
        label,
        endpoint,
        &form,
    );
    if let TokenGrant::DeviceCode(device) = grant {
        plan.not_before = Some(device.next_poll);
    }
    plan
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    endpoint: &Endpoint,
    grant: TokenGrant,
    outcome: &Outcome,
    env: &Env<'_>,
) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    if response.status != 200 {
        return refused(flow, endpoint, &grant, response, env);
    }
    let TokenGrant::Code {
        code,
        authorization,
    } = grant
    else {
        return take(flow, setup, None, response, env);
    };
    let nonce = authorization.nonce.expose().to_owned();
    let openid = authorization
        .scope
        .as_deref()
        .is_some_and(|it| contains(it, "openid"));
    let mut taken = take(flow, setup, Some(&authorization), response, env);
    if taken.is_stopped() {
        return taken;
    }
    taken.flow.facts.redeemed = Some(Box::new(RedeemedCode {
        code,
        authorization: *authorization,
    }));
    if openid {
        with_id_token_checked(taken, &nonce, env)
    } else {
        taken
    }
}

fn take(
    mut flow: Flow,
    setup: &Setup,
    authorization: Option<&Authorization>,
    response: &Response,
    env: &Env<'_>,
) -> Transition {
    let requested = match authorization {
        Some(authorization) => authorization.scope.clone(),
        None => requested_scope(&flow, setup),
    };
    let then = resumed(&mut flow.facts);
    granted(flow, then, requested, response, env)
}

fn refused(
    flow: Flow,
    endpoint: &Endpoint,
    grant: &TokenGrant,
    response: &Response,
    env: &Env<'_>,
) -> Transition {
    if let TokenGrant::DeviceCode(device) = grant
        && let Some(judged) = device::judge_refusal(&flow, endpoint, device, response, env)
    {
        return judged;
    }
    let words = refusal(response);
    let what = grant.kind().handed_in();
    let message = format!("The token endpoint refused the {what}: {words}");
    Transition::stop(flow, StopCode::TokenRejected, &words, message)
}

/// OpenID Connect Core 1.0 section 3.1.3.7, for a token that came with a code.
fn with_id_token_checked(taken: Transition, nonce: &str, env: &Env<'_>) -> Transition {
    let facts = &taken.flow.facts;
    let tokens = facts.tokens.as_ref();
    let checked = tokens.and_then(|tokens| check_id_token(facts, tokens, nonce, env.now));
    let Some((decision, problems)) = checked else {
        return taken;
    };
    let code = StopCode::IdTokenInvalid;
    let Some(problem) = problems.first().filter(|_| !facts.waives(code)) else {
        return taken.decided(decision);
    };
    let message = format!(
        "{}: expected {}, got {}. A client must not believe this ID token.",
        problem.claim, problem.expected, problem.got
    );
    let words = format!("ID token: {}", problem.claim);
    Transition::refuse(taken.flow, code, &words, message).after([decision])
}

#[cfg(test)]
mod tests {
    use trace::Decision;

    use super::*;
    use crate::step::Step;
    use crate::testing::{
        answer, authorization, endpoint, flow, form, setup, stopped, value, with_env,
    };
    use crate::transition::Effect;

    fn code(scope: &str) -> TokenGrant {
        let mut authorization = authorization();
        authorization.scope = Some(scope.into());
        TokenGrant::Code {
            code: "x".into(),
            authorization,
        }
    }

    fn judged(flow: Flow, grant: TokenGrant, status: u16, body: &str) -> Transition {
        let outcome = answer(status, body);
        with_env(|env| judge(flow, &setup(), &endpoint("/token"), grant, &outcome, env))
    }

    #[test]
    fn each_grant_carries_its_own() {
        let flow = flow(Step::ExpectTools);
        let pairs =
            |grant: &TokenGrant| form(&request(&flow, &setup(), &endpoint("/token"), grant));
        let of_code = pairs(&code("read"));
        for (name, expected) in [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", "http://127.0.0.1:1/callback"),
            ("code_verifier", &"v".repeat(43)),
            ("resource", "https://mcp.example/mcp"),
            ("client_id", "c1"),
        ] {
            assert_eq!(value(&of_code, name), Some(expected), "{name}");
        }
        let assertion = pairs(&TokenGrant::Assertion("a".into()));
        assert_eq!(value(&assertion, "assertion"), Some("a"));
        assert_eq!(value(&pairs(&TokenGrant::ClientCredentials), "code"), None);
    }

    #[test]
    fn before_2025_06_18_there_is_no_resource() {
        let mut flow = flow(Step::ExpectTools);
        flow.facts.revision = trace::Revision::R20250326;
        let plan = request(&flow, &setup(), &endpoint("/token"), &code("read"));
        assert_eq!(value(&form(&plan), "resource"), None);
    }

    #[test]
    fn the_tokens_are_kept_and_the_code_is_redeemed() {
        let body = r#"{"access_token":"a2","token_type":"Bearer"}"#;
        let taken = judged(flow(Step::ExpectTools), code("read"), 200, body);
        assert_eq!(taken.flow.step, Step::ExpectServerInfo);
        let facts = &taken.flow.facts;
        assert_eq!(
            facts.tokens.as_ref().unwrap().scope.as_deref(),
            Some("read")
        );
        assert_eq!(facts.redeemed.as_ref().unwrap().code.expose(), "x");
        assert!(matches!(taken.effects[..], [Effect::Store { .. }]));
        // No code was redeemed when no token came.
        let none = judged(flow(Step::ExpectTools), code("read"), 200, "{}");
        assert_eq!(none.flow.facts.redeemed, None);
    }

    #[test]
    fn an_id_token_that_is_none_is_refused_and_used_when_the_user_goes_on() {
        let body = r#"{"access_token":"a2","id_token":"no JWT"}"#;
        let refused = judged(flow(Step::ExpectTools), code("openid"), 200, body);
        assert_eq!(stopped(&refused), Some((StopCode::IdTokenInvalid, true)));
        assert!(matches!(
            refused.decisions[0],
            Decision::TokenChecked { .. }
        ));
        assert!(refused.effects.is_empty(), "it is not kept");
        let mut waived = flow(Step::ExpectTools);
        waived.facts.waived.push(StopCode::IdTokenInvalid);
        let used = judged(waived, code("openid"), 200, body);
        assert_eq!((stopped(&used), used.effects.len()), (None, 1));
        // An ID token that was not asked for is not checked.
        let other = judged(flow(Step::ExpectTools), code("read"), 200, body);
        assert_eq!(stopped(&other), None);
    }

    #[test]
    fn refusals_stop_with_the_servers_words() {
        for (status, body, words) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":["used"]}"#,
                "invalid_grant: [\"used\"]",
            ),
            (400, "error=invalid_grant", "invalid_grant"),
            (500, "<html>", "status 500 without an OAuth error"),
        ] {
            let end = judged(flow(Step::ExpectTools), code("read"), status, body);
            assert_eq!(stopped(&end), Some((StopCode::TokenRejected, false)));
            assert_eq!(end.verdict.unwrap().text, words);
        }
    }
}
