//! Proof of possession for requests that get or use a token bound to a key (RFC 9449).

use trace::{Decision, Grant, Outcome, Purpose, Request, Response, Secret, challenges};

use crate::answer::error_code;
use crate::facts::Facts;
use crate::plan::{Plan, ToSign, UNSIGNED};
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::tokens::Dpop;

const DEMANDED: &str = "use_dpop_nonce";

/// Binds the tokens from here on to a key where the user chose it.
pub(crate) fn bind_as_chosen(facts: &mut Facts, setup: &Setup) -> Option<Decision> {
    if setup.dpop {
        bind(facts, setup, "as chosen")
    } else {
        None
    }
}

/// Binds the tokens from here on to a key, unless they are already.
pub(crate) fn bind(facts: &mut Facts, setup: &Setup, why: &str) -> Option<Decision> {
    if facts.dpop.is_some() {
        return None;
    }
    let key = setup.dpop_key();
    let thumbprint = key.thumbprint();
    facts.dpop = Some(Dpop::with_key(key));
    Some(Decision::SenderConstrained {
        thumbprint,
        why: why.into(),
    })
}

/// The scheme and the value of `Authorization` for the access token; `None` without a token.
pub(crate) fn authorization(facts: &Facts) -> Option<String> {
    let tokens = facts.tokens.as_ref()?;
    let bound = facts.dpop.is_some() && tokens.token_type.eq_ignore_ascii_case("DPoP");
    let scheme = if bound { "DPoP" } else { "Bearer" };
    Some(format!("{scheme} {}", tokens.access_token.expose()))
}

/// Adds the `DPoP` header where the request gets a token or uses one that is bound.
pub(crate) fn attach(facts: &Facts, plan: &mut Plan) {
    let Some(dpop) = &facts.dpop else { return };
    let access_token = plan
        .request
        .header_value("authorization")
        .and_then(|value| value.strip_prefix("DPoP "))
        .map(Secret::new);
    let gets_token = match plan.purpose {
        Purpose::Token { grant } => grant != Grant::TokenExchange,
        Purpose::PushedAuthorization => true,
        _ => false,
    };
    if access_token.is_none() && !gets_token {
        return;
    }
    let at_server = gets_token || plan.purpose == Purpose::Userinfo;
    let nonce = if at_server {
        dpop.server_nonce.clone()
    } else {
        dpop.resource_nonce.clone()
    };
    let request = std::mem::replace(&mut plan.request, Request::new("", ""));
    plan.request = request.header("dpop", UNSIGNED);
    plan.signatures.push(ToSign::Proof {
        key: dpop.key.clone(),
        access_token,
        nonce,
    });
}

/// Keeps the nonce of an answer to a request with a proof. True when the server demands that the
/// request is repeated with it, and it was not repeated already (RFC 9449 sections 8 and 9).
pub(crate) fn take_nonce(flow: &mut Flow, request: &Request, outcome: &Outcome) -> bool {
    let Outcome::Response(response) = outcome else {
        return false;
    };
    let at_resource = request
        .header_value("authorization")
        .is_some_and(|value| value.starts_with("DPoP "));
    let at_server = !at_resource || is_userinfo(&flow.step);
    let proven = request.header_value("dpop").is_some();
    let Some(dpop) = flow.facts.dpop.as_mut().filter(|_| proven) else {
        return false;
    };
    let nonce = response.header_value("dpop-nonce").map(str::to_owned);
    let given = nonce.is_some();
    if given {
        if at_server {
            dpop.server_nonce = nonce;
        } else {
            dpop.resource_nonce = nonce;
        }
    }
    let repeat = given && !flow.attempt.repeated && demands_nonce(response);
    flow.attempt.repeated = repeat;
    repeat
}

fn demands_nonce(response: &Response) -> bool {
    let challenged = || {
        let all = challenges(response).unwrap_or_default();
        all.iter()
            .any(|challenge| challenge.is("DPoP") && challenge.parameter("error") == Some(DEMANDED))
    };
    matches!(response.status, 400 | 401) && (error_code(response) == DEMANDED || challenged())
}

fn is_userinfo(step: &Step) -> bool {
    use crate::queue::ActionRequest;
    matches!(step, Step::ExpectAction(request) if matches!(**request, ActionRequest::Userinfo { .. }))
}

#[cfg(test)]
mod tests {
    use trace::{Body, Header, Phase};

    use super::*;
    use crate::setup::Seed;

    fn bound() -> Flow {
        let setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        let mut facts = Facts::new(None);
        bind(&mut facts, &setup, "as chosen");
        Flow::at(Step::ExpectTools, facts)
    }

    fn answer(status: u16, nonce: Option<&str>, body: &str) -> Outcome {
        let nonce = nonce.map(|nonce| Header::new("DPoP-Nonce", nonce));
        Outcome::Response(Response {
            status,
            headers: nonce.into_iter().collect(),
            body: Body::new(body.into()),
        })
    }

    #[test]
    fn a_nonce_is_kept_for_its_server_and_a_request_repeated_once() {
        let mut flow = bound();
        let token = Request::new("POST", "https://as.example/token").header("dpop", "p");
        // The description is not a string: the code counts all the same.
        let demanded = r#"{"error":"use_dpop_nonce","error_description":{"a":1}}"#;
        assert!(take_nonce(
            &mut flow,
            &token,
            &answer(400, Some("n1"), demanded)
        ));
        assert!(
            !take_nonce(&mut flow, &token, &answer(400, Some("n2"), demanded)),
            "once"
        );
        let call = Request::new("POST", "https://mcp.example/mcp")
            .header("authorization", "DPoP t")
            .header("dpop", "p");
        assert!(!take_nonce(
            &mut flow,
            &call,
            &answer(200, Some("r1"), "{}")
        ));
        let dpop = flow.facts.dpop.as_ref().unwrap();
        assert_eq!(
            (dpop.server_nonce.as_deref(), dpop.resource_nonce.as_deref()),
            (Some("n2"), Some("r1"))
        );
    }

    #[test]
    fn nothing_is_repeated_without_a_nonce_or_without_a_proof() {
        let mut flow = bound();
        let token = Request::new("POST", "https://as.example/token");
        let demanded = r#"{"error":"use_dpop_nonce"}"#;
        assert!(!take_nonce(
            &mut flow,
            &token,
            &answer(400, Some("n"), demanded)
        ));
        let token = token.header("dpop", "p");
        assert!(!take_nonce(&mut flow, &token, &answer(400, None, demanded)));
        assert!(!take_nonce(
            &mut flow,
            &token,
            &answer(500, Some("n"), demanded)
        ));
    }

    #[test]
    fn requests_that_get_a_token_carry_a_proof_and_a_token_exchange_does_not() {
        let flow = bound();
        let signed = |purpose: Purpose| {
            let request = Request::new("POST", "https://as.example/token");
            let mut plan = Plan::new(Phase::Token, purpose, ("", ""), "", request);
            attach(&flow.facts, &mut plan);
            assert_eq!(
                plan.request.header_value("dpop").is_some(),
                !plan.signatures.is_empty()
            );
            !plan.signatures.is_empty()
        };
        assert!(signed(Purpose::Token {
            grant: Grant::RefreshToken
        }));
        assert!(signed(Purpose::PushedAuthorization));
        // The identity provider's tokens are not bound to our key.
        assert!(!signed(Purpose::Token {
            grant: Grant::TokenExchange
        }));
        assert!(!signed(Purpose::Registration));
    }
}
