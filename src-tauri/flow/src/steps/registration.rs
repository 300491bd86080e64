//! Becoming a client of the authorization server: by an arrangement made before, or dynamically (RFC 7591).

use serde_json::{Value, json};
use trace::{Decision, Outcome, Phase, Purpose, Request, Revision, StopCode, Verdict};

use crate::facts::{Client, RegisteredBy};
use crate::flow::{Flow, Hand, Plan, Step};
use crate::judged::Judged;
use crate::setup::{Registration, Setup};
use crate::steps::{authorization, is_http, json_object, no_response, oauth_error};

/// The listener is open: registers, unless there is a client already.
pub(crate) fn judge_listening(
    mut flow: Flow,
    setup: &Setup,
    redirect_uri: &str,
    hand: &mut Hand<'_>,
) -> Judged {
    flow.facts.redirect_uri = Some(redirect_uri.into());
    if let Registration::Preregistered {
        client_id,
        client_secret,
    } = &setup.registration
    {
        flow.facts.client = Some(Client {
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            auth_method: preregistered_method(&flow, client_secret.is_some()),
            by: RegisteredBy::Hand,
            redirect_uri: None,
            registration: None,
        });
        return registered(flow, setup, None, hand);
    }
    // An earlier registration serves only where it was made for the same redirect URI.
    let serves = flow
        .facts
        .client
        .as_ref()
        .is_some_and(|client| client.redirect_uri.as_deref() == Some(redirect_uri));
    if serves {
        return registered(flow, setup, None, hand);
    }
    flow.facts.client = None;
    let endpoint = flow
        .facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.registration_endpoint.clone());
    let judged = |flow: Flow, step| Judged {
        flow: Flow {
            step,
            facts: flow.facts,
        },
        verdict: None,
        decisions: Vec::new(),
        effects: Vec::new(),
    };
    match endpoint {
        Some(url) if is_http(&url) => judged(flow, Step::ExpectRegistration),
        Some(url) => {
            let message = format!("registration_endpoint: expected an http or https URL, got \"{url}\"");
            Judged::stop(
                flow,
                StopCode::MissingEndpoint,
                "no usable registration_endpoint",
                message,
            )
        }
        None => {
            let message = "The authorization server offers no dynamic registration (no registration_endpoint), and no \
                           client ID was given.";
            Judged::stop(
                flow,
                StopCode::NoRegistration,
                "no registration_endpoint",
                message,
            )
        }
    }
}

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.registration_endpoint.clone());
    let mut body = json!({
        "client_name": setup.client_name,
        "redirect_uris": [facts.redirect_uri.clone().unwrap_or_default()],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": dcr_method(flow),
    });
    // 2026-07-28 demands it; without it an OpenID provider takes the client for a web application.
    if facts.revision.at_least(Revision::R20251125) {
        body["application_type"] = json!("native");
    }
    if let (Some(scope), _) = authorization::scope(flow, setup) {
        body["scope"] = json!(scope);
    }
    let request = Request::new("POST", endpoint.unwrap_or_default())
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .body(body.to_string());
    Plan {
        phase: Phase::Registration,
        purpose: Purpose::Registration,
        title: "Register this client".into(),
        why: "Tell the authorization server our name and redirect URI, and get a client_id back.".into(),
        label: "client_name, 1 redirect URI".into(),
        request,
    }
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    request: &Request,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| matches!(response.status, 200..=299));
    let Some(answer) = answer else {
        return refused(flow, response);
    };
    let Some(client_id) = answer
        .get("client_id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
    else {
        let got = answer
            .get("client_id")
            .map_or("nothing".to_owned(), Value::to_string);
        let message = format!("client_id: expected a string in the registration answer, got {got}");
        return Judged::stop(flow, StopCode::RegistrationRejected, "no client_id", message);
    };
    let secret = answer
        .get("client_secret")
        .and_then(Value::as_str)
        .filter(|secret| !secret.is_empty());
    let agreed = answer.get("token_endpoint_auth_method").and_then(Value::as_str);
    flow.facts.client = Some(Client {
        client_id: client_id.into(),
        client_secret: secret.map(trace::Secret::new),
        auth_method: agreed.map_or_else(|| unnamed_method(&flow, secret.is_some()), Into::into),
        by: RegisteredBy::Dcr,
        redirect_uri: registered_redirect_uri(request).or_else(|| flow.facts.redirect_uri.clone()),
        registration: Some(Value::Object(answer.clone())),
    });
    registered(flow, setup, Some(Verdict::accepted(client_id)), hand)
}

