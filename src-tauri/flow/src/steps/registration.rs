//! Becoming a client of the authorization server: by an arrangement made before, or dynamically
//! (RFC 7591).

use serde_json::{Value, json};
use trace::{Decision, Grant, Outcome, Phase, Purpose, Request, Revision, StopCode, Verdict};

use crate::agenda::management;
use crate::facts::{Client, RegisteredBy};
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::options::{GrantChoice, Registration};
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::{
    assertion, authorization, is_http, json_object, no_response, oauth_error, pushed,
};

/// The listener is open: registers, unless there is a client already.
pub(crate) fn judge_listening(
    mut flow: Flow,
    setup: &Setup,
    redirect_uri: &str,
    hand: &mut Hand<'_>,
) -> Judged {
    flow.facts.redirect_uri = Some(redirect_uri.into());
    become_client(flow, setup, None, hand)
}

/// Goes on as the client that is there, or to become one: pre-registered, by metadata document,
/// dynamically, in this order (2025-11-25 basic/authorization, "Client Registration Approaches").
pub(crate) fn become_client(
    mut flow: Flow,
    setup: &Setup,
    verdict: Option<Verdict>,
    hand: &mut Hand<'_>,
) -> Judged {
    if let Registration::Preregistered { .. } = &setup.registration {
        return preregistered(flow, setup, verdict, hand);
    }
    // An earlier registration serves only with its own server, and where it was made for the same
    // redirect URI.
    let serves = flow.facts.client.as_ref().is_some_and(|client| {
        let redirects = flow.facts.grant == Grant::AuthorizationCode;
        let same_uri = client.redirect_uri == flow.facts.redirect_uri;
        client.issuer == flow.facts.issuer && (same_uri || !redirects)
    });
    if serves {
        return registered(flow, setup, verdict, hand);
    }
    flow.facts.client = None;
    let forced = setup.registration == Registration::Cimd;
    if let Some(url) = setup
        .client_metadata_url
        .clone()
        .filter(|_| forced || takes_documents(&flow, setup))
    {
        flow.facts.client = Some(Client {
            client_id: url,
            client_secret: None,
            private_key: None,
            auth_method: "none".into(),
            issuer: flow.facts.issuer.clone(),
            by: RegisteredBy::Cimd,
            redirect_uri: flow.facts.redirect_uri.clone(),
            registration: None,
        });
        return registered(flow, setup, verdict, hand);
    }
    if forced {
        let message = "client metadata document: expected the URL of one, or that Authscope serves it, got neither.";
        return Judged::stop(
            flow,
            StopCode::NotPossible,
            "no client metadata document",
            message,
        );
    }
    match flow.facts.endpoint(setup, "registration_endpoint") {
        Some(url) if is_http(&url) => {
            let mut judged = Judged::nothing(flow);
            judged.verdict = verdict;
            judged.flow.step = Step::ExpectRegistration;
            judged.flow.facts.redirect = None;
            judged
        }
        Some(url) => {
            let message =
                format!("registration_endpoint: expected an http or https URL, got \"{url}\"");
            Judged::stop(
                flow,
                StopCode::MissingEndpoint,
                "no usable registration_endpoint",
                message,
            )
        }
        // An assertion can speak for a client that is not known otherwise (RFC 7521 section 4.1).
        None if flow.facts.grant == Grant::JwtBearer => registered(flow, setup, verdict, hand),
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

fn preregistered(
    mut flow: Flow,
    setup: &Setup,
    verdict: Option<Verdict>,
    hand: &mut Hand<'_>,
) -> Judged {
    let Registration::Preregistered {
        client_id,
        client_secret,
        ..
    } = &setup.registration
    else {
        return Judged::nothing(flow);
    };
    let known_to = flow
        .facts
        .client
        .as_ref()
        .filter(|client| client.by == RegisteredBy::Hand && client.client_id == *client_id)
        .and_then(|client| client.issuer.clone());
    let private_key = &setup.private_key;
    let auth_method =
        preregistered_method(&flow, setup, client_secret.is_some(), private_key.is_some());
    flow.facts.client = Some(Client {
        client_id: client_id.clone(),
        client_secret: client_secret.clone(),
        private_key: private_key.clone(),
        auth_method,
        issuer: flow.facts.issuer.clone(),
        by: RegisteredBy::Hand,
        redirect_uri: None,
        registration: None,
    });
    let stopped_here = flow.clone();
    let issuer = flow.facts.issuer.clone().unwrap_or_default();
    let ready = registered(flow, setup, verdict, hand);
    match known_to.filter(|known_to| *known_to != issuer) {
        None => ready,
        Some(known_to) => {
            let message = format!(
                "The client {client_id} is known to {known_to}, and the MCP server names {issuer} now: credentials must \
                 not be used with another authorization server."
            );
            Judged::stop_unless_waived(
                stopped_here,
                StopCode::NoRegistration,
                "another authorization server",
                message,
                ready,
            )
        }
    }
}

/// Whether our metadata document's URL will do as client_id.
fn takes_documents(flow: &Flow, setup: &Setup) -> bool {
    setup.registration == Registration::Auto
        && flow.facts.revision.at_least(Revision::R20251125)
        && flow
            .facts
            .server_metadata
            .as_ref()
            .is_some_and(|metadata| metadata.client_id_metadata_document_supported)
}

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts.endpoint(setup, "registration_endpoint");
    let (grant_types, redirects) = match facts.grant {
        Grant::AuthorizationCode => (vec![Grant::AuthorizationCode, Grant::RefreshToken], true),
        Grant::DeviceCode => (vec![Grant::DeviceCode, Grant::RefreshToken], false),
        other => (vec![other], false),
    };
    let redirect_uris: Vec<&String> = facts.redirect_uri.iter().filter(|_| redirects).collect();
    let response_types: &[&str] = if redirects { &["code"] } else { &[] };
    let mut body = json!({
        "client_name": setup.client_name,
        "redirect_uris": redirect_uris,
        "grant_types": grant_types.iter().map(|grant| grant.grant_type()).collect::<Vec<_>>(),
        "response_types": response_types,
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
        phase: facts.phase(Phase::Registration),
        purpose: Purpose::Registration,
        title: "Register this client".into(),
        why: "Tell the authorization server our name and redirect URI, and get a client_id back."
            .into(),
        label: match redirects {
            true => "client_name, 1 redirect URI".into(),
            false => "client_name, no redirect URI".into(),
        },
        request,
        not_before: None,
        credentials: Vec::new(),
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
        return Judged::stop(
            flow,
            StopCode::RegistrationRejected,
            "no client_id",
            message,
        );
    };
    let secret = answer
        .get("client_secret")
        .and_then(Value::as_str)
        .filter(|secret| !secret.is_empty());
    let agreed = answer
        .get("token_endpoint_auth_method")
        .and_then(Value::as_str);
    flow.facts.client = Some(Client {
        client_id: client_id.into(),
        client_secret: secret.map(trace::Secret::new),
        private_key: None,
        issuer: flow.facts.issuer.clone(),
        auth_method: agreed.map_or_else(
            || unnamed_method(&flow, setup, secret.is_some()),
            Into::into,
        ),
        by: RegisteredBy::Dcr,
        redirect_uri: registered_redirect_uri(request).or_else(|| flow.facts.redirect_uri.clone()),
        registration: Some(Value::Object(answer.clone())),
    });
    let client = flow
        .facts
        .client
        .clone()
        .filter(|client| management(client).is_some());
    flow.facts.registered.extend(client.clone());
    let judged = registered(flow, setup, Some(Verdict::accepted(client_id)), hand);
    match client {
        Some(client) => judged.effect(Effect::Registered {
            client: Box::new(client),
        }),
        None => judged,
    }
}

/// There is a client: on to what the grant begins with; to the authorization request with a new
/// `state` and code verifier.
fn registered(
    mut flow: Flow,
    setup: &Setup,
    verdict: Option<Verdict>,
    hand: &mut Hand<'_>,
) -> Judged {
    let client = flow.facts.client.as_ref();
    let decided = client.map(|client| Decision::Client {
        issuer: client.issuer.clone(),
        client_id: client.client_id.clone(),
        how: match client.by {
            RegisteredBy::Hand => "pre-registered".into(),
            RegisteredBy::Dcr => "dynamic client registration".into(),
            RegisteredBy::Cimd => "client metadata document".into(),
        },
        auth_method: client.auth_method.clone(),
    });
    let (scope, source) = authorization::scope(&flow, setup);
    let step = match flow.facts.grant {
        Grant::AuthorizationCode => {
            authorization::begin(&mut flow, setup, hand);
            match pushed::wanted(&flow, setup) {
                true => Step::ExpectRequestUri,
                false => Step::ExpectCallback,
            }
        }
        Grant::DeviceCode => Step::ExpectDeviceCode,
        Grant::JwtBearer if matches!(setup.grant, GrantChoice::EnterpriseManaged(_)) => {
            assertion::first_step(setup)
        }
        _ => Step::ExpectToken,
    };
    let mut judged = Judged::nothing(flow);
    judged.verdict = verdict;
    judged.flow.step = step;
    judged.flow.facts.redirect = None;
    judged.decisions = decided
        .into_iter()
        .chain([Decision::Scope { scope, source }])
        .collect();
    judged
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

/// `none`, as befits a client that cannot keep a secret, unless the server lists only others: then
/// the first of them that we know.
fn dcr_method(flow: &Flow) -> &str {
    const KNOWN: [&str; 2] = ["client_secret_basic", "client_secret_post"];
    let listed = auth_methods(flow).map(Vec::as_slice).unwrap_or_default();
    // Without a secret a client has no credentials (RFC 6749 section 4.4: confidential clients
    // only).
    let needs_secret = flow.facts.grant == Grant::ClientCredentials;
    if needs_secret && listed.is_empty() {
        return "client_secret_basic";
    }
    match listed.iter().any(|method| method == "none") && !needs_secret {
        true => "none",
        false => listed
            .iter()
            .find(|method| KNOWN.contains(&method.as_str()))
            .map_or("none", String::as_str),
    }
}

/// What suits the credentials and is listed; the key before the secret.
fn preregistered_method(flow: &Flow, setup: &Setup, has_secret: bool, has_key: bool) -> String {
    let listed = auth_methods(flow);
    let lists =
        |method: &str| listed.is_some_and(|methods| methods.iter().any(|listed| listed == method));
    let post_only = !lists("client_secret_basic") && lists("client_secret_post");
    let by_certificate = ["tls_client_auth", "self_signed_tls_client_auth"]
        .into_iter()
        .find(|method| setup.certificate_thumbprint.is_some() && lists(method));
    match (has_key, has_secret) {
        (true, _) => "private_key_jwt",
        (false, true) if post_only => "client_secret_post",
        (false, true) => "client_secret_basic",
        (false, false) => by_certificate.unwrap_or("none"),
    }
    .into()
}

/// What holds when the registration answer names no method: `client_secret_basic` (RFC 7591 section
/// 2), as far as there is a secret and the server lists it.
fn unnamed_method(flow: &Flow, setup: &Setup, has_secret: bool) -> String {
    preregistered_method(flow, setup, has_secret, false)
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
