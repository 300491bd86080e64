//! Device authorization: the user approves in any browser, the client asks until that has happened
//! (RFC 8628).

use std::time::Duration;

use serde_json::Value;
use trace::{Decision, Outcome, Phase, Purpose, Response, Secret, StopCode, Timestamp, Verdict};

use crate::facts::Device;
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::token::client_request;
use crate::steps::{authorization, is_http, json_object, no_response, oauth_error};

/// Seconds between two polls when the server does not say (RFC 8628 section 3.2).
const DEFAULT_INTERVAL: u64 = 5;

/// What `slow_down` adds (RFC 8628 section 3.5).
const SLOWER_BY: u64 = 5;

/// The codes of a server that says no time, and the longest that is believed.
const LONGEST: u64 = 3600;

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts.endpoint(setup, "device_authorization_endpoint");
    let (scope, _) = authorization::scope(flow, setup);
    let resource = facts.resource(setup);
    let mut form = Vec::new();
    form.extend(scope.as_deref().map(|scope| ("scope", scope)));
    form.extend(resource.as_deref().map(|resource| ("resource", resource)));
    let mut request = client_request(facts, setup, endpoint.unwrap_or_default(), form, now);
    // RFC 8628 section 3.1: client_id is required where the client does not authenticate in the
    // body.
    if let Some(client) = facts
        .client
        .as_ref()
        .filter(|client| client.auth_method == "client_secret_basic")
    {
        let body = request.body.text().unwrap_or_default().to_owned();
        let named = trace::encode_pairs([("client_id", client.client_id.as_str())]);
        let joined = if body.is_empty() {
            named
        } else {
            format!("{body}&{named}")
        };
        request = request.body(joined);
    }
    Plan {
        phase: facts.phase(Phase::Authorization),
        purpose: Purpose::DeviceAuthorization,
        title: "Ask for a device code".into(),
        why: "The user enters a short code in any browser; this client needs none.".into(),
        label: scope
            .map(|scope| format!("scope={scope}"))
            .unwrap_or_default(),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(mut flow: Flow, outcome: &Outcome, hand: &Hand<'_>) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    let answer = json_object(response).filter(|_| response.status == 200);
    let Some(answer) = answer else {
        let words = oauth_error(response).words(response.status);
        let message =
            format!("The authorization server refused the device authorization request: {words}");
        return Judged::stop(flow, StopCode::AuthorizationError, &words, message);
    };
    let text = |name: &str| {
        answer
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    // Google calls it verification_url.
    let uri = text("verification_uri").or_else(|| text("verification_url"));
    let missing = [
        ("device_code", text("device_code")),
        ("user_code", text("user_code")),
        ("verification_uri", uri.filter(|uri| is_http(uri))),
    ]
    .into_iter()
    .find(|(_, value)| value.is_none());
    if let Some((name, _)) = missing {
        let expected = if name == "verification_uri" {
            "an http or https URL"
        } else {
            "a string"
        };
        let message = format!(
            "{name}: expected {expected} in the answer to the device authorization request"
        );
        return Judged::stop(
            flow,
            StopCode::AuthorizationError,
            &format!("no {name}"),
            message,
        );
    }
    let seconds = |name: &str| answer.get(name).and_then(Value::as_u64);
    let interval = seconds("interval")
        .unwrap_or(DEFAULT_INTERVAL)
        .clamp(1, LONGEST);
    let lifetime = seconds("expires_in").unwrap_or(LONGEST).min(LONGEST);
    let device = Device {
        device_code: Secret::new(text("device_code").unwrap_or_default()),
        user_code: text("user_code").unwrap_or_default().into(),
        verification_uri: uri.unwrap_or_default().into(),
        verification_uri_complete: text("verification_uri_complete")
            .filter(|uri| is_http(uri))
            .map(Into::into),
        expires_at: hand.now.plus(Duration::from_secs(lifetime)),
        interval,
        next_poll: hand.now.plus(Duration::from_secs(interval)),
    };
    let shown = Decision::DeviceCodeShown {
        verification_uri: device.verification_uri.clone(),
    };
    let url = device
        .verification_uri_complete
        .clone()
        .unwrap_or_else(|| device.verification_uri.clone());
    flow.facts.device = Some(device);
    Judged::go(
        flow,
        Step::ExpectToken,
        Verdict::accepted(format!("user_code · every {interval} s")),
    )
    .decided(shown)
    .effect(Effect::OpenBrowser { url })
}

/// What a refusal of the poll means; none when it is not one of RFC 8628 section 3.5.
pub(crate) fn judge_refusal(
    mut flow: Flow,
    response: &Response,
    hand: &Hand<'_>,
) -> Result<Judged, Box<Flow>> {
    let code = oauth_error(response).code.unwrap_or_default();
    let Some(device) = flow.facts.device.as_mut() else {
        return Err(Box::new(flow));
    };
    match code.as_str() {
        "authorization_pending" | "slow_down" if hand.now < device.expires_at => {
            if code == "slow_down" {
                device.interval += SLOWER_BY;
            }
            device.next_poll = hand.now.plus(Duration::from_secs(device.interval));
            let words = match code.as_str() {
                "slow_down" => format!("slow_down · every {} s", device.interval),
                _ => "not approved yet".to_owned(),
            };
            Ok(Judged::stay(flow, Verdict::moved_on(words)))
        }
        "authorization_pending" | "slow_down" | "expired_token" => {
            let message = "The user did not approve the device while its code was good.";
            Ok(Judged::stop(
                flow,
                StopCode::DeviceNotApproved,
                &code,
                message,
            ))
        }
        "access_denied" => {
            let message = "The user refused the device.";
            Ok(Judged::stop(
                flow,
                StopCode::DeviceNotApproved,
                &code,
                message,
            ))
        }
        _ => Err(Box::new(flow)),
    }
}
