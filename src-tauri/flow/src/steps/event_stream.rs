//! A stream that ended before the answer came, taken up again (2025-11-25 basic/transports,
//! "Resumability and Redelivery").

use std::time::Duration;

use trace::{Outcome, Phase, Purpose, Request, RpcAnswer, Verdict, last_event, rpc_answer};

use crate::agenda::Errand;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::proof;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};

/// How often one call's stream is taken up again.
const MOST: u8 = 3;

/// The longest time to wait that is believed.
const LONGEST: Duration = Duration::from_secs(30);

/// Takes up the stream of a call that brought no answer. `Err` gives the flow back when there is
/// none.
pub(crate) fn ended_early(
    flow: Flow,
    outcome: &Outcome,
    hand: &Hand<'_>,
) -> Result<Judged, Box<Flow>> {
    let (attempt, then) = match &flow.step {
        Step::ExpectEventStream { attempt, then, .. } => (*attempt + 1, then.clone()),
        step if is_call(step) && !flow.facts.revision.is_modern() => (1, Box::new(step.clone())),
        _ => return Err(Box::new(flow)),
    };
    let Outcome::Response(response) = outcome else {
        return Err(Box::new(flow));
    };
    let open = response.status == 200
        && response.media_type().as_deref() == Some("text/event-stream")
        && matches!(rpc_answer(response), RpcAnswer::Other(_));
    let Some(event) = last_event(response).filter(|_| open && attempt <= MOST) else {
        return Err(Box::new(flow));
    };
    let wait = event.retry.unwrap_or_default().min(LONGEST);
    let step = Step::ExpectEventStream {
        last_event_id: event.id,
        not_before: hand.now.plus(wait),
        attempt,
        then,
    };
    let words = format!("the stream ended, again in {} ms", wait.as_millis());
    Ok(Judged::go(flow, step, Verdict::moved_on(words)))
}

pub(crate) fn request(flow: &Flow, setup: &Setup) -> Plan {
    let (last_event_id, not_before) = match &flow.step {
        Step::ExpectEventStream {
            last_event_id,
            not_before,
            ..
        } => (last_event_id.as_str(), Some(*not_before)),
        _ => ("", None),
    };
    let facts = &flow.facts;
    let mut request = Request::new("GET", setup.server_url.clone())
        .header("accept", "text/event-stream")
        .header("last-event-id", last_event_id);
    if facts.revision.at_least(trace::Revision::R20250618) {
        request = request.header("mcp-protocol-version", facts.revision.as_str());
    }
    if let Some(session) = &facts.session_id {
        request = request.header("mcp-session-id", session);
    }
    if let Some(authorization) = proof::authorization(facts) {
        request = request.header("authorization", authorization);
    }
    Plan {
        phase: Phase::Mcp,
        purpose: Purpose::Mcp {
            method: "GET".into(),
        },
        title: "Take up the stream again".into(),
        why: "It ended before the answer came; the server goes on after the last event.".into(),
        label: format!("after event {last_event_id}"),
        request,
        not_before,
        credentials: Vec::new(),
    }
}

fn is_call(step: &Step) -> bool {
    match step {
        Step::ExpectServerInfo | Step::ExpectTools | Step::ExpectToolResult => true,
        Step::ExpectErrand(errand) => matches!(**errand, Errand::Call(_)),
        _ => false,
    }
}
