//! The MCP server wants more than the token gives: more scope (2025-11-25 basic/authorization,
//! "Scope Challenge Handling"), or another login (RFC 9470). The flow authorizes once more, and
//! tries the call again.

use trace::{Decision, Response, Revision, StopCode, Verdict};

use crate::facts::Facts;
use crate::plan::Env;
use crate::routes::begin::begin;
use crate::routes::challenged::token_challenge;
use crate::routes::discovery::to_metadata;
use crate::scope::scope;
use crate::scope_values::scope_of;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// Goes on to a token that gives more, if the answer asks for one.
pub(crate) fn step_up(
    flow: &Flow,
    setup: &Setup,
    response: &Response,
    env: &mut Env<'_>,
) -> Option<Transition> {
    flow.facts.tokens.as_ref()?;
    let challenge = token_challenge(response)?;
    let parameter = |name: &str| challenge.parameter(name).map(str::to_owned);
    let error = parameter("error")?;
    let wanted = parameter("scope").filter(|scope| !scope.trim().is_empty());
    let mut flow = flow.clone();
    let message = match (response.status, error.as_str()) {
        (403, "insufficient_scope") => {
            let Some(wanted) = wanted else {
                let message = "The MCP server asks for more scope than the token has, and does not say which.";
                let code = StopCode::InsufficientScope;
                return Some(Transition::stop(flow, code, &error, message));
            };
            flow.facts.step_up.scope = more_scope(&flow.facts, setup, &wanted);
            format!("The MCP server asks for more scope than the token has: {wanted}")
        }
        (401, "insufficient_user_authentication") => {
            let step_up = &mut flow.facts.step_up;
            step_up.acr_values = parameter("acr_values");
            step_up.max_age = parameter("max_age");
            if wanted.is_some() {
                step_up.scope = wanted;
            }
            "The MCP server wants the user to log in in another way, also after a new login.".into()
        }
        _ => return None,
    };
    Some(once_more(flow, setup, &error, &message, env))
}

/// The token is there: the step that is tried again with it.
pub(crate) fn resumed(facts: &mut Facts) -> Step {
    let step = facts.step_up.resume.take();
    step.map_or(Step::ExpectServerInfo, |step| *step)
}

fn more_scope(facts: &Facts, setup: &Setup, challenged: &str) -> Option<String> {
    // Before 2026-07-28 the challenge alone says what to ask for; from then on what was asked for
    // before is kept.
    if !facts.revision.at_least(Revision::R20260728) {
        return scope_of([challenged]);
    }
    let of_token = || {
        facts
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.scope.clone())
    };
    let earlier = facts.requested_scope.clone().or_else(of_token);
    let earlier = earlier.or_else(|| scope(facts, setup).0);
    scope_of(earlier.as_deref().into_iter().chain([challenged]))
}

fn once_more(
    mut flow: Flow,
    setup: &Setup,
    words: &str,
    message: &str,
    env: &mut Env<'_>,
) -> Transition {
    let code = StopCode::InsufficientScope;
    let resume = Some(Box::new(flow.step.clone()));
    let facts = &mut flow.facts;
    let attempt = facts.step_up.attempts.saturating_add(1);
    // "SHOULD implement retry limits".
    let most = setup.limits.step_ups;
    if attempt > most {
        if !facts.waives(code) {
            let message = format!(
                "{message}. The flow authorized {most} times more (--max-step-ups raises that), and \
                 that did not help."
            );
            return Transition::refuse(flow, code, words, message);
        }
        // Going on anyway allows the same number of step-ups again, not an endless one.
        facts.waived.retain(|waived| *waived != code);
        facts.step_up.attempts = 0;
    } else {
        facts.step_up.attempts = attempt;
    }
    facts.step_up.resume = resume;
    let decision = Decision::StepUp {
        scope: facts.step_up.scope.clone(),
        acr_values: facts.step_up.acr_values.clone(),
        max_age: facts.step_up.max_age.clone(),
        attempt,
    };
    let verdict = Verdict::moved_on(words);
    let again = if facts.server_metadata.is_some() {
        begin(flow, setup, verdict, env)
    } else {
        // A stored token was used so far, so the authorization server is still to be found.
        to_metadata(flow, setup, verdict)
    };
    again.after([decision])
}

