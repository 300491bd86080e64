//! A stream that ended before the answer came, resumed (2025-11-25 basic/transports, "Resumability
//! and Redelivery").

use std::time::Duration;

use trace::{
    LastEvent, Outcome, Phase, Purpose, Request, Revision, RpcAnswer, Timestamp, Verdict,
    last_event, rpc_answer,
};

use crate::facts::Facts;
use crate::plan::{Env, Plan};
use crate::proof::authorization;
use crate::queue::ActionRequest;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::transition::Transition;

/// The longest time to wait that is believed.
const LONGEST: Duration = Duration::from_secs(30);

/// Resumes the stream of a call that brought no answer. `None` when there is none to resume.
pub(crate) fn ended_early(
    flow: &Flow,
    setup: &Setup,
    outcome: &Outcome,
    env: &Env<'_>,
) -> Option<Transition> {
    let (event, attempt, then) = resumable(flow, outcome)?;
    if attempt > setup.limits.resumptions {
        return None;
    }
    let wait = event.retry.unwrap_or_default().min(LONGEST);
    let step = Step::ExpectEventStream {
        last_event_id: event.id,
        not_before: env.now.plus(wait),
        attempt,
        then,
    };
    let words = format!("the stream ended, again in {} ms", wait.as_millis());
    Some(Transition::to(flow.clone(), step, Verdict::moved_on(words)))
}

/// Says that the stream broke off once more than it may be resumed.
pub(crate) fn one_too_many(flow: &Flow, setup: &Setup, outcome: &Outcome) -> Option<String> {
    let most = setup.limits.resumptions;
    let (_, attempt, _) = resumable(flow, outcome)?;
    (attempt > most).then(|| format!("after {most} resumptions, the limit (--max-resumptions)"))
}

/// The last event of a stream that ended before the answer came, which resumption it would be, and
/// the step that waits for the answer.
fn resumable(flow: &Flow, outcome: &Outcome) -> Option<(LastEvent, u32, Box<Step>)> {
    let (attempt, then) = match &flow.step {
        Step::ExpectEventStream { attempt, then, .. } => (attempt.saturating_add(1), then.clone()),
        step if is_call(step) && !flow.facts.revision.is_modern() => (1, Box::new(step.clone())),
        _ => return None,
    };
    let Outcome::Response(response) = outcome else {
        return None;
    };
    let open = response.status == 200
        && response.media_type().as_deref() == Some("text/event-stream")
        && matches!(rpc_answer(response), RpcAnswer::Other(_));
    let event = last_event(response).filter(|_| open)?;
    Some((event, attempt, then))
}

pub(crate) fn request(
    facts: &Facts,
    setup: &Setup,
    last_event_id: &str,
    not_before: Timestamp,
) -> Plan {
    let mut request = Request::new("GET", setup.server_url.clone())
        .header("accept", "text/event-stream")
        .header("last-event-id", last_event_id);
    if facts.revision.at_least(Revision::R20250618) {
        request = request.header("mcp-protocol-version", facts.revision.as_str());
    }
    if let Some(session) = &facts.session_id {
        request = request.header("mcp-session-id", session);
    }
    if let Some(authorization) = authorization(facts) {
        request = request.header("authorization", authorization);
    }
    let why = "It ended before the answer came; the server goes on after the last event.";
    Plan {
        not_before: Some(not_before),
        ..Plan::new(
            Phase::Mcp,
            Purpose::Mcp {
                method: "GET".into(),
            },
            ("Resume the stream", why),
            format!("after event {last_event_id}"),
            request,
        )
    }
}

fn is_call(step: &Step) -> bool {
    match step {
        Step::ExpectServerInfo | Step::ExpectTools | Step::ExpectToolResult { .. } => true,
        Step::ExpectAction(request) => matches!(**request, ActionRequest::Call(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use trace::Revision;

    use super::*;
    use crate::testing::{response, setup, with_env, with_tokens};

    fn stream(body: &str) -> Outcome {
        Outcome::Response(response(
            200,
            &[("content-type", "text/event-stream")],
            body,
        ))
    }

    fn ended(flow: &Flow, outcome: &Outcome) -> Option<Transition> {
        with_env(|env| ended_early(flow, &setup(), outcome, env))
    }

    #[test]
    fn the_request_goes_on_after_the_last_event() {
        let mut facts = with_tokens(Step::ExpectTools, None).facts;
        facts.session_id = Some("s1".into());
        let plan = request(&facts, &setup(), "e7", Timestamp(5));
        for (name, value) in [
            ("last-event-id", "e7"),
            ("mcp-session-id", "s1"),
            ("authorization", "Bearer a1"),
        ] {
            assert_eq!(plan.request.header_value(name), Some(value), "{name}");
        }
        assert_eq!(plan.not_before, Some(Timestamp(5)));
    }

    #[test]
    fn a_stream_without_its_answer_is_resumed_three_times() {
        let mut flow = with_tokens(Step::ExpectTools, None);
        let cut = stream("id: e1\nretry: 999999999\ndata:\n\n");
        for round in 1..=3 {
            flow = ended(&flow, &cut).unwrap().flow;
            let Step::ExpectEventStream {
                attempt,
                not_before,
                ref then,
                ..
            } = flow.step
            else {
                panic!("{:?}", flow.step)
            };
            assert_eq!((attempt, &**then), (round, &Step::ExpectTools));
            assert_eq!(
                not_before,
                Timestamp(1_030_000_000),
                "no longer than 30 seconds"
            );
        }
        assert_eq!(ended(&flow, &cut), None);
        let limit = one_too_many(&flow, &setup(), &cut).unwrap();
        assert!(limit.contains("3 resumptions") && limit.contains("--max-resumptions"));
        let mut raised = setup();
        raised.limits.resumptions = 4;
        assert!(with_env(|env| ended_early(&flow, &raised, &cut, env)).is_some());
        assert_eq!(one_too_many(&flow, &raised, &cut), None);
    }

    #[test]
    fn what_is_no_broken_stream_is_judged_as_it_is() {
        let flow = with_tokens(Step::ExpectTools, None);
        for outcome in [
            stream("id: e1\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"),
            stream("data:\n\n"),
            Outcome::Response(response(200, &[], "id: e1\ndata:\n\n")),
        ] {
            assert_eq!(ended(&flow, &outcome), None);
        }
        // 2026-07-28 has no resumption.
        let mut latest = flow;
        latest.facts.revision = Revision::R20260728;
        assert_eq!(ended(&latest, &stream("id: e1\ndata:\n\n")), None);
    }
}
