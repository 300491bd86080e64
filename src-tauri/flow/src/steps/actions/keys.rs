//! The issuer's keys, and whether the tokens are signed with them.

use trace::{Phase, Purpose, Request, Response, Verdict};

use crate::endpoint::Endpoint;
use crate::plan::{Env, Plan};
use crate::routes::actions::{failed, go_on};
use crate::setup::Setup;
use crate::state::Flow;
use crate::token_check::{check_all, is_good};
use crate::transition::Transition;

pub(crate) fn request(endpoint: &Endpoint) -> Plan {
    let why = "The MCP server checks tokens with them; so can we.";
    let request = Request::new("GET", endpoint.url())
        .header("accept", "application/jwk-set+json, application/json");
    let words = ("Read the issuer's keys", why);
    Plan::new(Phase::Extra, Purpose::Jwks, words, "JWK set", request)
}

pub(crate) fn judge(flow: Flow, setup: &Setup, response: &Response, env: &Env<'_>) -> Transition {
    let set = trace::json_value(&response.body.bytes).unwrap_or_default();
    let keys = set["keys"].as_array().filter(|_| response.status == 200);
    let Some(keys) = keys else {
        let status = response.status;
        let message = format!("jwks_uri: expected a JWK set with keys, got status {status}");
        return failed(flow, setup, "no JWK set", message);
    };
    let words = match keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    let tokens = flow.facts.tokens.as_ref();
    let checked = tokens.map(|tokens| check_all(&flow.facts, setup, tokens, &set, env.now));
    let checked = checked.unwrap_or_default();
    let message = if checked.is_empty() {
        "Neither the access token nor an ID token is a JWT: there is no signature to check."
    } else if checked.iter().all(is_good) {
        "The signatures are good."
    } else {
        "Something is wrong with a token: the lines above say what."
    };
    // What was checked comes before the end of the action, to which it belongs.
    go_on(flow, setup, Verdict::accepted(words), message).after(checked)
}

#[cfg(test)]
mod tests {
    use jose::SigningKey;
    use serde_json::json;
    use trace::{ActionKind, Decision};

    use super::*;
    use crate::step::Step;
    use crate::testing::{ISSUER, SERVER, response, setup, with_env, with_tokens};

    fn checked(token: &str, status: u16, set: &serde_json::Value) -> Vec<Decision> {
        let mut flow = with_tokens(Step::ExpectTools, None);
        flow.facts.queue.action = Some(ActionKind::CheckSignatures);
        flow.facts.tokens.as_mut().unwrap().access_token = token.into();
        let response = response(status, &[], &set.to_string());
        with_env(|env| judge(flow, &setup(), &response, env)).decisions
    }

    fn message(decisions: &[Decision]) -> &str {
        match decisions.last() {
            Some(Decision::ActionDone { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tokens_are_checked_with_the_issuers_keys() {
        let key = SigningKey::from_random(&[7; 32]);
        let claims = json!({ "iss": ISSUER, "aud": SERVER, "exp": 2_000 });
        let token = key.sign("at+jwt", false, &claims);
        let own = json!({ "keys": [key.public_jwk()] });
        let good = checked(&token, 200, &own);
        assert!(matches!(good[0], Decision::TokenChecked { .. }));
        assert_eq!(message(&good), "The signatures are good.");
        let other = json!({ "keys": [SigningKey::from_random(&[8; 32]).public_jwk()] });
        assert!(message(&checked(&token, 200, &other)).starts_with("Something is wrong"));
        assert!(message(&checked("opaque", 200, &own)).starts_with("Neither"));
    }

    #[test]
    fn what_is_no_key_set_ends_the_action() {
        for (status, set) in [
            (404, json!({ "keys": [] })),
            (200, json!([])),
            (200, json!("x")),
            (200, json!({ "keys": {} })),
        ] {
            let decisions = checked("t", status, &set);
            assert!(
                message(&decisions).starts_with("jwks_uri: expected"),
                "{set}"
            );
        }
    }
}
