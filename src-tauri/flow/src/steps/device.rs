//! Device authorization: the user approves in any browser, the client asks until that has happened
//! (RFC 8628).

use std::time::Duration;

use serde_json::Value;
use trace::{
    Decision, Outcome, Phase, Purpose, Response, StopCode, Verdict, encode_pairs, origin_of,
};

use crate::answer::{error_code, json_object, refusal, text};
use crate::client_request::client_request;
use crate::endpoint::Endpoint;
use crate::grant::{Device, TokenGrant};
use crate::plan::{Env, Plan};
use crate::routes::client::token_step;
use crate::scope::scope;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::{Effect, Transition};

/// Seconds between two polls when the server does not say (RFC 8628 section 3.2).
const DEFAULT_INTERVAL: u64 = 5;

/// What `slow_down` adds (RFC 8628 section 3.5).
const SLOWER_BY: u64 = 5;

/// The lifetime of codes where the server names none, and the longest that is believed.
const LONGEST: u64 = 3600;

pub(crate) fn request(flow: &Flow, setup: &Setup, endpoint: &Endpoint) -> Plan {
    let facts = &flow.facts;
    let (scope, _) = scope(facts, setup);
    let mut form = Vec::new();
    form.extend(scope.clone().map(|scope| ("scope", scope)));
    form.extend(facts.resource(setup).map(|resource| ("resource", resource)));
    let mut plan = client_request(
        facts,
        facts.phase(Phase::Authorization),
        Purpose::DeviceAuthorization,
        (
            "Ask for a device code",
            "The user enters a short code in any browser; this client needs none.",
        ),
        scope
            .map(|scope| format!("scope={scope}"))
            .unwrap_or_default(),
        endpoint,
        &form,
    );
    // RFC 8628 section 3.1: client_id is required where the client does not authenticate in the
    // body.
    let client = facts.client.as_ref();
    if let Some(client) = client.filter(|it| it.auth_method == "client_secret_basic") {
        let named = encode_pairs([("client_id", client.client_id.as_str())]);
        let body = match plan.request.body.text() {
            Some(form) if !form.is_empty() => format!("{form}&{named}"),
            _ => named,
        };
        plan.request = plan.request.body(body);
    }
    plan
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome, env: &Env<'_>) -> Transition {
    let code = StopCode::AuthorizationError;
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Transition::no_response(flow, failure),
    };
    // Another success status is told, and no reason to stop.
    let answer = json_object(response)
        .filter(|answer| matches!(response.status, 200..=299) && !answer.contains_key("error"));
    let Some(answer) = answer else {
        let words = refusal(response);
        let message =
            format!("The authorization server refused the device authorization request: {words}");
        return Transition::stop(flow, code, &words, message);
    };
    // Google calls it verification_url.
    let uri = text(&answer, "verification_uri").or_else(|| text(&answer, "verification_url"));
    let is_http = |uri: &&str| origin_of(uri).is_some();
    let (device_code, user_code, verification_uri) = match (
        text(&answer, "device_code"),
        text(&answer, "user_code"),
        uri.filter(is_http),
    ) {
        (Some(device_code), Some(user_code), Some(uri)) => (device_code, user_code, uri),
        (device_code, user_code, _) => {
            let (name, expected) = match (device_code, user_code) {
                (None, _) => ("device_code", "a string"),
                (_, None) => ("user_code", "a string"),
                _ => ("verification_uri", "an http or https URL"),
            };
            let message = format!(
                "{name}: expected {expected} in the answer to the device authorization request"
            );
            return Transition::stop(flow, code, &format!("no {name}"), message);
        }
    };
    let seconds = |name: &str| answer.get(name).and_then(Value::as_u64);
    let interval = seconds("interval")
        .unwrap_or(DEFAULT_INTERVAL)
        .clamp(1, LONGEST);
    let lifetime = seconds("expires_in").unwrap_or(LONGEST).min(LONGEST);
    // As long as the flow waits for a browser to come back.
    let patience = u64::from(setup.callback.timeout_seconds);
    let until = lifetime.min(patience);
    if interval > until {
        let life = if lifetime <= patience {
            format!("its codes are good for {lifetime} s")
        } else {
            format!("Authscope waits {patience} s for the user (--callback-timeout)")
        };
        let message = format!(
            "interval: the authorization server wants {interval} s between two polls, and {life}: \
             no poll can come in time."
        );
        let code = StopCode::DeviceNotApproved;
        return Transition::stop(flow, code, &format!("every {interval} s"), message);
    }
    let complete = text(&answer, "verification_uri_complete").filter(is_http);
    let url = complete.unwrap_or(verification_uri).to_owned();
    let shown = Decision::DeviceCodeShown {
        verification_uri: verification_uri.into(),
    };
    let device = Device {
        device_code: device_code.into(),
        user_code: user_code.into(),
        verification_uri: verification_uri.into(),
        verification_uri_complete: complete.map(Into::into),
        expires_at: env.now.plus(Duration::from_secs(until)),
        interval,
        next_poll: env.now.plus(Duration::from_secs(interval)),
    };
    let verdict = Verdict::accepted(format!("user_code · every {interval} s"));
    match token_step(&flow.facts, setup, TokenGrant::DeviceCode(Box::new(device))) {
        Ok(step) => Transition::to(flow, step, verdict)
            .decided(shown)
            .effect(Effect::OpenBrowser { url }),
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
}

