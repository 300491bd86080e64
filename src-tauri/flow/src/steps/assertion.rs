//! The identity provider's assertion for the authorization server: token exchange for an ID-JAG
//! (RFC 8693, draft-ietf-oauth-identity-assertion-authz-grant section 4).

use serde_json::Value;
use trace::{
    Grant, Outcome, Phase, Purpose, ServerMetadata, StopCode, Verdict, WellKnown, encode_pairs,
};

use crate::answer::{json_object, refusal, text};
use crate::client_request::{basic, form_post};
use crate::endpoint::Endpoint;
use crate::grant::TokenGrant;
use crate::metadata_request::metadata_request;
use crate::plan::Plan;
use crate::routes::client::{identity_provider, token_step};
use crate::routes::discovery::identity_provider_step;
use crate::scope::scope;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

pub(crate) fn metadata_plan(
    flow: &Flow,
    issuer: &str,
    well_known: WellKnown,
    url: &Endpoint,
) -> Plan {
    let issuer = issuer.to_owned();
    Plan::new(
        Phase::Authorization,
        Purpose::IdentityProviderMetadata { issuer, well_known },
        (
            "Read the identity provider's metadata",
            "It says where the identity provider exchanges tokens.",
        ),
        "",
        metadata_request(&flow.facts, url),
    )
}

