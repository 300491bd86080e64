//! The task that keeps a live document up to date: it takes what its session reports, has it
//! judged, and shows it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use diagnosis::Judgement;
use session::{Event, RunState};
use tokio::sync::{mpsc, oneshot, watch};
use trace::Trace;

use crate::rows::row;
use crate::shown::{Shown, lock};
use crate::view::View;

/// How long entries may wait for more, so that what comes in quick succession is judged together:
/// less than an eye sees.
const PAUSE: Duration = Duration::from_millis(5);

/// Somebody who waits until everything reported so far is shown.
pub(crate) type Waiting = oneshot::Sender<()>;

/// Lives until nobody holds the document any more, which drops the other end of `waiting`.
pub(crate) async fn keep(
    mut events: mpsc::UnboundedReceiver<Event>,
    mut waiting: mpsc::UnboundedReceiver<Waiting>,
    shown: Arc<Mutex<Shown>>,
    changes: Arc<watch::Sender<()>>,
) {
    let mut run = None;
    let mut live = true;
    loop {
        let mut batch = Vec::new();
        let mut asked = Vec::new();
        tokio::select! {
            event = events.recv(), if live => match event {
                Some(event) => batch.push(event),
                None => live = false,
            },
            who = waiting.recv() => match who {
                Some(who) => asked.push(who),
                None => return,
            },
        }
        let entries = batch.iter().any(|event| !event.entries.is_empty());
        if entries && let Ok(Some(who)) = tokio::time::timeout(PAUSE, waiting.recv()).await {
            asked.push(who);
        }
        // What they wait for was reported before, so it is already in the channel.
        while let Ok(event) = events.try_recv() {
            batch.push(event);
        }
        take(batch, &mut run, &shown, &changes).await;
        for who in asked {
            let _ = who.send(());
        }
    }
}

/// Takes in a batch. Rows are shown together with what the rules say of them.
async fn take(
    batch: Vec<Event>,
    run: &mut Option<Arc<RunState>>,
    shown: &Mutex<Shown>,
    changes: &watch::Sender<()>,
) {
    if batch.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    let mut participants = None;
    let (trace, known) = {
        let mut shown = lock(shown);
        shown.version += 1;
        // Only the document holds the trace, unless somebody is reading it.
        let trace = Arc::make_mut(&mut shown.trace);
        for event in batch {
            rows.extend(event.entries.iter().map(|entry| row(entry)));
            trace.entries.extend(event.entries);
            participants = event.participants.or(participants);
            *run = event.state.or(run.take());
        }
        if let Some(participants) = &participants {
            trace.participants.clone_from(participants);
        }
        let known = (shown.findings.clone(), shown.ledger.clone());
        (shown.trace.clone(), known)
    };
    let (findings, ledger) = match judged_anew(&trace, !rows.is_empty()).await {
        // What did not change is not sent again.
        Some(new) if *new.findings == *known.0 => (known.0, new.ledger.into()),
        Some(new) => (new.findings.into(), new.ledger.into()),
        None => known,
    };
    let view = run
        .as_ref()
        .map(|run| View::of_run(&trace, run, &findings, &ledger));
    drop(trace);
    {
        let mut shown = lock(shown);
        shown.rows.extend(rows);
        shown.findings = findings;
        shown.ledger = ledger;
        if let Some(participants) = participants {
            shown.participants = participants.into();
        }
        if let Some(view) = view {
            shown.show(view);
        }
    }
    changes.send_replace(());
}

/// `None` when nothing is new.
async fn judged_anew(trace: &Arc<Trace>, is_new: bool) -> Option<Judgement> {
    if is_new {
        judged(trace.clone()).await
    } else {
        None
    }
}

/// What the rules say of a trace, found on a thread of its own. `None` when a rule panics.
async fn judged(trace: Arc<Trace>) -> Option<Judgement> {
    let judging = tokio::task::spawn_blocking(move || diagnosis::judgement(&trace));
    match judging.await {
        Ok(judgement) => Some(judgement),
        Err(error) => {
            tracing::error!(%error, "the trace could not be judged");
            None
        }
    }
}
