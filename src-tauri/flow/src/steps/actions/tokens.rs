//! Revocation (RFC 7009), introspection (RFC 7662) and userinfo (OpenID Connect Core 1.0 section
//! 5.3).

use serde_json::Value;
use trace::{ActionKind, Phase, Purpose, Request, Response, TokenKind, Verdict};

use crate::answer::{json_object, refusal};
use crate::client_request::client_request;
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::plan::Plan;
use crate::proof::authorization;
use crate::queue::AboutToken;
use crate::routes::actions::{failed, go_on};
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::{Effect, Transition};

pub(crate) fn revocation(facts: &Facts, about: &AboutToken) -> Plan {
    let purpose = Purpose::Revocation { token: about.kind };
    let title = format!("Revoke the {}", name(about.kind));
    let why = "The server must not accept it afterwards.";
    request(facts, about, purpose, (&title, why))
}

pub(crate) fn introspection(facts: &Facts, about: &AboutToken) -> Plan {
    let purpose = Purpose::Introspection { token: about.kind };
    let title = format!("Ask about the {}", name(about.kind));
    let why = "The server says whether it is active, and what it is good for.";
    request(facts, about, purpose, (&title, why))
}

pub(crate) fn userinfo(facts: &Facts, endpoint: &Endpoint) -> Plan {
    let mut request = Request::new("GET", endpoint.url()).header("accept", "application/json");
    if let Some(authorization) = authorization(facts) {
        request = request.header("authorization", authorization);
    }
    let why =
        "OpenID Connect's userinfo endpoint names the claims that the access token is good for.";
    let words = ("Ask who the user is", why);
    Plan::new(Phase::Extra, Purpose::Userinfo, words, "userinfo", request)
}

pub(crate) fn revoked(
    mut flow: Flow,
    setup: &Setup,
    token: TokenKind,
    response: &Response,
) -> Transition {
    if response.status != 200 {
        let words = refusal(response);
        let what = name(token);
        let message = format!("The authorization server did not revoke the {what}: {words}");
        return go_on(flow, setup, Verdict::rejected(words), message);
    }
    let facts = &mut flow.facts;
    let last = facts.queue.parts.is_empty();
    let gives_up = facts.queue.action == Some(ActionKind::Revoke) && last;
    let kept = facts.issuer.clone().zip(facts.client.clone());
    let mut effects = Vec::new();
    if gives_up {
        facts.tokens = None;
        effects.extend(kept.map(|(issuer, client)| Effect::Forget {
            issuer,
            client_id: client.client_id,
        }));
    } else if let (TokenKind::RefreshToken, Some(tokens)) = (token, &mut facts.tokens) {
        // Where only the access token is left, that alone is kept.
        tokens.refresh_token = None;
        effects.extend(kept.map(|(issuer, client)| Effect::Store {
            issuer,
            tokens: Box::new(tokens.clone()),
            client: Box::new(client),
        }));
    }
    let message = "The tokens are revoked and forgotten.";
    let mut transition = go_on(flow, setup, Verdict::accepted("revoked"), message);
    transition.effects.extend(effects);
    transition
}

pub(crate) fn introspected(
    flow: Flow,
    setup: &Setup,
    token: TokenKind,
    response: &Response,
) -> Transition {
    let active = json_object(response)
        .filter(|_| response.status == 200)
        .and_then(|answer| answer.get("active").and_then(Value::as_bool));
    let what = name(token);
    let (verdict, message) = match active {
        Some(true) => (
            Verdict::accepted("active"),
            format!("The {what} is active."),
        ),
        Some(false) => (
            Verdict::moved_on("not active"),
            format!("The {what} is not active, or the server does not tell this client."),
        ),
        None => {
            let words = refusal(response);
            let message =
                format!("The authorization server says nothing about the {what}: {words}");
            (Verdict::rejected(words), message)
        }
    };
    go_on(flow, setup, verdict, message)
}