/// There is a client: on to the authorization request, with a new `state` and code verifier.
fn registered(mut flow: Flow, setup: &Setup, verdict: Option<Verdict>, hand: &mut Hand<'_>) -> Judged {
    let client = flow.facts.client.as_ref();
    let decided = client.map(|client| Decision::Client {
        client_id: client.client_id.clone(),
        how: match client.by {
            RegisteredBy::Hand => "pre-registered".into(),
            RegisteredBy::Dcr => "dynamic client registration".into(),
        },
        auth_method: client.auth_method.clone(),
    });
    let (scope, source) = authorization::scope(&flow, setup);
    authorization::begin(&mut flow, setup, hand);
    Judged {
        flow: Flow {
            step: Step::ExpectCallback,
            facts: flow.facts,
        },
        verdict,
        decisions: decided
            .into_iter()
            .chain([Decision::Scope { scope, source }])
            .collect(),
        effects: Vec::new(),
    }
}

fn refused(flow: Flow, response: &trace::Response) -> Judged {
    if matches!(response.status, 403..=405 | 501) && oauth_error(response).code.is_none() {
        let message = format!(
            "The registration endpoint answers {}: dynamic registration is not open to this client.",
            response.status
        );
        return Judged::stop(
            flow,
            StopCode::NoRegistration,
            "registration not offered",
            message,
        );
    }
    let words = oauth_error(response).words(response.status);
    let message = format!("The authorization server refused to register this client: {words}");
    Judged::stop(flow, StopCode::RegistrationRejected, &words, message)
}

/// `none`, as befits a client that cannot keep a secret, unless the server lists only others: then the first of them
/// that we know.
fn dcr_method(flow: &Flow) -> &str {
    const KNOWN: [&str; 2] = ["client_secret_basic", "client_secret_post"];
    let listed = auth_methods(flow).map(Vec::as_slice).unwrap_or_default();
    match listed.iter().any(|method| method == "none") {
        true => "none",
        false => listed
            .iter()
            .find(|method| KNOWN.contains(&method.as_str()))
            .map_or("none", String::as_str),
    }
}

fn preregistered_method(flow: &Flow, has_secret: bool) -> String {
    let post_only = auth_methods(flow).is_some_and(|methods| {
        let lists = |method: &str| methods.iter().any(|listed| listed == method);
        !lists("client_secret_basic") && lists("client_secret_post")
    });
    match (has_secret, post_only) {
        (false, _) => "none",
        (true, true) => "client_secret_post",
        (true, false) => "client_secret_basic",
    }
    .into()
}

/// What holds when the registration answer names no method: `client_secret_basic` (RFC 7591 section 2), as far as
/// there is a secret and the server lists it.
fn unnamed_method(flow: &Flow, has_secret: bool) -> String {
    preregistered_method(flow, has_secret)
}

fn auth_methods(flow: &Flow) -> Option<&Vec<String>> {
    flow.facts
        .server_metadata
        .as_ref()?
        .token_endpoint_auth_methods_supported
        .as_ref()
}

/// The redirect URI of the request as it was sent: it may have been edited.
fn registered_redirect_uri(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body.bytes).ok()?;
    Some(body["redirect_uris"][0].as_str()?.to_owned())
}
