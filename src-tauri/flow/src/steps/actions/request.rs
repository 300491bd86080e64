//! The requests of actions, and what comes of them.

use trace::{Outcome, Phase, Verdict};

use crate::plan::{Env, Plan};
use crate::queue::{ActionRequest, RefreshKind};
use crate::routes::actions::{end, go_on};
use crate::setup::Setup;
use crate::state::Flow;
use crate::steps::actions::{calls, cross_origin, keys, management, refreshes, tokens};
use crate::steps::tool;
use crate::transition::Transition;

/// What an action sends: the second plan where it sends two requests at the same time.
pub(crate) fn request(flow: &Flow, setup: &Setup, request: &ActionRequest) -> (Plan, Option<Plan>) {
    let facts = &flow.facts;
    let plan = match request {
        ActionRequest::Call(call) => tool::request(facts, setup, call, Phase::Extra),
        ActionRequest::Try(tried) => calls::try_request(facts, setup, tried),
        ActionRequest::Refresh {
            endpoint,
            refresh_token,
            kind,
        } => {
            let plan = refreshes::request(facts, setup, endpoint, refresh_token, *kind);
            let second = (*kind == RefreshKind::Twice).then(|| plan.clone());
            return (plan, second);
        }
        ActionRequest::Revoke(about) => tokens::revocation(facts, about),
        ActionRequest::Introspect(about) => tokens::introspection(facts, about),
        ActionRequest::Userinfo { endpoint } => tokens::userinfo(facts, endpoint),
        ActionRequest::Jwks { endpoint } => keys::request(endpoint),
        ActionRequest::Preflight { of, endpoint } => cross_origin::request(facts, *of, endpoint),
        ActionRequest::FromPage { of, endpoint } => {
            cross_origin::from_page(facts, setup, *of, endpoint)
        }
        ActionRequest::ReplayCode { endpoint, redeemed } => {
            refreshes::replay(flow, setup, endpoint, redeemed)
        }
        ActionRequest::Registration { what, client, at } => {
            management::request(setup, *what, client, at)
        }
    };
    (plan, None)
}

pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    request: &ActionRequest,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => {
            let verdict = Verdict::rejected("no response");
            let message = failure.message.clone();
            // Each of the two says something of its own, also without an answer.
            let of_its_own = matches!(
                request,
                ActionRequest::Preflight { .. } | ActionRequest::FromPage { .. }
            );
            return if of_its_own {
                go_on(flow, setup, verdict, message)
            } else {
                end(Transition::stay(flow, verdict), setup, Some(message))
            };
        }
    };
    match request {
        ActionRequest::Call(_) => calls::called(flow, setup, response, env),
        ActionRequest::Try(tried) => calls::tried(flow, setup, tried, response),
        ActionRequest::Refresh { kind, .. } => refreshes::judge(flow, setup, *kind, response, env),
        ActionRequest::Revoke(about) => tokens::revoked(flow, setup, about.kind, response),
        ActionRequest::Introspect(about) => tokens::introspected(flow, setup, about.kind, response),
        ActionRequest::Userinfo { .. } => tokens::user_named(flow, setup, response),
        ActionRequest::Jwks { .. } => keys::judge(flow, setup, response, env),
        ActionRequest::Preflight { .. } => cross_origin::judge(flow, setup, response),
        ActionRequest::FromPage { .. } => cross_origin::judge_answer(flow, setup, response),
        ActionRequest::ReplayCode { .. } => refreshes::judge_replay(flow, setup, response),
        ActionRequest::Registration { what, client, .. } => {
            management::judge(flow, setup, *what, client, response)
        }
    }
}
