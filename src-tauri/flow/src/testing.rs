//! For the tests of steps: a flow in the middle, answers, and an environment.

use trace::{
    ActionKind, Body, Decision, Header, Outcome, Pair, Response, Revision, ServerMetadata,
    Timestamp,
};

use crate::client::{Client, RegisteredBy};
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::grant::Authorization;
use crate::plan::{Env, Plan};
use crate::setup::{Seed, Setup};
use crate::state::Flow;
use crate::step::Step;
use crate::tokens::Tokens;
use crate::transition::Transition;

pub(crate) const SERVER: &str = "https://mcp.example/mcp";
pub(crate) const ISSUER: &str = "https://as.example";

pub(crate) fn setup() -> Setup {
    Setup::new(SERVER, Seed([7; 32]))
}

/// What is known once a client is registered at an authorization server with the usual endpoints.
pub(crate) fn facts(revision: Revision) -> Facts {
    let mut facts = Facts::new(Some(revision));
    facts.issuer = Some(ISSUER.into());
    facts.server_metadata = Some(ServerMetadata {
        issuer: Some(ISSUER.into()),
        ..ServerMetadata::default_endpoints(ISSUER)
    });
    facts.redirect_uri = Some("http://127.0.0.1:1/callback".into());
    facts.client = Some(client());
    facts
}

pub(crate) fn client() -> Client {
    Client {
        client_id: "c1".into(),
        client_secret: None,
        private_key: None,
        auth_method: "none".into(),
        issuer: Some(ISSUER.into()),
        by: RegisteredBy::Dcr,
        redirect_uri: None,
        registration: None,
    }
}

pub(crate) fn flow(step: Step) -> Flow {
    Flow::at(step, facts(Revision::R20251125))
}

/// The same with a token that the MCP server took before.
pub(crate) fn with_tokens(step: Step, refresh_token: Option<&str>) -> Flow {
    let mut flow = flow(step);
    flow.facts.tokens = Some(tokens(refresh_token));
    flow
}

/// With tokens, while this action is carried out.
pub(crate) fn acting(kind: ActionKind) -> Flow {
    let mut flow = with_tokens(Step::ExpectTools, Some("r1"));
    flow.facts.queue.action = Some(kind);
    flow
}

/// What an action says at its end.
pub(crate) fn message(transition: &Transition) -> &str {
    match transition.decisions.last() {
        Some(Decision::ActionDone { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn tokens(refresh_token: Option<&str>) -> Tokens {
    Tokens {
        access_token: "a1".into(),
        refresh_token: refresh_token.map(Into::into),
        id_token: None,
        token_type: "Bearer".into(),
        scope: None,
        expires_at: None,
        obtained_at: Timestamp(0),
        accepted: true,
        refreshed: false,
        stored: false,
        issuer: Some(ISSUER.into()),
        dpop_key: None,
    }
}

pub(crate) fn authorization() -> Box<Authorization> {
    Box::new(Authorization {
        endpoint: endpoint("/authorize"),
        client_id: "c1".into(),
        redirect_uri: "http://127.0.0.1:1/callback".into(),
        state: "st".into(),
        code_verifier: "v".repeat(43).into(),
        issuer: Some(ISSUER.into()),
        scope: Some("read".into()),
        nonce: "n".into(),
    })
}

/// An endpoint of the authorization server.
pub(crate) fn endpoint(path: &str) -> Endpoint {
    Endpoint::read("endpoint", Some(&format!("{ISSUER}{path}"))).unwrap()
}

/// The second 1000 since 1970, and random numbers that are all the same.
pub(crate) fn with_env<T>(work: impl FnOnce(&mut Env<'_>) -> T) -> T {
    work(&mut Env {
        now: Timestamp(1_000_000_000),
        random: &mut |bytes: &mut [u8]| bytes.fill(1),
    })
}

pub(crate) fn answer(status: u16, body: &str) -> Outcome {
    Outcome::Response(response(status, &[], body))
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let header = |(name, value): &(&str, &str)| Header::new(name, *value);
    Response {
        status,
        headers: headers.iter().map(header).collect(),
        body: Body::new(body.into()),
    }
}

pub(crate) fn refused_connection() -> Outcome {
    Outcome::Failure(trace::Failure {
        kind: trace::FailureKind::Refused,
        message: "refused".into(),
    })
}

/// Code and whether the user can go on, where the flow stopped.
pub(crate) fn stopped(transition: &Transition) -> Option<(trace::StopCode, bool)> {
    match transition.flow.step {
        Step::Stopped {
            code, can_go_on, ..
        } => Some((code, can_go_on)),
        _ => None,
    }
}

/// The form that a request carries.
pub(crate) fn form(plan: &Plan) -> Vec<Pair> {
    trace::pairs(plan.request.body.text().unwrap_or_default())
}

/// The value of a pair.
pub(crate) fn value<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|pair| pair.name == name);
    pair.map(|pair| pair.value.as_str())
}
