//! Tokens taken out of a token answer.

use std::time::Duration;

use serde_json::{Map, Value};
use trace::{Response, StopCode, Verdict, pairs};

use crate::answer::{json_object, text};
use crate::plan::Env;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::tokens::Tokens;
use crate::transition::{Effect, Transition};

/// Takes the tokens out of a successful answer and goes on to `then`. `requested` is the scope that
/// was asked for.
pub(crate) fn granted(
    flow: Flow,
    then: Step,
    requested: Option<String>,
    response: &Response,
    env: &Env<'_>,
) -> Transition {
    if let Some(answer) = json_object(response) {
        return take(flow, then, requested, &answer, env);
    }
    let form: Map<String, Value> = pairs(response.body.text().unwrap_or_default())
        .into_iter()
        .map(|pair| (pair.name, Value::String(pair.value)))
        .collect();
    let media = response
        .media_type()
        .unwrap_or_else(|| "an answer without content-type".into());
    let message = format!(
        "The token endpoint answers {media}; expected a JSON object (RFC 6749 section 5.1)."
    );
    let code = StopCode::InvalidTokenResponse;
    if !form.contains_key("access_token") {
        return Transition::stop(flow, code, "not JSON", message);
    }
    if !flow.facts.waives(code) {
        return Transition::refuse(flow, code, "form, not JSON", message);
    }
    take(flow, then, requested, &form, env)
}

/// For grants that ask for what the setup and the server say.
pub(crate) fn requested_scope(flow: &Flow, setup: &Setup) -> Option<String> {
    crate::scope::scope(&flow.facts, setup).0
}

fn take(
    mut flow: Flow,
    then: Step,
    requested: Option<String>,
    answer: &Map<String, Value>,
    env: &Env<'_>,
) -> Transition {
    let Some(access_token) = text(answer, "access_token") else {
        return without_token(flow, answer);
    };
    let seconds = answer
        .get("expires_in")
        .and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let facts = &mut flow.facts;
    let earlier = facts.tokens.take();
    let kept_refresh_token = earlier.as_ref().and_then(|it| it.refresh_token.clone());
    let token_type = text(answer, "token_type").unwrap_or("Bearer").to_owned();
    let bound = token_type.eq_ignore_ascii_case("DPoP");
    let dpop = facts.dpop.as_ref().filter(|_| bound);
    let tokens = Tokens {
        access_token: access_token.into(),
        // RFC 6749 section 6: when no new refresh token comes, the old one stays.
        refresh_token: text(answer, "refresh_token")
            .map(Into::into)
            .or(kept_refresh_token),
        id_token: text(answer, "id_token").map(Into::into),
        token_type,
        // RFC 6749 section 5.1: left out when it is the scope asked for.
        scope: text(answer, "scope")
            .map(Into::into)
            .or_else(|| earlier.and_then(|tokens| tokens.scope))
            .or(requested),
        expires_at: seconds.map(|seconds| env.now.plus(Duration::from_secs(seconds))),
        obtained_at: env.now,
        accepted: false,
        refreshed: false,
        stored: false,
        issuer: facts.issuer.clone(),
        dpop_key: dpop.map(|dpop| dpop.key.clone()),
    };
    let mut words = vec![tokens.token_type.clone()];
    words.extend(seconds.map(|seconds| format!("{seconds} s")));
    if tokens.refresh_token.is_some() {
        words.push("refresh_token".into());
    }
    let store = facts.issuer.clone().zip(facts.client.clone());
    let store = store.map(|(issuer, client)| Effect::Store {
        issuer,
        tokens: Box::new(tokens.clone()),
        client: Box::new(client),
    });
    facts.renewals = facts.renewals.saturating_add(1);
    facts.tokens = Some(tokens);
    Transition::to(flow, then, Verdict::accepted(words.join(" · "))).effect(store)
}

fn without_token(flow: Flow, answer: &Map<String, Value>) -> Transition {
    let got = match answer.get("access_token") {
        None => "nothing",
        Some(Value::String(_)) => "an empty string",
        Some(_) => "another type",
    };
    let message = match text(answer, "error") {
        // GitHub answers errors with status 200.
        Some(error) => format!("The token endpoint answers 200 with an error: {error}"),
        None => format!("access_token: expected a string in the token response, got {got}"),
    };
    let code = StopCode::InvalidTokenResponse;
    Transition::stop(flow, code, "no access_token", message)
}

#[cfg(test)]
mod tests {
    use trace::{Body, Header, Timestamp};

    use super::*;
    use crate::facts::Facts;

    fn judged(flow: Flow, media: &str, body: &str) -> Transition {
        let response = Response {
            status: 200,
            headers: vec![Header::new("content-type", media)],
            body: Body::new(body.into()),
        };
        let mut random = |_: &mut [u8]| {};
        let env = Env {
            now: Timestamp(5_000_000),
            random: &mut random,
        };
        granted(
            flow,
            Step::ExpectServerInfo,
            Some("asked".into()),
            &response,
            &env,
        )
    }

    fn flow() -> Flow {
        Flow::at(Step::ExpectServerInfo, Facts::new(None))
    }

    fn stopped(transition: &Transition) -> Option<bool> {
        match transition.flow.step {
            Step::Stopped {
                code: StopCode::InvalidTokenResponse,
                can_go_on,
                ..
            } => Some(can_go_on),
            _ => None,
        }
    }

    #[test]
    fn what_is_left_out_is_what_was_asked_for_and_what_was_there() {
        let body =
            r#"{"access_token":"a1","token_type":"Bearer","refresh_token":"r1","expires_in":"60"}"#;
        let first = judged(flow(), "application/json", body);
        assert_eq!(first.verdict.unwrap().text, "Bearer · 60 s · refresh_token");
        let tokens = first.flow.facts.tokens.clone().unwrap();
        assert_eq!(tokens.scope.as_deref(), Some("asked"));
        assert_eq!(tokens.expires_at, Some(Timestamp(65_000_000)));
        let second = judged(first.flow, "application/json", r#"{"access_token":"a2"}"#);
        let tokens = second.flow.facts.tokens.unwrap();
        assert_eq!(tokens.refresh_token.unwrap().expose(), "r1");
        assert_eq!(
            (tokens.access_token.expose(), tokens.token_type.as_str()),
            ("a2", "Bearer")
        );
        assert_eq!(tokens.expires_at, None);
    }

    #[test]
    fn answers_without_a_token_stop_for_good() {
        for body in [
            "{}",
            "[]",
            "null",
            "",
            "<html>",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
            r#"{"error":"bad_verification_code"}"#,
            "error=bad_verification_code",
        ] {
            let transition = judged(flow(), "application/json", body);
            assert_eq!(stopped(&transition), Some(false), "{body}");
            assert_eq!(
                (transition.flow.facts.tokens, transition.effects.len()),
                (None, 0)
            );
        }
    }

    #[test]
    fn a_form_is_refused_and_taken_when_the_user_goes_on() {
        let form = "access_token=a1&token_type=bearer&scope=x";
        let media = "application/x-www-form-urlencoded";
        assert_eq!(stopped(&judged(flow(), media, form)), Some(true));
        let mut waived = flow();
        waived.facts.waived.push(StopCode::InvalidTokenResponse);
        let tokens = judged(waived, media, form).flow.facts.tokens.unwrap();
        assert_eq!(
            (tokens.access_token.expose(), tokens.scope.as_deref()),
            ("a1", Some("x"))
        );
    }
}
