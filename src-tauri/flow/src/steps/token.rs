//! The token request (RFC 6749 sections 4.1.3 and 5).

use std::time::Duration;

use base64::Engine as _;
use serde_json::{Map, Value};
use trace::{Grant, Outcome, Phase, Purpose, Request, Response, Secret, StopCode, Verdict, encode_pairs};

use crate::facts::{Facts, Tokens};
use crate::flow::{Flow, Hand, Plan, Step};
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::steps::{json_object, no_response, oauth_error};

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let code = facts.code.as_ref().map_or("", Secret::expose);
    let redirect_uri = facts.redirect_uri.as_deref().unwrap_or_default();
    let verifier = facts
        .authorization
        .as_ref()
        .map_or("", |authorization| authorization.code_verifier.expose());
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    let resource = facts.resource(&setup.server_url);
    form.extend(resource.as_deref().map(|resource| ("resource", resource)));
    Plan {
        phase: Phase::Token,
        purpose: Purpose::Token {
            grant: Grant::AuthorizationCode,
        },
        title: "Exchange the code for a token".into(),
        why: "The code and the code verifier together prove that this is the client that asked.".into(),
        label: "authorization_code".into(),
        request: token_request(facts, form),
    }
}

pub(crate) fn judge(flow: Flow, outcome: &Outcome, hand: &Hand<'_>) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    if response.status != 200 {
        let words = oauth_error(response).words(response.status);
        let message = format!("The token endpoint refused the code: {words}");
        return Judged::stop(flow, StopCode::TokenRejected, &words, message);
    }
    granted(flow, Step::ExpectServerInfo, response, hand)
}

/// Takes the tokens out of a successful answer and goes on to `then`.
pub(crate) fn granted(flow: Flow, then: Step, response: &Response, hand: &Hand<'_>) -> Judged {
    if let Some(answer) = json_object(response) {
        return take(flow, then, &answer, hand);
    }
    let form: Map<String, Value> = trace::pairs(response.body.text().unwrap_or_default())
        .into_iter()
        .map(|pair| (pair.name, Value::String(pair.value)))
        .collect();
    let media = response
        .media_type()
        .unwrap_or_else(|| "an answer without content-type".into());
    let message =
        format!("The token endpoint answers {media}; expected a JSON object (RFC 6749 section 5.1).");
    if !form.contains_key("access_token") {
        return Judged::stop(flow, StopCode::InvalidTokenResponse, "not JSON", message);
    }
    let otherwise = take(flow.clone(), then, &form, hand);
    Judged::stop_unless_waived(
        flow,
        StopCode::InvalidTokenResponse,
        "form, not JSON",
        message,
        otherwise,
    )
}

/// A form POST to the token endpoint with the client's authentication.
pub(crate) fn token_request<'a>(facts: &'a Facts, mut form: Vec<(&'a str, &'a str)>) -> Request {
    let endpoint = facts
        .server_metadata
        .as_ref()
        .and_then(|metadata| metadata.token_endpoint.clone());
    let mut request = Request::new("POST", endpoint.unwrap_or_default())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(client) = &facts.client {
        let secret = client.client_secret.as_ref().map_or("", Secret::expose);
        match client.auth_method.as_str() {
            "client_secret_basic" => {
                request = request.header("authorization", basic(&client.client_id, secret));
            }
            "client_secret_post" => {
                form.extend([
                    ("client_id", client.client_id.as_str()),
                    ("client_secret", secret),
                ]);
            }
            _ => form.push(("client_id", &client.client_id)),
        }
    }
    request.body(encode_pairs(form))
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", encode(client_id), encode(secret));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(joined)
    )
}

fn take(mut flow: Flow, then: Step, answer: &Map<String, Value>, hand: &Hand<'_>) -> Judged {
    let text = |name: &str| {
        answer
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let Some(access_token) = text("access_token") else {
        let got = match answer.get("access_token") {
            None => "nothing",
            Some(Value::String(_)) => "an empty string",
            Some(_) => "another type",
        };
        let message = match text("error") {
            // GitHub answers errors with status 200.
            Some(error) => format!("The token endpoint answers 200 with an error: {error}"),
            None => format!("access_token: expected a string in the token response, got {got}"),
        };
        return Judged::stop(flow, StopCode::InvalidTokenResponse, "no access_token", message);
    };
    let seconds = answer
        .get("expires_in")
        .and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let earlier = flow.facts.tokens.take();
    let requested = flow
        .facts
        .authorization
        .as_ref()
        .and_then(|authorization| authorization.scope.clone());
    let tokens = Tokens {
        access_token: Secret::new(access_token),
        // RFC 6749 section 6: when no new refresh token comes, the old one stays.
        refresh_token: text("refresh_token")
            .map(Secret::new)
            .or_else(|| earlier.as_ref().and_then(|tokens| tokens.refresh_token.clone())),
        id_token: text("id_token").map(Secret::new),
        token_type: text("token_type").unwrap_or("Bearer").into(),
        // RFC 6749 section 5.1: left out when it is the scope asked for.
        scope: text("scope")
            .map(Into::into)
            .or_else(|| earlier.and_then(|tokens| tokens.scope))
            .or(requested),
        expires_at: seconds.map(|seconds| hand.now.plus(Duration::from_secs(seconds))),
        obtained_at: hand.now,
        accepted: false,
        stored: false,
        issuer: flow.facts.issuer.clone(),
    };
    let mut words = vec![tokens.token_type.clone()];
    words.extend(seconds.map(|seconds| format!("{seconds} s")));
    words.extend(tokens.refresh_token.as_ref().map(|_| "refresh_token".into()));
    let store = flow.facts.issuer.clone().zip(flow.facts.client.clone());
    flow.facts.code = None;
    flow.facts.renewals += 1;
    flow.facts.tokens = Some(tokens.clone());
    let judged = Judged::go(flow, then, Verdict::accepted(words.join(" · ")));
    match store {
        Some((issuer, client)) => judged.effect(Effect::Store {
            issuer,
            tokens: Box::new(tokens),
            client: Box::new(client),
        }),
        None => judged,
    }
}
