//! The token request (RFC 6749 sections 4.1.3 and 5).

use std::time::Duration;

use base64::Engine as _;
use serde_json::{Map, Value};
use trace::{
    Grant, Outcome, Phase, Purpose, Request, Response, Secret, StopCode, Timestamp, Verdict,
    encode_pairs,
};

use crate::facts::{Facts, Tokens};
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::{authorization, device, errand, json_object, no_response, oauth_error, step_up};
use jose::client_assertion;

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let secret = |secret: &Option<Secret>| {
        secret
            .as_ref()
            .map_or(String::new(), |secret| secret.expose().to_owned())
    };
    let (scope, _) = authorization::scope(flow, setup);
    let mut form = vec![("grant_type", facts.grant.grant_type().to_owned())];
    let (title, why, label) = match facts.grant {
        Grant::ClientCredentials => (
            "Get a token with the client's credentials",
            "The client acts for itself: no user is asked.",
            "client_credentials",
        ),
        Grant::DeviceCode => {
            let device = facts
                .device
                .as_ref()
                .map(|device| device.device_code.clone());
            form.push(("device_code", secret(&device)));
            (
                "Ask whether the user has approved",
                "The server answers authorization_pending until the code was entered and approved.",
                "device_code",
            )
        }
        Grant::JwtBearer => {
            form.push(("assertion", secret(&facts.assertion)));
            (
                "Exchange the assertion for a token",
                "Somebody the authorization server trusts vouches for the user or the program.",
                "jwt-bearer",
            )
        }
        Grant::AuthorizationCode | Grant::RefreshToken | Grant::TokenExchange => {
            let verifier = facts
                .authorization
                .as_ref()
                .map(|authorization| authorization.code_verifier.clone());
            form.push(("code", secret(&facts.code)));
            form.push((
                "redirect_uri",
                facts.redirect_uri.clone().unwrap_or_default(),
            ));
            form.push(("code_verifier", secret(&verifier)));
            (
                "Exchange the code for a token",
                "The code and the code verifier together prove that this is the client that asked.",
                "authorization_code",
            )
        }
    };
    if matches!(facts.grant, Grant::ClientCredentials | Grant::JwtBearer) {
        form.extend(scope.map(|scope| ("scope", scope)));
    }
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    let form = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let endpoint = facts.endpoint(setup, "token_endpoint").unwrap_or_default();
    let polled = facts
        .device
        .as_ref()
        .filter(|_| facts.grant == Grant::DeviceCode);
    Plan {
        phase: facts.phase(Phase::Token),
        purpose: Purpose::Token { grant: facts.grant },
        title: title.into(),
        why: why.into(),
        label: label.into(),
        request: client_request(facts, setup, endpoint, form, now),
        not_before: polled.map(|device| device.next_poll),
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome, hand: &mut Hand<'_>) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    let grant = flow.facts.grant;
    if response.status != 200 {
        let flow = match (grant, device::judge_refusal(flow, response, hand)) {
            (Grant::DeviceCode, Ok(judged)) => return judged,
            (_, Ok(judged)) => judged.flow,
            (_, Err(flow)) => *flow,
        };
        let words = oauth_error(response).words(response.status);
        let what = match grant {
            Grant::ClientCredentials => "the client's credentials",
            Grant::DeviceCode => "the device code",
            Grant::JwtBearer => "the assertion",
            Grant::AuthorizationCode | Grant::RefreshToken | Grant::TokenExchange => "the code",
        };
        let message = format!("The token endpoint refused {what}: {words}");
        return Judged::stop(flow, StopCode::TokenRejected, &words, message);
    }
    let mut flow = flow;
    let then = step_up::resume(&mut flow);
    let judged = granted(flow, setup, then, response, hand);
    with_id_token_checked(judged, grant, hand)
}

/// OpenID Connect Core 1.0 section 3.1.3.7, for a token that came with a code.
fn with_id_token_checked(judged: Judged, grant: Grant, hand: &Hand<'_>) -> Judged {
    let facts = &judged.flow.facts;
    let asked = facts
        .authorization
        .as_ref()
        .and_then(|authorization| authorization.scope.as_deref())
        .is_some_and(authorization::asks_openid);
    let checked = facts
        .tokens
        .as_ref()
        .filter(|_| asked && grant == Grant::AuthorizationCode)
        .and_then(|tokens| errand::check_id_token(facts, tokens, hand.now));
    let Some((decision, problems)) = checked else {
        return judged;
    };
    let stopped_here = judged.flow.clone();
    let judged = judged.decided(decision.clone());
    let Some(problem) = problems.first() else {
        return judged;
    };
    let message = format!(
        "{}: expected {}, got {}. A client must not believe this ID token.",
        problem.claim, problem.expected, problem.got
    );
    let words = format!("ID token: {}", problem.claim);
    let mut stopped = Judged::stop_unless_waived(
        stopped_here,
        StopCode::IdTokenInvalid,
        &words,
        message,
        judged,
    );
    if matches!(stopped.flow.step, Step::Stopped { .. }) {
        stopped.decisions.insert(0, decision);
    }
    stopped
}

