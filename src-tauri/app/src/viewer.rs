//! One viewer of a document: a window, a command, a test.

use std::sync::{Arc, Mutex};

use diagnosis::Finding;
use tokio::sync::watch;
use trace::Participant;

use crate::shown::{Shown, lock};
use crate::update::{FindingsChange, Update};
use crate::view::View;

/// Gives all that changed since it was last asked, each change once.
///
/// There is no queue: an update is the difference between what the viewer has seen and what there
/// is. A viewer that was away for long gets one update that brings it up to date, one that comes
/// late gets everything, and neither costs the document anything meanwhile.
pub struct Viewer {
    document: u32,
    shown: Arc<Mutex<Shown>>,
    changes: watch::Receiver<()>,
    seen: Option<Seen>,
}

/// What the viewer has been given.
struct Seen {
    generation: u32,
    rows: usize,
    participants: Arc<[Participant]>,
    findings: Arc<[Finding]>,
    view: Arc<View>,
}

impl Viewer {
    pub(crate) fn new(
        document: u32,
        shown: Arc<Mutex<Shown>>,
        changes: watch::Receiver<()>,
    ) -> Self {
        Self {
            document,
            shown,
            changes,
            seen: None,
        }
    }

    /// Waits for a change; the first update is everything there is. `None` when the document was
    /// closed.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            self.changes.mark_unchanged();
            if let Some(update) = self.try_next() {
                return Some(update);
            }
            self.changes.changed().await.ok()?;
        }
    }

    /// What changed since the last update; `None` when nothing did.
    pub fn try_next(&mut self) -> Option<Update> {
        let shown = lock(&self.shown);
        let view = shown.view.clone()?;
        let same = |seen: &&Seen| seen.generation == shown.generation;
        let seen = self.seen.as_ref().filter(same);
        let rows = &shown.rows[seen.map_or(0, |seen| seen.rows)..];
        let participants = seen
            .is_none_or(|seen| !Arc::ptr_eq(&seen.participants, &shown.participants))
            .then(|| shown.participants.to_vec());
        let findings = match seen {
            Some(seen) if Arc::ptr_eq(&seen.findings, &shown.findings) => None,
            seen => {
                let before = seen.map_or(&[][..], |seen| &seen.findings);
                FindingsChange::between(before, &shown.findings)
            }
        };
        let change = match seen {
            Some(seen) if Arc::ptr_eq(&seen.view, &view) => None,
            seen => view.since(seen.map(|seen| seen.view.as_ref())),
        };
        let update = Update {
            document: self.document,
            whole: seen.is_none(),
            rows: rows.to_vec(),
            participants,
            findings,
            view: change,
        };
        let nothing_new = update.rows.is_empty()
            && update.participants.is_none()
            && update.findings.is_none()
            && update.view.is_none();
        self.seen = Some(Seen {
            generation: shown.generation,
            rows: shown.rows.len(),
            participants: shown.participants.clone(),
            findings: shown.findings.clone(),
            view,
        });
        (!nothing_new).then_some(update)
    }
}
