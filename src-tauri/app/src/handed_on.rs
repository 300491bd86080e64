//! A document as it is exported: what was recorded and what was found.

use std::sync::Arc;

use diagnosis::{Finding, RuleCheck};
use formats::{Export, Judged, Secrets};

use crate::document::{Document, Recorded};
use crate::verdict::{Ending, RunVerdict};

/// What a document holds at one moment, to be written to files.
pub struct HandedOn {
    recorded: Recorded,
    verdict: Option<RunVerdict>,
    findings: Arc<[Finding]>,
    ledger: Arc<[RuleCheck]>,
}

impl HandedOn {
    /// The document as it is now.
    pub fn of(document: &Document) -> Self {
        let view = document.view();
        Self {
            recorded: document.recorded_now(),
            verdict: view.and_then(|view| view.verdict.clone()),
            findings: document.findings(),
            ledger: document.ledger(),
        }
    }

    /// What a format is given to write.
    pub fn export(&self, secrets: Secrets) -> Export<'_> {
        let verdict = self.verdict.as_ref();
        let works =
            |verdict: &RunVerdict| matches!(verdict.ending, Ending::Works | Ending::WorksBut);
        Export {
            secrets,
            typed: &self.recorded.typed,
            known: Some(&self.recorded.secrets),
            judged: Some(Judged {
                verdict: verdict.map(|verdict| verdict.text.as_str()),
                works: verdict.is_some_and(works),
                findings: &self.findings,
                ledger: &self.ledger,
            }),
            ..Export::redacted(&self.recorded.trace, env!("CARGO_PKG_VERSION"))
        }
    }
}
