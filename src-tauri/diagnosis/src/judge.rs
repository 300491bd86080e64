//! Applies every rule to a trace.

use trace::Trace;

use crate::finding::Finding;
use crate::reading::Reading;
use crate::rule::Findings;
use crate::snapshot::Snapshot;
use crate::{catalogue, owner_name, precedence};

/// What the rules say of the entries a trace began with, as many as these: the root cause first.
pub(crate) fn judge(trace: &Trace, entries: usize) -> Vec<Finding> {
    let snapshot = Snapshot::of_first(trace, entries);
    let reading = Reading::of(&snapshot);
    let mut found = precedence::arrange(&reading, each_rule(&reading));
    for finding in &mut found {
        finding.owner_name = owner_name::of(trace, &reading, finding);
    }
    found
}

/// What each rule says by itself, in the order of the catalogue.
pub(crate) fn each_rule(reading: &Reading<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for rule in catalogue::RULES {
        (rule.check)(reading, &mut findings);
    }
    findings.into_vec()
}
