//! What the user asks for once there is a token: revocation, introspection, userinfo, keys,
//! registrations, a tool call, and the life of a token.

mod cross_origin;
mod keys;
mod management;
mod refreshes;

use serde_json::Value;
use trace::{
    Outcome, Phase, Purpose, Request, Response, RpcAnswer, Secret, Timestamp, TokenKind, Verdict,
    rpc_answer,
};

use crate::agenda::{self, Errand};
use crate::facts::Facts;
use crate::flow::Flow;
use crate::judged::{Effect, Judged};
use crate::proof;
use crate::setup::Setup;
use crate::step::{Hand, Plan};
use crate::steps::token::client_request;
use crate::steps::{json_object, mcp, oauth_error, refresh, step_up, tool};

pub(crate) use cross_origin::endpoints;
pub(crate) use keys::check_id_token;
pub(crate) use refreshes::judge_both;

/// What an errand sends.
pub(crate) enum Requests {
    One(Box<Plan>),
    /// At the same time.
    Two(Box<[Plan; 2]>),
}

pub(crate) fn request(flow: &Flow, setup: &Setup, errand: &Errand, now: Timestamp) -> Requests {
    let plan = match errand {
        Errand::Call(call) => tool::plan(flow, setup, call, Phase::Extra),
        Errand::Refresh => refresh::request(flow, setup, now),
        Errand::ReuseRefreshToken(replaced) => refreshes::reuse(flow, setup, replaced, now),
        Errand::RefreshTwice => {
            let plan = refresh::request(flow, setup, now);
            return Requests::Two(Box::new([plan.clone(), plan]));
        }
        Errand::Try => Plan {
            phase: Phase::Extra,
            title: "Call with the token".into(),
            why: "The answer tells whether the MCP server takes the token now.".into(),
            ..mcp::tools_request(flow, setup)
        },
        Errand::Revoke(token) => revocation(flow, setup, *token, now),
        Errand::Introspect(token) => introspection(flow, setup, *token, now),
        Errand::Userinfo => userinfo(&flow.facts, setup),
        Errand::Jwks => keys::request(&flow.facts, setup),
        Errand::Preflight(of) => cross_origin::request(&flow.facts, setup, *of),
        Errand::ReplayCode => refreshes::replay_code(flow, setup, now),
        Errand::ReadRegistration | Errand::UpdateRegistration | Errand::DeleteRegistration(_) => {
            management::request(&flow.facts, setup, errand)
        }
    };
    Requests::One(Box::new(plan))
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    errand: Errand,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        // Each preflight tells its own, also when it has no answer.
        Outcome::Failure(failure) if matches!(errand, Errand::Preflight(_)) => {
            return on(
                flow,
                setup,
                Verdict::rejected("no response"),
                failure.message.clone(),
            );
        }
        Outcome::Failure(failure) => {
            let judged = Judged::stay(flow, Verdict::rejected("no response"));
            return agenda::end(judged, setup, Some(failure.message.clone()));
        }
    };
    match errand {
        Errand::Call(_) => called(flow, setup, response, hand),
        Errand::Refresh => refreshes::judge(flow, setup, response, hand),
        Errand::ReuseRefreshToken(_) => refreshes::judge_reuse(flow, setup, response),
        Errand::RefreshTwice => Judged::nothing(flow),
        Errand::Try => tried(flow, setup, response),
        Errand::Revoke(token) => revoked(flow, setup, token, response),
        Errand::Introspect(token) => introspected(flow, setup, token, response),
        Errand::Userinfo => told_user(flow, setup, response),
        Errand::Jwks => keys::judge(flow, setup, response, hand.now),
        Errand::Preflight(_) => cross_origin::judge(flow, setup, response),
        Errand::ReplayCode => refreshes::judge_replay(flow, setup, response),
        Errand::ReadRegistration | Errand::UpdateRegistration | Errand::DeleteRegistration(_) => {
            management::judge(flow, setup, &errand, response)
        }
    }
}