#[cfg(test)]
mod tests {
    use trace::{Body, Header, ServerMetadata, Timestamp};

    use super::*;
    use crate::setup::Seed;
    use crate::testing::tokens;

    fn with_token(revision: Revision) -> Flow {
        let mut facts = Facts::new(Some(revision));
        facts.server_metadata = Some(ServerMetadata::default_endpoints("https://as.example"));
        facts.requested_scope = Some("read".into());
        facts.tokens = Some(tokens(None));
        Flow::at(Step::ExpectTools, facts)
    }

    fn judged(flow: &Flow, status: u16, challenge: &str) -> Option<Transition> {
        let response = Response {
            status,
            headers: vec![Header::new("www-authenticate", challenge)],
            body: Body::empty(),
        };
        let setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        let mut random = |bytes: &mut [u8]| bytes.fill(1);
        step_up(
            flow,
            &setup,
            &response,
            &mut Env {
                now: Timestamp(0),
                random: &mut random,
            },
        )
    }

    const WRITE: &str = "Bearer error=\"insufficient_scope\", scope=\"write\"";

    #[test]
    fn earlier_scope_is_kept_from_2026_07_28_on() {
        let scope = |revision| {
            let transition = judged(&with_token(revision), 403, WRITE).unwrap();
            assert_eq!(transition.flow.step, Step::ExpectListener);
            let mut facts = transition.flow.facts;
            assert_eq!(resumed(&mut facts), Step::ExpectTools);
            facts.step_up.scope.unwrap()
        };
        assert_eq!(scope(Revision::R20251125), "write");
        assert_eq!(scope(Revision::R20260728), "read write");
    }

    #[test]
    fn it_is_tried_twice_and_twice_more_when_the_user_goes_on() {
        let mut flow = with_token(Revision::R20251125);
        for round in [1, 2] {
            flow = judged(&flow, 403, WRITE).unwrap().flow;
            assert_eq!(flow.facts.step_up.attempts, round);
        }
        let stopped = judged(&flow, 403, WRITE).unwrap().flow.step;
        assert!(
            matches!(
                stopped,
                Step::Stopped {
                    can_go_on: true,
                    ..
                }
            ),
            "{stopped:?}"
        );
        let Step::Stopped { message, .. } = &stopped else {
            panic!("{stopped:?}");
        };
        assert!(
            message.contains("2 times more (--max-step-ups"),
            "{message}"
        );
        flow.facts.waived.push(StopCode::InsufficientScope);
        flow = judged(&flow, 403, WRITE).unwrap().flow;
        assert_eq!(
            (flow.facts.step_up.attempts, flow.facts.waived.len()),
            (0, 0)
        );
    }

    #[test]
    fn another_login_is_asked_for_as_the_server_says() {
        let challenge =
            "Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\", max_age=\"5\"";
        let facts = judged(&with_token(Revision::R20251125), 401, challenge)
            .unwrap()
            .flow
            .facts;
        assert_eq!(facts.step_up.acr_values.as_deref(), Some("mfa"));
        assert_eq!(facts.step_up.max_age.as_deref(), Some("5"));
    }

    #[test]
    fn what_asks_for_nothing_more_is_left_alone() {
        let flow = with_token(Revision::R20251125);
        for (status, challenge) in [
            (401, WRITE),
            (403, "Bearer error=\"invalid_token\""),
            (403, "Bearer scope=\"write\""),
            (403, "Basic realm=\"x\""),
        ] {
            assert_eq!(
                judged(&flow, status, challenge),
                None,
                "{status} {challenge}"
            );
        }
        let silent = judged(&flow, 403, "Bearer error=\"insufficient_scope\"").unwrap();
        assert!(matches!(
            silent.flow.step,
            Step::Stopped {
                can_go_on: false,
                ..
            }
        ));
    }
}
