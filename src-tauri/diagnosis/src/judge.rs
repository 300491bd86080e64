//! Applies every rule to a trace.

use trace::Trace;

use crate::finding::Finding;
use crate::reading::Reading;
use crate::rule::Findings;
use crate::snapshot::Snapshot;
use crate::{catalogue, owner_name};

/// What the rules say of the entries a trace began with, as many as these.
pub(crate) fn judge(trace: &Trace, entries: usize) -> Vec<Finding> {
    let snapshot = Snapshot::of_first(trace, entries);
    let reading = Reading::of(&snapshot);
    let mut findings = Findings::default();
    for rule in catalogue::RULES {
        (rule.check)(&reading, &mut findings);
    }
    let mut found = findings.into_vec();
    for finding in &mut found {
        finding.owner_name = owner_name::of(trace, &reading, finding);
    }
    found.sort_by(|one, other| {
        let place = |finding: &Finding| finding.exchange.unwrap_or(u32::MAX);
        other
            .level
            .cmp(&one.level)
            .then(place(one).cmp(&place(other)))
            .then_with(|| one.code.cmp(&other.code))
    });
    found
}
