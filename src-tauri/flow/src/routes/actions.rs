//! From one request of an action to the next, and from one action to the next.

use trace::actions::ACTIONS;
use trace::{ActionKind, Decision, StopCode, Verdict};

use crate::facts::Facts;
use crate::queue::Action;
use crate::routes::discovery::to_metadata;
use crate::routes::needs::{lacking, needs_endpoint, parts, request};
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// The actions that make sense now, in the order a window shows them.
pub(crate) fn possible(facts: &Facts, setup: &Setup) -> Vec<ActionKind> {
    let busy = facts.queue.action.is_some();
    let all = ACTIONS.iter().map(|info| info.kind);
    all.filter(|kind| !busy && lacking(facts, setup, *kind).is_none())
        .collect()
}

/// Begins an action: with a stored token by finding the authorization server's endpoints first.
pub(crate) fn begin(mut transition: Transition, setup: &Setup, action: Action) -> Transition {
    let kind = action.kind;
    transition.decisions.push(Decision::Action { action: kind });
    let facts = &mut transition.flow.facts;
    facts.queue.action = Some(kind);
    if facts.server_metadata.is_some() || facts.tokens.is_none() || !needs_endpoint(kind) {
        return start(transition, setup, action);
    }
    facts.queue.undiscovered = Some(action);
    let mut discovery = to_metadata(transition.flow, setup, transition.verdict);
    discovery.effects.splice(0..0, transition.effects);
    discovery.after(transition.decisions)
}

/// The endpoints are known: the action that waits for them begins. `None` when none does.
pub(crate) fn discovered(flow: &Flow, setup: &Setup, verdict: &Verdict) -> Option<Transition> {
    let mut flow = flow.clone();
    let action = flow.facts.queue.undiscovered.take()?;
    let tokens = flow.facts.tokens.as_ref();
    let issued_by = tokens.and_then(|tokens| tokens.issuer.clone());
    let elsewhere = issued_by.filter(|issuer| Some(issuer) != flow.facts.issuer.as_ref());
    let transition = Transition::to(flow, Step::ExpectTools, verdict.clone());
    Some(match elsewhere {
        Some(issuer) => {
            let message = format!("Not possible: the token is one of {issuer}.");
            end(transition, setup, Some(message))
        }
        None => start(transition, setup, action),
    })
}

/// After a request that went well, or at least well enough for the next one.
pub(crate) fn go_on(
    flow: Flow,
    setup: &Setup,
    verdict: Verdict,
    message: impl Into<String>,
) -> Transition {
    let last = flow.facts.queue.parts.is_empty();
    let transition = Transition::stay(flow, verdict);
    if last {
        end(transition, setup, Some(message.into()))
    } else {
        advance(transition, setup)
    }
}

/// Ends the action because of what came.
pub(crate) fn failed(
    flow: Flow,
    setup: &Setup,
    words: &str,
    message: impl Into<String>,
) -> Transition {
    let transition = Transition::stay(flow, Verdict::rejected(words));
    end(transition, setup, Some(message.into()))
}

/// The next part of the action, or its end.
pub(crate) fn advance(mut transition: Transition, setup: &Setup) -> Transition {
    let facts = &mut transition.flow.facts;
    if facts.queue.parts.is_empty() {
        return end(transition, setup, None);
    }
    let part = facts.queue.parts.remove(0);
    match request(facts, setup, part) {
        Ok(request) => {
            let mut next = Transition::to(
                transition.flow,
                Step::ExpectAction(Box::new(request)),
                transition.verdict,
            );
            next.second_verdict = transition.second_verdict;
            next.decisions = transition.decisions;
            next.effects = transition.effects;
            next
        }
        Err(why) => end(transition, setup, Some(format!("Not possible: {why}."))),
    }
}

/// The action ends here; `message` says how when that is not as it should be.
pub(crate) fn end(
    mut transition: Transition,
    setup: &Setup,
    message: Option<String>,
) -> Transition {
    let queue = &mut transition.flow.facts.queue;
    queue.parts.clear();
    if let Some(action) = queue.action {
        let message = message.unwrap_or_else(|| "Done".into());
        let done = Decision::ActionDone { action, message };
        transition.decisions.push(done);
    }
    begin_next(transition, setup)
}

/// Begins the next action; with none left the flow is done.
pub(crate) fn begin_next(mut transition: Transition, setup: &Setup) -> Transition {
    let queue = &mut transition.flow.facts.queue;
    queue.action = None;
    if queue.actions.is_empty() {
        let message = queue.outcome.clone().unwrap_or_default();
        transition.flow.step = Step::Done { message };
        return transition;
    }
    let action = queue.actions.remove(0);
    begin(transition, setup, action)
}

/// A stop in the middle of an action ends the action, not the run.
pub(crate) fn stopped(mut transition: Transition, setup: &Setup) -> Transition {
    let busy = transition.flow.facts.queue.action.is_some();
    let Step::Stopped { code, message, .. } = &transition.flow.step else {
        return transition;
    };
    if !busy || *code == StopCode::Cancelled {
        return transition;
    }
    let message = message.clone();
    transition
        .decisions
        .retain(|decision| !matches!(decision, Decision::Stopped { .. }));
    if transition.verdict.is_none() {
        transition.verdict = Some(Verdict::rejected("failed"));
    }
    end(transition, setup, Some(message))
}

