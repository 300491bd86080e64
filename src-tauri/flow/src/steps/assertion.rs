//! The identity provider's assertion for the authorization server: token exchange for an ID-JAG
//! (RFC 8693, draft-ietf-oauth-identity-assertion-authz-grant section 4).

use serde_json::Value;
use trace::{
    Grant, Outcome, Phase, Purpose, Request, Secret, ServerMetadata, StopCode, Verdict, WellKnown,
    encode_pairs, server_metadata_urls,
};

use crate::flow::Flow;
use crate::judged::Judged;
use crate::options::{GrantChoice, IdentityProvider};
use crate::setup::Setup;
use crate::step::{Plan, Step};
use crate::steps::token::basic;
use crate::steps::{authorization, is_http, json_object, no_response, oauth_error};

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Where the way to the assertion begins: at the token endpoint, when it is known.
pub(crate) fn first_step(setup: &Setup) -> Step {
    let known = provider(setup).is_some_and(|provider| provider.token_endpoint.is_some());
    match known {
        true => Step::ExpectAssertion,
        false => Step::ExpectIdentityProvider { attempt: 0 },
    }
}

pub(crate) fn metadata_request(flow: &Flow, setup: &Setup, attempt: usize) -> Plan {
    let issuer = provider(setup)
        .and_then(|provider| provider.issuer.clone())
        .unwrap_or_default();
    let candidate = server_metadata_urls(&issuer).into_iter().nth(attempt);
    let (well_known, url) = candidate.unwrap_or((WellKnown::OauthInserted, issuer.clone()));
    Plan {
        phase: Phase::Authorization,
        purpose: Purpose::IdentityProviderMetadata { issuer, well_known },
        title: "Read the identity provider's metadata".into(),
        why: "It says where the identity provider exchanges tokens.".into(),
        label: String::new(),
        request: super::resource_metadata::metadata_request(flow, url),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge_metadata(
    mut flow: Flow,
    setup: &Setup,
    attempt: usize,
    outcome: &Outcome,
) -> Judged {
    let read = match outcome {
        Outcome::Response(response) => {
            ServerMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let endpoint = read.and_then(|metadata| {
        let endpoint = metadata.token_endpoint.filter(|url| is_http(url));
        endpoint.ok_or_else(|| "no usable token_endpoint".to_owned())
    });
    let issuer = provider(setup)
        .and_then(|provider| provider.issuer.clone())
        .unwrap_or_default();
    match endpoint {
        Ok(endpoint) => {
            flow.facts.idp_token_endpoint = Some(endpoint);
            Judged::go(
                flow,
                Step::ExpectAssertion,
                Verdict::accepted("token_endpoint"),
            )
        }
        Err(why) if attempt + 1 < server_metadata_urls(&issuer).len() => Judged::go(
            flow,
            Step::ExpectIdentityProvider {
                attempt: attempt + 1,
            },
            Verdict::moved_on(why),
        ),
        Err(why) => {
            let message = format!(
                "The identity provider \"{issuer}\" names no token endpoint in its metadata."
            );
            Judged::stop(flow, StopCode::NoServerMetadata, &why, message)
        }
    }
}

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let given = provider(setup);
    let endpoint = given
        .and_then(|provider| provider.token_endpoint.clone())
        .or_else(|| facts.idp_token_endpoint.clone());
    let audience = facts.issuer.clone().unwrap_or_default();
    let resource = facts.resource(setup);
    let (scope, _) = authorization::scope(flow, setup);
    let mut form = vec![
        ("grant_type", Grant::TokenExchange.grant_type()),
        ("requested_token_type", ID_JAG),
        ("audience", &audience),
        (
            "subject_token",
            given.map_or("", |provider| provider.id_token.expose()),
        ),
        ("subject_token_type", ID_TOKEN),
    ];
    form.extend(resource.as_deref().map(|resource| ("resource", resource)));
    form.extend(scope.as_deref().map(|scope| ("scope", scope)));
    let mut request = Request::new("POST", endpoint.unwrap_or_default())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    match given.map(|provider| (provider.client_id.as_str(), provider.client_secret.as_ref())) {
        Some((client_id, Some(secret))) => {
            request = request.header("authorization", basic(client_id, secret.expose()));
        }
        Some((client_id, None)) => form.push(("client_id", client_id)),
        None => {}
    }
    Plan {
        phase: Phase::Authorization,
        purpose: Purpose::Token {
            grant: Grant::TokenExchange,
        },
        title: "Exchange the ID token for an assertion".into(),
        why: "The identity provider vouches for the user to the authorization server of the MCP server."
            .into(),
        label: "token-exchange".into(),
        request: request.body(encode_pairs(form)),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(mut flow: Flow, outcome: &Outcome) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| response.status == 200);
    let Some(answer) = answer else {
        let words = oauth_error(response).words(response.status);
        let message = format!("The identity provider refused to exchange the ID token: {words}");
        return Judged::stop(flow, StopCode::TokenRejected, &words, message);
    };
    let Some(assertion) = answer
        .get("access_token")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
    else {
        let message =
            "access_token: expected the assertion in the identity provider's answer, got none.";
        return Judged::stop(
            flow,
            StopCode::InvalidTokenResponse,
            "no access_token",
            message,
        );
    };
    flow.facts.assertion = Some(Secret::new(assertion));
    let issued = answer.get("issued_token_type").and_then(Value::as_str);
    let ready =
        |flow: Flow, words: &str| Judged::go(flow, Step::ExpectToken, Verdict::accepted(words));
    if issued == Some(ID_JAG) {
        return ready(flow, "ID-JAG");
    }
    let message = format!(
        "issued_token_type: expected \"{ID_JAG}\", got {}.",
        issued.map_or("none".to_owned(), |issued| format!("\"{issued}\""))
    );
    let otherwise = ready(flow.clone(), "another token, used anyway");
    Judged::stop_unless_waived(
        flow,
        StopCode::InvalidTokenResponse,
        "not an ID-JAG",
        message,
        otherwise,
    )
}

fn provider(setup: &Setup) -> Option<&IdentityProvider> {
    match &setup.grant {
        GrantChoice::EnterpriseManaged(provider) => Some(provider),
        _ => None,
    }
}
