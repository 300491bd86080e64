//! Applies every rule to a trace.

use trace::Trace;

use crate::finding::Finding;
use crate::ledger::RuleCheck;
use crate::reading::Reading;
use crate::rule::Findings;
use crate::snapshot::Snapshot;
use crate::{catalogue, ledger, owner_name, precedence};

/// What there is to say of a trace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// As [`crate::diagnose`] has them.
    pub findings: Vec<Finding>,
    /// Every rule, in the order of the catalogue.
    pub ledger: Vec<RuleCheck>,
}

/// What the rules say of the entries a trace began with, as many as these: the root cause first.
pub(crate) fn judge(trace: &Trace, entries: usize) -> Vec<Finding> {
    let snapshot = Snapshot::of_first(trace, entries);
    let reading = Reading::of(&snapshot);
    told(trace, &reading, each_rule(&reading))
}

/// The same with what became of every rule.
pub(crate) fn judge_with_ledger(trace: &Trace) -> Judgement {
    let snapshot = Snapshot::of_first(trace, trace.entries.len());
    let reading = Reading::of(&snapshot);
    let alone = each_rule(&reading);
    let findings = told(trace, &reading, alone.clone());
    let ledger = ledger::ledger(trace, &reading, &alone, &findings);
    Judgement { findings, ledger }
}

fn told(trace: &Trace, reading: &Reading<'_>, alone: Vec<Finding>) -> Vec<Finding> {
    let mut found = precedence::arrange(reading, alone);
    for finding in &mut found {
        finding.owner_name = owner_name::of(trace, reading, finding);
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