/// What a refusal of the poll means; `None` when it is not one of RFC 8628 section 3.5.
pub(crate) fn judge_refusal(
    flow: &Flow,
    endpoint: &Endpoint,
    device: &Device,
    response: &Response,
    env: &Env<'_>,
) -> Option<Transition> {
    let not_approved = |code: &str, message: &str| {
        Transition::stop(flow.clone(), StopCode::DeviceNotApproved, code, message)
    };
    let code = error_code(response);
    match code.as_str() {
        "authorization_pending" | "slow_down" if comes_in_time(device, &code, env) => {
            let mut device = device.clone();
            let words = if code == "slow_down" {
                device.interval = device.interval.saturating_add(SLOWER_BY);
                format!("slow_down · every {} s", device.interval)
            } else {
                "not approved yet".to_owned()
            };
            device.next_poll = env.now.plus(Duration::from_secs(device.interval));
            let step = Step::ExpectToken {
                endpoint: endpoint.clone(),
                grant: TokenGrant::DeviceCode(Box::new(device)),
            };
            Some(Transition::to(flow.clone(), step, Verdict::moved_on(words)))
        }
        "authorization_pending" | "slow_down" | "expired_token" => Some(not_approved(
            &code,
            "The user did not approve the device while its code was good, or in the time that \
             Authscope waits (--callback-timeout).",
        )),
        "access_denied" => Some(not_approved(&code, "The user refused the device.")),
        _ => None,
    }
}

/// Whether a further poll is possible before the time is over.
fn comes_in_time(device: &Device, code: &str, env: &Env<'_>) -> bool {
    let slower = if code == "slow_down" { SLOWER_BY } else { 0 };
    let interval = device.interval.saturating_add(slower);
    env.now.plus(Duration::from_secs(interval)) <= device.expires_at
}

#[cfg(test)]
mod tests {
    use trace::Timestamp;

    use super::*;
    use crate::testing::{answer, endpoint, flow, form, response, setup, stopped, value, with_env};