fn start(mut transition: Transition, setup: &Setup, action: Action) -> Transition {
    let facts = &mut transition.flow.facts;
    if let Some(reason) = lacking(facts, setup, action.kind) {
        return end(transition, setup, Some(format!("Not possible: {reason}.")));
    }
    facts.queue.parts = parts(facts, setup, action);
    advance(transition, setup)
}

#[cfg(test)]
mod tests {
    use trace::ServerMetadata;

    use super::*;
    use crate::facts::Facts;
    use crate::queue::ActionRequest;
    use crate::setup::Seed;
    use crate::testing::tokens;

    fn setup() -> Setup {
        Setup::new("https://mcp.example/mcp", Seed([7; 32]))
    }

    fn done() -> Flow {
        let mut facts = Facts::new(None);
        facts.server_metadata = Some(ServerMetadata {
            revocation_endpoint: Some("https://as.example/revoke".into()),
            userinfo_endpoint: Some("not a URL".into()),
            ..ServerMetadata::default_endpoints("https://as.example")
        });
        facts.tokens = Some(tokens(Some("r")));
        facts.queue.outcome = Some("The flow works.".into());
        Flow::at(
            Step::Done {
                message: "The flow works.".into(),
            },
            facts,
        )
    }

    fn begun(flow: Flow, kind: ActionKind) -> Transition {
        begin(
            Transition::nothing(flow),
            &setup(),
            Action { kind, call: None },
        )
    }

    #[test]
    fn what_lacks_something_is_not_offered_and_says_why() {
        let possible = possible(&done().facts, &setup());
        assert!(possible.contains(&ActionKind::Revoke) && possible.contains(&ActionKind::Rotate));
        for kind in [
            ActionKind::Userinfo,
            ActionKind::Introspect,
            ActionKind::ReplayCode,
            ActionKind::DeleteRegistration,
            ActionKind::CallTool,
        ] {
            assert!(!possible.contains(&kind), "{kind:?}");
            let transition = begun(done(), kind);
            assert!(
                matches!(transition.flow.step, Step::Done { .. }),
                "{kind:?}"
            );
            let Some(Decision::ActionDone { message, .. }) = transition.decisions.last() else {
                panic!("{:?}", transition.decisions)
            };
            assert!(message.starts_with("Not possible: "), "{message}");
        }
    }

    #[test]
    fn an_action_is_its_requests_one_after_another() {
        let first = begun(done(), ActionKind::Revoke);
        let token = |transition: &Transition| match &transition.flow.step {
            Step::ExpectAction(request) => match &**request {
                ActionRequest::Revoke(about) => about.token.expose().to_owned(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(token(&first), "r");
        let second = go_on(first.flow, &setup(), Verdict::accepted(""), "");
        assert_eq!(token(&second), "a1");
        let end = go_on(second.flow, &setup(), Verdict::accepted(""), "Gone.");
        assert_eq!(
            end.flow.step,
            Step::Done {
                message: "The flow works.".into()
            }
        );
        assert_eq!(end.flow.facts.queue.action, None);
    }

    #[test]
    fn what_went_in_the_meantime_ends_the_action() {
        let mut flow = begun(done(), ActionKind::Revoke).flow;
        flow.facts.tokens = None;
        let transition = go_on(flow, &setup(), Verdict::accepted(""), "");
        assert!(matches!(transition.flow.step, Step::Done { .. }));
        assert!(matches!(
            transition.decisions.last(),
            Some(Decision::ActionDone { message, .. }) if message.contains("any more")
        ));
    }

    #[test]
    fn a_stop_ends_the_action_and_not_the_run() {
        let flow = begun(done(), ActionKind::Rotate).flow;
        let stop = Transition::stop(flow, StopCode::Transport, "no response", "refused");
        let transition = stopped(stop, &setup());
        assert!(matches!(transition.flow.step, Step::Done { .. }));
        assert!(matches!(
            &transition.decisions[..],
            [Decision::ActionDone { message, .. }] if message == "refused"
        ));
    }

    #[test]
    fn with_a_stored_token_the_endpoints_are_looked_for_first() {
        let mut flow = done();
        flow.facts.server_metadata = None;
        let looking = begun(flow, ActionKind::Revoke);
        assert!(matches!(
            looking.flow.step,
            Step::ExpectResourceMetadata { .. }
        ));
        let mut found = looking.flow;
        found.facts.server_metadata = done().facts.server_metadata;
        found.facts.issuer = Some("https://other.example".into());
        let foreign = discovered(&found, &setup(), &Verdict::accepted("")).unwrap();
        assert!(matches!(
            foreign.decisions.last(),
            Some(Decision::ActionDone { message, .. }) if message.contains("one of https://as.example")
        ));
        found.facts.issuer = Some("https://as.example".into());
        let begun = discovered(&found, &setup(), &Verdict::accepted("")).unwrap();
        assert!(matches!(begun.flow.step, Step::ExpectAction(_)));
    }
}