/// The next errand after one that went well, or as well as not to stand in the way of the next.
fn on(flow: Flow, setup: &Setup, verdict: Verdict, message: impl Into<String>) -> Judged {
    let message = message.into();
    let last = flow.facts.agenda.errands.is_empty();
    let judged = Judged::stay(flow, verdict);
    match last {
        true => agenda::end(judged, setup, Some(message)),
        false => agenda::advance(judged, setup),
    }
}

/// The end of the action, because of what came.
fn failed(flow: Flow, setup: &Setup, words: &str, message: impl Into<String>) -> Judged {
    let judged = Judged::stay(flow, Verdict::rejected(words));
    agenda::end(judged, setup, Some(message.into()))
}

fn called(mut flow: Flow, setup: &Setup, response: &Response, hand: &mut Hand<'_>) -> Judged {
    flow.facts.rpc_id += 1;
    // More scope, another login: the flow authorizes once more and comes back to the call.
    if let Some(stepped_up) = step_up::begin(&flow, setup, response, hand) {
        return stepped_up;
    }
    let status = response.status;
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            flow.facts.step_up.attempts = 0;
            let words = tool::words(&result);
            let sentence = format!("The call came through: {words}.");
            on(flow, setup, Verdict::accepted(words), sentence)
        }
        RpcAnswer::Error { code, message, .. } => failed(
            flow,
            setup,
            &format!("error {code}"),
            format!("tools/call is answered with JSON-RPC error {code}: {message}"),
        ),
        RpcAnswer::Other(what) => failed(
            flow,
            setup,
            &format!("status {status}"),
            format!("tools/call is answered with status {status} and {what}."),
        ),
    }
}

fn tried(mut flow: Flow, setup: &Setup, response: &Response) -> Judged {
    flow.facts.rpc_id += 1;
    let (verdict, message) = match response.status {
        200..=299 => (
            Verdict::accepted("token taken"),
            "The MCP server takes the token.",
        ),
        401 => (
            Verdict::moved_on("token not taken"),
            "The MCP server does not take the token.",
        ),
        _ => (
            Verdict::moved_on(format!("status {}", response.status)),
            "The MCP server's answer does not tell whether it takes the token.",
        ),
    };
    on(flow, setup, verdict, message)
}

fn token_of(facts: &Facts, kind: TokenKind) -> &str {
    let tokens = facts.tokens.as_ref();
    let token = match kind {
        TokenKind::AccessToken => tokens.map(|tokens| &tokens.access_token),
        TokenKind::RefreshToken => tokens.and_then(|tokens| tokens.refresh_token.as_ref()),
        TokenKind::IdToken => tokens.and_then(|tokens| tokens.id_token.as_ref()),
    };
    token.map_or("", Secret::expose)
}

fn revocation(flow: &Flow, setup: &Setup, token: TokenKind, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts
        .endpoint(setup, "revocation_endpoint")
        .unwrap_or_default();
    let form = vec![
        ("token", token_of(facts, token)),
        ("token_type_hint", token.as_str()),
    ];
    Plan {
        phase: Phase::Extra,
        purpose: Purpose::Revocation { token },
        title: format!("Revoke the {}", name(token)),
        why: "The server must not take it any more afterwards.".into(),
        label: token.as_str().into(),
        request: client_request(facts, setup, endpoint, form, now),
        not_before: None,
        credentials: Vec::new(),
    }
}