/// Takes the tokens out of a successful answer and goes on to `then`.
pub(crate) fn granted(
    flow: Flow,
    setup: &Setup,
    then: Step,
    response: &Response,
    hand: &Hand<'_>,
) -> Judged {
    if let Some(answer) = json_object(response) {
        return take(flow, setup, then, &answer, hand);
    }
    let form: Map<String, Value> = trace::pairs(response.body.text().unwrap_or_default())
        .into_iter()
        .map(|pair| (pair.name, Value::String(pair.value)))
        .collect();
    let media = response
        .media_type()
        .unwrap_or_else(|| "an answer without content-type".into());
    let message = format!(
        "The token endpoint answers {media}; expected a JSON object (RFC 6749 section 5.1)."
    );
    if !form.contains_key("access_token") {
        return Judged::stop(flow, StopCode::InvalidTokenResponse, "not JSON", message);
    }
    let otherwise = take(flow.clone(), setup, then, &form, hand);
    Judged::stop_unless_waived(
        flow,
        StopCode::InvalidTokenResponse,
        "form, not JSON",
        message,
        otherwise,
    )
}

/// A form POST to an endpoint of the authorization server with the client's authentication.
pub(crate) fn client_request(
    facts: &Facts,
    setup: &Setup,
    endpoint: String,
    form: Vec<(&str, &str)>,
    now: Timestamp,
) -> Request {
    const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let mut request = Request::new("POST", endpoint)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let Some(client) = &facts.client else {
        return request.body(encode_pairs(form));
    };
    let secret = client.client_secret.as_ref().map_or("", Secret::expose);
    let named = form.iter().any(|(name, _)| *name == "client_id");
    let client_id = (!named).then_some(("client_id", client.client_id.as_str()));
    let assertion = client
        .private_key
        .as_ref()
        .filter(|_| client.auth_method == "private_key_jwt");
    // The issuer is the audience of a client's assertion; without metadata there is only the
    // endpoint.
    let audience = facts.issuer.clone().unwrap_or_else(|| request.url.clone());
    let assertion = assertion.map(|key| {
        let jti = setup.unique("client assertion", now);
        client_assertion(key, &client.client_id, &audience, &jti, now.seconds())
    });
    let mut form: Vec<(&str, &str)> = form;
    match (client.auth_method.as_str(), &assertion) {
        ("private_key_jwt", Some(assertion)) => {
            form.push(("client_assertion_type", ASSERTION_TYPE));
            form.push(("client_assertion", assertion));
            return request.body(encode_pairs(form));
        }
        ("client_secret_basic", _) => {
            request = request.header("authorization", basic(&client.client_id, secret));
        }
        ("client_secret_post", _) => {
            form.extend(client_id);
            form.push(("client_secret", secret));
        }
        _ => form.extend(client_id),
    }
    request.body(encode_pairs(form))
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", encode(client_id), encode(secret));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(joined)
    )
}

fn take(
    mut flow: Flow,
    setup: &Setup,
    then: Step,
    answer: &Map<String, Value>,
    hand: &Hand<'_>,
) -> Judged {
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
        return Judged::stop(
            flow,
            StopCode::InvalidTokenResponse,
            "no access_token",
            message,
        );
    };
    let seconds = answer
        .get("expires_in")
        .and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let earlier = flow.facts.tokens.take();
    let requested = match flow.facts.grant {
        Grant::AuthorizationCode => flow
            .facts
            .authorization
            .as_ref()
            .and_then(|authorization| authorization.scope.clone()),
        _ => authorization::scope(&flow, setup).0,
    };
    let token_type = text("token_type").unwrap_or("Bearer").to_owned();
    let bound = token_type.eq_ignore_ascii_case("DPoP");
    let tokens = Tokens {
        access_token: Secret::new(access_token),
        // RFC 6749 section 6: when no new refresh token comes, the old one stays.
        refresh_token: text("refresh_token").map(Secret::new).or_else(|| {
            earlier
                .as_ref()
                .and_then(|tokens| tokens.refresh_token.clone())
        }),
        id_token: text("id_token").map(Secret::new),
        token_type,
        // RFC 6749 section 5.1: left out when it is the scope asked for.
        scope: text("scope")
            .map(Into::into)
            .or_else(|| earlier.and_then(|tokens| tokens.scope))
            .or(requested),
        expires_at: seconds.map(|seconds| hand.now.plus(Duration::from_secs(seconds))),
        obtained_at: hand.now,
        accepted: false,
        refreshed: false,
        stored: false,
        issuer: flow.facts.issuer.clone(),
        dpop_key: flow
            .facts
            .dpop
            .as_ref()
            .filter(|_| bound)
            .map(|dpop| dpop.key.clone()),
    };
    let mut words = vec![tokens.token_type.clone()];
    words.extend(seconds.map(|seconds| format!("{seconds} s")));
    words.extend(
        tokens
            .refresh_token
            .as_ref()
            .map(|_| "refresh_token".into()),
    );
    let store = flow.facts.issuer.clone().zip(flow.facts.client.clone());
    if let Some(code) = flow.facts.code.take() {
        flow.facts.redeemed_code = Some(code);
    }
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