pub(crate) fn user_named(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    let claims = json_object(response).filter(|_| response.status == 200);
    let Some(claims) = claims else {
        let status = response.status;
        let message = format!("The userinfo endpoint answers {status}, without claims.");
        return failed(flow, setup, &format!("status {status}"), message);
    };
    match claims.get("sub").and_then(Value::as_str) {
        Some(sub) => {
            let verdict = Verdict::accepted(format!("sub={sub}"));
            go_on(flow, setup, verdict, format!("The user is {sub}."))
        }
        None => {
            let message = "sub: expected a string among the claims, got none.";
            failed(flow, setup, "no sub", message)
        }
    }
}

fn request(facts: &Facts, about: &AboutToken, purpose: Purpose, words: (&str, &str)) -> Plan {
    let kind = about.kind.as_str();
    let form = [
        ("token", about.token.expose().to_owned()),
        ("token_type_hint", kind.to_owned()),
    ];
    client_request(
        facts,
        Phase::Extra,
        purpose,
        words,
        kind,
        &about.endpoint,
        &form,
    )
}

fn name(token: TokenKind) -> &'static str {
    match token {
        TokenKind::AccessToken => "access token",
        TokenKind::RefreshToken => "refresh token",
        TokenKind::IdToken => "ID token",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{acting, endpoint, form, message, response, setup, value};

    #[test]
    fn the_token_is_named_with_its_kind() {
        let about = AboutToken {
            endpoint: endpoint("/revoke"),
            kind: TokenKind::RefreshToken,
            token: "r1".into(),
        };
        let facts = acting(ActionKind::Revoke).facts;
        for plan in [revocation(&facts, &about), introspection(&facts, &about)] {
            let pairs = form(&plan);
            assert_eq!(value(&pairs, "token"), Some("r1"));
            assert_eq!(value(&pairs, "token_type_hint"), Some("refresh_token"));
            assert_eq!(value(&pairs, "client_id"), Some("c1"));
        }
    }

    #[test]
    fn revoked_tokens_are_forgotten_and_those_left_are_kept() {
        let good = response(200, &[], "");
        let last = revoked(
            acting(ActionKind::Revoke),
            &setup(),
            TokenKind::AccessToken,
            &good,
        );
        assert_eq!(last.flow.facts.tokens, None);
        assert!(matches!(last.effects[..], [Effect::Forget { .. }]));
        let other = acting(ActionKind::RevokeAndTry);
        let kept = revoked(other, &setup(), TokenKind::RefreshToken, &good);
        assert_eq!(kept.flow.facts.tokens.unwrap().refresh_token, None);
        assert!(matches!(kept.effects[..], [Effect::Store { .. }]));
        let refused = response(
            400,
            &[],
            r#"{"error":"unsupported_token_type","error_description":1}"#,
        );
        let end = revoked(
            acting(ActionKind::Revoke),
            &setup(),
            TokenKind::AccessToken,
            &refused,
        );
        assert!(message(&end).ends_with("unsupported_token_type: 1"));
        assert!(end.flow.facts.tokens.is_some());
    }

    #[test]
    fn only_a_boolean_says_whether_a_token_is_active() {
        for (status, body, words) in [
            (200, r#"{"active":true}"#, "is active."),
            (200, r#"{"active":false}"#, "is not active"),
            (200, r#"{"active":"true"}"#, "says nothing"),
            (401, r#"{"active":true}"#, "says nothing"),
            (200, "[]", "says nothing"),
        ] {
            let response = response(status, &[], body);
            let flow = acting(ActionKind::Introspect);
            let transition = introspected(flow, &setup(), TokenKind::AccessToken, &response);
            assert!(
                message(&transition).contains(words),
                "{body}: {}",
                message(&transition)
            );
        }
    }

    #[test]
    fn a_user_has_a_sub() {
        for (status, body, words) in [
            (200, r#"{"sub":"alice"}"#, "The user is alice."),
            (200, r#"{"sub":7}"#, "sub: expected a string"),
            (403, r#"{"sub":"alice"}"#, "answers 403"),
            (200, "eyJ", "without claims"),
        ] {
            let flow = acting(ActionKind::Userinfo);
            let transition = user_named(flow, &setup(), &response(status, &[], body));
            assert!(message(&transition).contains(words), "{body}");
        }
    }
}