pub(crate) fn judge_metadata(
    flow: Flow,
    issuer: &str,
    attempt: usize,
    outcome: &Outcome,
) -> Transition {
    let read = match outcome {
        Outcome::Response(response) => {
            ServerMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let endpoint = read.and_then(|metadata| {
        Endpoint::read("token_endpoint", metadata.token_endpoint.as_deref())
            .map(|endpoint| (endpoint, metadata.issuer.as_deref() == Some(issuer)))
            .map_err(|_| "no usable token_endpoint".to_owned())
    });
    match endpoint {
        Ok((endpoint, vouched)) => {
            let step = Step::ExpectAssertion { endpoint, vouched };
            Transition::to(flow, step, Verdict::accepted("token_endpoint"))
        }
        Err(why) => match identity_provider_step(issuer, attempt + 1) {
            Some(next) => Transition::to(flow, next, Verdict::moved_on(why)),
            None => {
                let message = format!(
                    "The identity provider \"{issuer}\" names no token endpoint in its metadata."
                );
                Transition::stop(flow, StopCode::NoServerMetadata, &why, message)
            }
        },
    }
}

pub(crate) fn request(flow: &Flow, setup: &Setup, endpoint: &Endpoint) -> Plan {
    let facts = &flow.facts;
    let mut form = vec![
        ("grant_type", Grant::TokenExchange.grant_type().to_owned()),
        ("requested_token_type", ID_JAG.to_owned()),
        ("audience", facts.issuer.clone().unwrap_or_default()),
    ];
    let mut request = form_post(endpoint);
    if let Some(provider) = identity_provider(setup) {
        form.push(("subject_token", provider.id_token.expose().to_owned()));
        form.push(("subject_token_type", ID_TOKEN.to_owned()));
    }
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    form.extend(scope(facts, setup).0.map(|scope| ("scope", scope)));
    if let Some(provider) = identity_provider(setup) {
        match &provider.client_secret {
            Some(secret) => {
                let credentials = basic(&provider.client_id, secret.expose());
                request = request.header("authorization", credentials);
            }
            None => form.push(("client_id", provider.client_id.clone())),
        }
    }
    let form = form.iter().map(|(name, value)| (*name, value.as_str()));
    let why =
        "The identity provider vouches for the user to the authorization server of the MCP server.";
    Plan::new(
        Phase::Authorization,
        Purpose::Token {
            grant: Grant::TokenExchange,
        },
        ("Exchange the ID token for an assertion", why),
        "token-exchange",
        request.body(encode_pairs(form)),
    )
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| response.status == 200);
    let Some(answer) = answer else {
        let words = refusal(response);
        let message = format!("The identity provider refused to exchange the ID token: {words}");
        return Transition::stop(flow, StopCode::TokenRejected, &words, message);
    };
    let code = StopCode::InvalidTokenResponse;
    let Some(assertion) = text(&answer, "access_token") else {
        let message =
            "access_token: expected the assertion in the identity provider's answer, got none.";
        return Transition::stop(flow, code, "no access_token", message);
    };
    let issued = answer.get("issued_token_type").and_then(Value::as_str);
    let words = if issued == Some(ID_JAG) {
        "ID-JAG"
    } else if flow.facts.waives(code) {
        "another token, used anyway"
    } else {
        let message = format!(
            "issued_token_type: expected \"{ID_JAG}\", got {}.",
            issued.map_or("none".to_owned(), |issued| format!("\"{issued}\""))
        );
        return Transition::refuse(flow, code, "not an ID-JAG", message);
    };
    match token_step(&flow.facts, setup, TokenGrant::Assertion(assertion.into())) {
        Ok(step) => Transition::to(flow, step, Verdict::accepted(words)),
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{GrantChoice, IdentityProvider};
    use crate::testing::{answer, endpoint, flow, form, setup, stopped, value};

    fn managed(client_secret: Option<&str>) -> Setup {
        let mut setup = setup();
        setup.grant = GrantChoice::EnterpriseManaged(IdentityProvider {
            id_token: "id".into(),
            client_id: "idp-client".into(),
            client_secret: client_secret.map(Into::into),
            issuer: Some("https://idp.example".into()),
            token_endpoint: None,
        });
        setup
    }

    fn judged(flow: Flow, body: &str) -> Transition {
        judge(flow, &managed(None), &answer(200, body))
    }

    #[test]
    fn the_id_token_is_exchanged_for_the_authorization_server() {
        let flow = flow(Step::ExpectTools);
        let plan = request(&flow, &managed(None), &endpoint("/idp-token"));
        let pairs = form(&plan);
        for (name, expected) in [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("audience", "https://as.example"),
            ("subject_token", "id"),
            ("client_id", "idp-client"),
            ("resource", "https://mcp.example/mcp"),
        ] {
            assert_eq!(value(&pairs, name), Some(expected), "{name}");
        }
        let with_secret = request(&flow, &managed(Some("s")), &endpoint("/idp-token"));
        assert_eq!(value(&form(&with_secret), "client_id"), None);
        assert!(
            with_secret
                .request
                .header_value("authorization")
                .unwrap()
                .starts_with("Basic ")
        );
    }

    #[test]
    fn the_metadata_has_to_name_a_usable_endpoint() {
        let judged = |attempt, body: &str| {
            let flow = flow(Step::ExpectTools);
            judge_metadata(flow, "https://idp.example", attempt, &answer(200, body))
        };
        let good = judged(0, r#"{"token_endpoint":"https://idp.example/t"}"#);
        assert!(
            matches!(good.flow.step, Step::ExpectAssertion { endpoint, .. } if endpoint.url() == "https://idp.example/t")
        );
        for body in ["{}", "<html>", r#"{"token_endpoint":"javascript:x"}"#] {
            let next = judged(0, body);
            assert!(matches!(
                next.flow.step,
                Step::ExpectIdentityProvider { attempt: 1, .. }
            ));
            assert_eq!(
                stopped(&judged(1, body)),
                Some((StopCode::NoServerMetadata, false))
            );
        }
    }

    #[test]
    fn another_token_is_used_only_when_the_user_goes_on() {
        let id_jag = format!(r#"{{"access_token":"jag","issued_token_type":"{ID_JAG}"}}"#);
        let good = judged(flow(Step::ExpectTools), &id_jag);
        assert!(matches!(
            good.flow.step,
            Step::ExpectToken { grant: TokenGrant::Assertion(ref it), .. } if it.expose() == "jag"
        ));
        let other = r#"{"access_token":"t","issued_token_type":7}"#;
        let refused = judged(flow(Step::ExpectTools), other);
        assert_eq!(
            stopped(&refused),
            Some((StopCode::InvalidTokenResponse, true))
        );
        let mut waived = flow(Step::ExpectTools);
        waived.facts.waived.push(StopCode::InvalidTokenResponse);
        assert_eq!(stopped(&judged(waived, other)), None);
        let none = judged(flow(Step::ExpectTools), "{}");
        assert_eq!(
            stopped(&none),
            Some((StopCode::InvalidTokenResponse, false))
        );
        let refused = judge(
            flow(Step::ExpectTools),
            &managed(None),
            &answer(400, r#"{"error":"invalid_grant","error_description":0}"#),
        );
        let Step::Stopped { message, .. } = refused.flow.step else {
            panic!()
        };
        assert!(message.ends_with("invalid_grant: 0"), "{message}");
    }
}
