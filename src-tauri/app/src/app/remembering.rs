//! How a run becomes a past one.

use std::sync::{Arc, Weak};
use std::time::SystemTime;

use tokio::sync::watch;
use trace::Timestamp;

use crate::contract::PastRun;
use crate::document::Document;
use crate::history::Keeping;

/// Keeps a run with its findings whenever it is over, until its document is closed.
pub(super) async fn remember(document: Weak<Document>, keeping: Arc<Keeping>) {
    let Some(mut changes) = document.upgrade().map(|document| document.changes()) else {
        return;
    };
    let mut last: Option<PastRun> = None;
    loop {
        changes.mark_unchanged();
        let Some(document) = document.upgrade() else {
            return;
        };
        let over = document.view().and_then(|view| {
            let now = Timestamp::from_system(SystemTime::now());
            PastRun::of(&view, &document.findings(), document.id(), now)
        });
        let same = |one: &PastRun, other: &PastRun| {
            (one.result, &one.summary) == (other.result, &other.summary)
        };
        let is_new = |over: &PastRun| !last.as_ref().is_some_and(|last| same(last, over));
        if let Some(over) = over.clone().filter(is_new) {
            let keeping = keeping.clone();
            let finished = tokio::task::spawn_blocking(move || {
                let (findings, ledger) = (document.findings(), document.ledger());
                let typed = document.typed_secrets();
                let judged = (findings.as_ref(), ledger.as_ref());
                keeping.finish(&document.trace(), &typed, judged, &over)
            });
            if let Ok(Err(error)) = finished.await {
                tracing::warn!(%error, "the run is not kept");
            }
        } else {
            drop(document);
        }
        last = over;
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Shows, once, that a run cannot be kept.
pub(super) async fn tell_not_kept(
    document: Weak<Document>,
    mut problem: watch::Receiver<Option<String>>,
) {
    let Ok(why) = problem
        .wait_for(Option::is_some)
        .await
        .map(|why| why.clone())
    else {
        return;
    };
    if let Some((document, why)) = document.upgrade().zip(why) {
        document.show_not_kept(why);
    }
}
