//! What is judged of a run in which the user changed an answer before the flow saw it.
//!
//! A rule judges servers, so that answer is judged as the server sent it. What came after it may
//! come of the change, and nobody can tell whether it does: it is not judged at all.

use std::borrow::Cow;
use std::sync::Arc;

use trace::{Decision, EntryKind, Exchange, Side, Trace};

use crate::finding::Finding;
use crate::rules::answer_changed_by_hand;

/// What of a trace is judged.
pub(crate) struct Part<'a> {
    /// Up to the first answer that was changed by hand and counts: that answer as the server sent
    /// it, and what the flow saw beside it. All of it where there is none.
    pub trace: Cow<'a, Trace>,
    /// The flow stopped after such an answer, so that nothing else explains the stop.
    is_stopped: bool,
}

impl Part<'_> {
    /// Tells the change first where the stop comes of it.
    pub fn lead(&self, findings: &mut [Finding]) {
        let code = answer_changed_by_hand::RULE.code;
        let at = findings.iter().position(|finding| finding.code == code);
        if let Some(at) = at.filter(|_| self.is_stopped) {
            findings[..=at].rotate_right(1);
        }
    }
}

/// The part of a trace that is judged. `entries`: as many of its entries count.
pub(crate) fn judged_part(trace: &Trace, entries: usize) -> Part<'_> {
    let changed = |entry: &&trace::Entry| {
        let exchange = entry.exchange();
        exchange.is_some_and(|exchange| exchange.answer_edited && exchange.server_side.is_some())
    };
    let Some(seq) = trace.live_first(entries).find(changed).map(|it| it.seq) else {
        return Part {
            trace: Cow::Borrowed(trace),
            is_stopped: false,
        };
    };
    let after: Vec<_> = trace
        .live_first(entries)
        .filter(|it| it.seq > seq)
        .collect();
    let is_stop = |entry: &trace::Entry| matches!(entry.decision(), Some(Decision::Stopped { .. }));
    let is_sent = |entry: &trace::Entry| {
        let exchange = entry.exchange();
        exchange.is_some_and(|exchange| !exchange.purpose.is_of_no_flow())
    };
    let last = after
        .into_iter()
        .rfind(|entry| is_stop(entry) || is_sent(entry));
    let mut part = trace.clone();
    part.entries.truncate(seq as usize);
    if let Some(last) = part.entries.last_mut()
        && let EntryKind::Exchange(exchange) = &mut Arc::make_mut(last).kind
    {
        as_sent(exchange);
    }
    Part {
        trace: Cow::Owned(part),
        is_stopped: last.is_some_and(is_stop),
    }
}

fn as_sent(exchange: &mut Exchange) {
    let Some(sent) = exchange.server_side.take() else {
        return;
    };
    let seen = std::mem::replace(&mut exchange.outcome, sent.outcome);
    exchange.client_side = Some(Box::new(Side {
        request: exchange.request.clone(),
        outcome: seen,
    }));
}