    const GOOD: &str = r#"{"device_code":"d","user_code":"AB-CD","verification_uri":"https://as.example/device",
        "verification_uri_complete":"javascript:alert(1)","expires_in":600,"interval":7}"#;

    fn judged(body: &str) -> Transition {
        let flow = flow(Step::ExpectTools);
        with_env(|env| judge(flow, &setup(), &answer(200, body), env))
    }

    fn device() -> Device {
        match judged(GOOD).flow.step {
            Step::ExpectToken {
                grant: TokenGrant::DeviceCode(device),
                ..
            } => *device,
            other => panic!("{other:?}"),
        }
    }

    fn polled(now: u64, body: &str) -> Option<Transition> {
        let mut random = |_: &mut [u8]| {};
        let env = Env {
            now: Timestamp(now * 1_000_000),
            random: &mut random,
        };
        let flow = flow(Step::ExpectTools);
        judge_refusal(
            &flow,
            &endpoint("/token"),
            &device(),
            &response(400, &[], body),
            &env,
        )
    }

    #[test]
    fn the_client_names_itself_however_it_authenticates() {
        for method in ["none", "client_secret_basic", "client_secret_post"] {
            let mut flow = flow(Step::ExpectTools);
            flow.facts.client.as_mut().unwrap().auth_method = method.into();
            let plan = request(&flow, &setup(), &endpoint("/device"));
            assert_eq!(value(&form(&plan), "client_id"), Some("c1"), "{method}");
            assert_eq!(
                value(&form(&plan), "resource"),
                Some("https://mcp.example/mcp")
            );
        }
    }

    #[test]
    fn the_user_is_sent_to_an_http_page_only() {
        let transition = judged(GOOD);
        let url = "https://as.example/device".to_owned();
        assert_eq!(transition.effects, [Effect::OpenBrowser { url }]);
        let device = device();
        assert_eq!(
            (device.interval, device.verification_uri_complete),
            (7, None)
        );
        assert_eq!(device.next_poll, Timestamp(1_007_000_000));
    }

    #[test]
    fn another_success_status_is_no_reason_to_stop_and_an_error_is() {
        let with = |status: u16, body: &str| {
            let flow = flow(Step::ExpectTools);
            with_env(|env| judge(flow, &setup(), &answer(status, body), env))
        };
        assert!(matches!(
            with(201, GOOD).flow.step,
            Step::ExpectToken { .. }
        ));
        let refused = with(200, r#"{"error":"invalid_client"}"#);
        assert_eq!(
            stopped(&refused),
            Some((StopCode::AuthorizationError, false))
        );
    }

    #[test]
    fn answers_without_what_is_needed_stop() {
        for (body, name) in [
            ("{}", "device_code"),
            (r#"{"device_code":"d","user_code":7}"#, "user_code"),
            (
                r#"{"device_code":"d","user_code":"u","verification_uri":"file:///x"}"#,
                "verification_uri",
            ),
            ("[]", "refused"),
        ] {
            let transition = judged(body);
            assert_eq!(
                stopped(&transition),
                Some((StopCode::AuthorizationError, false))
            );
            let Step::Stopped { message, .. } = transition.flow.step else {
                panic!()
            };
            assert!(message.contains(name), "{message}");
        }
        let odd = r#"{"device_code":"d","user_code":"u","verification_uri":"https://a.example","interval":0,"expires_in":99999999}"#;
        let Step::ExpectToken {
            grant: TokenGrant::DeviceCode(device),
            ..
        } = judged(odd).flow.step
        else {
            panic!()
        };
        assert_eq!(
            (device.interval, device.expires_at),
            // As long as Authscope waits for a user.
            (1, Timestamp(1_300_000_000))
        );
    }

    #[test]
    fn a_poll_that_is_too_early_is_repeated_whatever_stands_beside_the_code() {
        for description in ["null", "7", "[\"x\"]", "{\"a\":{}}"] {
            let body =
                format!(r#"{{"error":"authorization_pending","error_description":{description}}}"#);
            let again = polled(1_010, &body).unwrap();
            assert_eq!(stopped(&again), None);
            assert_eq!(again.verdict.unwrap().text, "not approved yet");
        }
        let slower = polled(1_010, "error=slow_down").unwrap();
        let Step::ExpectToken {
            grant: TokenGrant::DeviceCode(device),
            ..
        } = slower.flow.step
        else {
            panic!()
        };
        assert_eq!(
            (device.interval, device.next_poll),
            (12, Timestamp(1_022_000_000))
        );
    }

    #[test]
    fn a_poll_that_cannot_come_in_time_is_not_waited_for() {
        for (interval, expires_in, bound) in [
            (61, 60, "good for 60 s"),
            (400, 1800, "--callback-timeout"),
            (u64::MAX, 60, "60 s"),
        ] {
            let body = format!(
                r#"{{"device_code":"d","user_code":"u","verification_uri":"https://a.example","interval":{interval},"expires_in":{expires_in}}}"#
            );
            let end = judged(&body);
            assert_eq!(stopped(&end), Some((StopCode::DeviceNotApproved, false)));
            let Step::Stopped { message, .. } = end.flow.step else {
                panic!()
            };
            assert!(message.contains(bound), "{message}");
        }
        // The next poll would come after the end.
        let end = polled(1_295, r#"{"error":"slow_down"}"#).unwrap();
        assert_eq!(stopped(&end), Some((StopCode::DeviceNotApproved, false)));
    }

    #[test]
    fn the_polls_end() {
        let not_approved = Some((StopCode::DeviceNotApproved, false));
        for (now, code) in [
            (1_601, "authorization_pending"),
            (1_010, "expired_token"),
            (1_010, "access_denied"),
        ] {
            let end = polled(now, &format!(r#"{{"error":"{code}"}}"#)).unwrap();
            assert_eq!(stopped(&end), not_approved, "{code}");
        }
        assert_eq!(polled(1_010, r#"{"error":"invalid_client"}"#), None);
        assert_eq!(polled(1_010, "<html>"), None);
    }
}
