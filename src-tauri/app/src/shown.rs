//! What a document shows at the moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diagnosis::{Finding, RuleCheck};
use trace::{Participant, Trace};

use crate::view::{Row, View};

/// What there is to be seen.
pub(crate) struct Shown {
    /// May be ahead of the rest, by what is still being judged.
    pub trace: Arc<Trace>,
    /// Changes whenever the trace changes.
    pub version: u64,
    pub rows: Vec<Row>,
    /// Counts how often existing rows changed.
    pub generation: u32,
    pub participants: Arc<[Participant]>,
    pub findings: Arc<[Finding]>,
    /// What became of every rule.
    pub ledger: Arc<[RuleCheck]>,
    /// `None` until the session has reported where it stands.
    pub view: Option<Arc<View>>,
    /// Why the run is not kept on disk.
    not_kept: Option<String>,
    /// It cannot be stepped, and can be run again all the same.
    runs_again: bool,
}

impl Shown {
    pub fn nothing(trace: Trace) -> Self {
        Self {
            participants: trace.participants.as_slice().into(),
            trace: Arc::new(trace),
            version: 0,
            rows: Vec::new(),
            generation: 0,
            findings: Arc::new([]),
            ledger: Arc::new([]),
            view: None,
            not_kept: None,
            runs_again: false,
        }
    }

    /// Shows where the document stands.
    pub fn show(&mut self, view: View) {
        let view = View {
            not_kept: self.not_kept.clone(),
            can_run_again: view.can_step || self.runs_again,
            ..view
        };
        if self.view.as_deref() != Some(&view) {
            self.view = Some(Arc::new(view));
        }
    }

    /// Shows that the run is not kept on disk, and why.
    pub fn show_not_kept(&mut self, why: String) {
        self.not_kept = Some(why);
        self.show_anew();
    }

    pub fn offer_to_run_again(&mut self) {
        self.runs_again = true;
        self.show_anew();
    }

    fn show_anew(&mut self) {
        if let Some(view) = self.view.take() {
            self.show(Arc::unwrap_or_clone(view));
        }
    }
}

/// The data behind a lock, also after a panic elsewhere, which must not lose what is shown.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
