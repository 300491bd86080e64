//! The MCP server wants more than the token gives: more scope (2025-11-25 basic/authorization,
//! "Scope Challenge Handling"), or another login (RFC 9470). The flow authorizes once more, and
//! tries the call again.

use trace::{Decision, Response, Revision, StopCode, Verdict};

use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::{Hand, Step};
use crate::steps::challenge::token_challenge;
use crate::steps::{authorization, beginning, scope_of};

/// How often the flow authorizes once more before it gives up ("SHOULD implement retry limits").
const MOST: u8 = 2;

/// The way to a token that gives more, when that is what the answer asks for.
pub(crate) fn begin(
    flow: &Flow,
    setup: &Setup,
    response: &Response,
    hand: &mut Hand<'_>,
) -> Option<Judged> {
    flow.facts.tokens.as_ref()?;
    let challenge = token_challenge(response)?;
    let parameter = |name: &str| challenge.parameter(name).map(str::to_owned);
    let error = parameter("error")?;
    let scope = parameter("scope").filter(|scope| !scope.trim().is_empty());
    match (response.status, error.as_str()) {
        (403, "insufficient_scope") => match scope {
            Some(scope) => Some(more_scope(flow.clone(), setup, &scope, hand)),
            None => {
                let message = "The MCP server asks for more scope than the token has, and does not say which.";
                Some(Judged::stop(
                    flow.clone(),
                    StopCode::InsufficientScope,
                    "insufficient_scope",
                    message,
                ))
            }
        },
        (401, "insufficient_user_authentication") => {
            let mut flow = flow.clone();
            flow.facts.step_up.acr_values = parameter("acr_values");
            flow.facts.step_up.max_age = parameter("max_age");
            if scope.is_some() {
                flow.facts.step_up.scope = scope;
            }
            let message =
                "The MCP server wants the user to log in otherwise, again after a new login.";
            Some(once_more(flow, setup, &error, message.into(), hand))
        }
        _ => None,
    }
}

fn more_scope(mut flow: Flow, setup: &Setup, challenged: &str, hand: &mut Hand<'_>) -> Judged {
    let earlier = asked_for(&flow, setup);
    // Before 2026-07-28 the challenge alone says what to ask for; from then on what was asked for
    // before is kept.
    let wanted = match flow.facts.revision.at_least(Revision::R20260728) {
        true => scope_of(earlier.as_deref().into_iter().chain([challenged])),
        false => scope_of([challenged]),
    };
    flow.facts.step_up.scope = wanted;
    let message = format!("The MCP server asks for more scope than the token has: {challenged}");
    once_more(flow, setup, "insufficient_scope", message, hand)
}

fn asked_for(flow: &Flow, setup: &Setup) -> Option<String> {
    let facts = &flow.facts;
    let requested = facts
        .authorization
        .as_ref()
        .and_then(|authorization| authorization.scope.clone());
    requested
        .or_else(|| {
            facts
                .tokens
                .as_ref()
                .and_then(|tokens| tokens.scope.clone())
        })
        .or_else(|| authorization::scope(flow, setup).0)
}

fn once_more(
    mut flow: Flow,
    setup: &Setup,
    words: &str,
    message: String,
    hand: &mut Hand<'_>,
) -> Judged {
    let exhausted = flow.facts.step_up.attempts >= MOST;
    let stopped_here = flow.clone();
    let step_up = &mut flow.facts.step_up;
    step_up.attempts += 1;
    step_up.under_way = true;
    let decision = Decision::StepUp {
        scope: step_up.scope.clone(),
        acr_values: step_up.acr_values.clone(),
        max_age: step_up.max_age.clone(),
        attempt: step_up.attempts,
    };
    flow.facts.resume = Some(Box::new(flow.step.clone()));
    let verdict = Verdict::moved_on(words);
    let known = flow.facts.server_metadata.is_some();
    let mut again = match known {
        true => beginning::begin(flow, setup, verdict, hand),
        // A stored token was used so far: where to authorize is still to be found.
        false => {
            flow.facts.challenged = true;
            Judged::go(flow, Step::ExpectResourceMetadata { attempt: 0 }, verdict)
        }
    };
    again.decisions.insert(0, decision);
    if !exhausted {
        return again;
    }
    let message =
        format!("{message}. The flow authorized {MOST} times more, and that did not help.");
    // Whoever goes on anyway goes on for as many times again, and not for ever.
    again.flow.facts.step_up.attempts = 0;
    Judged::stopped(
        stopped_here,
        StopCode::InsufficientScope,
        words,
        message,
        Some(Box::new(again)),
    )
}

/// The token is there: what it was for is tried again.
pub(crate) fn resume(flow: &mut Flow) -> Step {
    flow.facts.step_up.under_way = false;
    let step = flow.facts.resume.take();
    step.map_or(Step::ExpectServerInfo, |step| *step)
}