fn revoked(mut flow: Flow, setup: &Setup, token: TokenKind, response: &Response) -> Judged {
    if response.status != 200 {
        let words = oauth_error(response).words(response.status);
        let message = format!(
            "The authorization server did not revoke the {}: {words}",
            name(token)
        );
        return on(flow, setup, Verdict::rejected(words), message);
    }
    let action = flow.facts.agenda.action;
    let last = flow.facts.agenda.errands.is_empty();
    let gives_up = action == Some(trace::ActionKind::Revoke) && last;
    let kept = flow.facts.issuer.clone().zip(flow.facts.client.clone());
    if gives_up {
        flow.facts.tokens = None;
    } else if let Some(tokens) = flow
        .facts
        .tokens
        .as_mut()
        .filter(|_| token == TokenKind::RefreshToken)
    {
        tokens.refresh_token = None;
    }
    let left = flow
        .facts
        .tokens
        .clone()
        .filter(|_| token == TokenKind::RefreshToken);
    let mut judged = on(
        flow,
        setup,
        Verdict::accepted("revoked"),
        "The tokens are revoked and forgotten.",
    );
    // Where only the access token is left, that alone is kept.
    if let Some((tokens, (issuer, client))) = left.zip(kept.clone()) {
        judged = judged.effect(Effect::Store {
            issuer,
            tokens: Box::new(tokens),
            client: Box::new(client),
        });
    }
    if let Some((issuer, client)) = kept.filter(|_| gives_up) {
        let client_id = client.client_id;
        judged = judged.effect(Effect::Forget { issuer, client_id });
    }
    judged
}

fn introspection(flow: &Flow, setup: &Setup, token: TokenKind, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let endpoint = facts
        .endpoint(setup, "introspection_endpoint")
        .unwrap_or_default();
    let form = vec![
        ("token", token_of(facts, token)),
        ("token_type_hint", token.as_str()),
    ];
    Plan {
        phase: Phase::Extra,
        purpose: Purpose::Introspection { token },
        title: format!("Ask about the {}", name(token)),
        why: "The server says whether it is active, and what it is good for.".into(),
        label: token.as_str().into(),
        request: client_request(facts, setup, endpoint, form, now),
        not_before: None,
        credentials: Vec::new(),
    }
}

fn introspected(flow: Flow, setup: &Setup, token: TokenKind, response: &Response) -> Judged {
    let active = json_object(response)
        .filter(|_| response.status == 200)
        .and_then(|answer| answer.get("active").and_then(Value::as_bool));
    let what = name(token);
    match active {
        Some(true) => on(
            flow,
            setup,
            Verdict::accepted("active"),
            format!("The {what} is active."),
        ),
        Some(false) => on(
            flow,
            setup,
            Verdict::moved_on("not active"),
            format!("The {what} is not active, or the server does not tell this client."),
        ),
        None => {
            let words = oauth_error(response).words(response.status);
            let message = format!("The authorization server says nothing of the {what}: {words}");
            on(flow, setup, Verdict::rejected(words), message)
        }
    }
}

fn userinfo(facts: &Facts, setup: &Setup) -> Plan {
    let mut request = Request::new(
        "GET",
        facts
            .endpoint(setup, "userinfo_endpoint")
            .unwrap_or_default(),
    )
    .header("accept", "application/json");
    if let Some(authorization) = proof::authorization(facts) {
        request = request.header("authorization", authorization);
    }
    Plan {
        phase: Phase::Extra,
        purpose: Purpose::Userinfo,
        title: "Ask who the user is".into(),
        why:
            "OpenID Connect's userinfo endpoint tells the claims that the access token is good for."
                .into(),
        label: "userinfo".into(),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

fn told_user(flow: Flow, setup: &Setup, response: &Response) -> Judged {
    let claims = json_object(response).filter(|_| response.status == 200);
    match claims
        .as_ref()
        .map(|claims| claims.get("sub").and_then(Value::as_str))
    {
        Some(Some(sub)) => on(
            flow,
            setup,
            Verdict::accepted(format!("sub={sub}")),
            format!("The user is {sub}."),
        ),
        Some(None) => failed(
            flow,
            setup,
            "no sub",
            "sub: expected a string among the claims, got none.",
        ),
        None => {
            let status = response.status;
            let message = format!("The userinfo endpoint answers {status}, without claims.");
            failed(flow, setup, &format!("status {status}"), message)
        }
    }
}

fn name(token: TokenKind) -> &'static str {
    match token {
        TokenKind::AccessToken => "access token",
        TokenKind::RefreshToken => "refresh token",
        TokenKind::IdToken => "ID token",
    }
}
