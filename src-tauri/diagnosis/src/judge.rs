//! Applies every rule to a trace.

use trace::{FlowInfo, Trace};

use crate::by_hand::judged_part;
use crate::finding::Finding;
use crate::ledger::RuleCheck;
use crate::own_options;
use crate::providers::advise;
use crate::reading::Reading;
use crate::rule::Findings;
use crate::snapshot::Snapshot;
use crate::{catalogue, ledger, owner_name, played, precedence};

/// All that the rules say of a trace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// As [`crate::diagnose`] has them.
    pub findings: Vec<Finding>,
    /// Every rule, in the order of the catalogue.
    pub ledger: Vec<RuleCheck>,
}

/// What the rules say of the entries a trace began with, as many as these: the root cause first.
/// Each flow is judged by itself.
pub(crate) fn judge(trace: &Trace, entries: usize) -> Vec<Finding> {
    let part = judged_part(trace, entries);
    let mut found = judge_part(&part.trace, entries);
    part.lead(&mut found);
    found
}

fn judge_part(trace: &Trace, entries: usize) -> Vec<Finding> {
    let entries = entries.min(trace.entries.len());
    let flows = &trace.flows;
    if flows.len() < 2 {
        let snapshot = Snapshot::of_first(trace, entries);
        let reading = Reading::of(&snapshot);
        return told(trace, &reading, judged_alone(trace, &reading));
    }
    let in_flow = |flow| {
        let snapshot = Snapshot::of_flow(trace, entries, flow);
        let reading = Reading::of(&snapshot);
        told(trace, &reading, judged_alone(trace, &reading))
    };
    flows.iter().flat_map(in_flow).collect()
}

/// The same with what became of every rule. Of several flows, what is worst of a rule counts.
pub(crate) fn judge_with_ledger(trace: &Trace) -> Judgement {
    let part = judged_part(trace, trace.entries.len());
    let mut judgement = judge_part_with_ledger(&part.trace);
    part.lead(&mut judgement.findings);
    judgement
}

fn judge_part_with_ledger(trace: &Trace) -> Judgement {
    let entries = trace.entries.len();
    if trace.flows.len() < 2 {
        return judge_one(&Snapshot::of_first(trace, entries));
    }
    let mut all = trace.flows.iter().map(|flow| judge_flow(trace, flow));
    let mut judgement = all.next().unwrap_or_default();
    for other in all {
        judgement.findings.extend(other.findings);
        for (one, other) in judgement.ledger.iter_mut().zip(other.ledger) {
            if other.status.weight() > one.status.weight() {
                *one = other;
            }
        }
    }
    judgement
}

/// One flow of a trace.
pub(crate) fn judge_flow(trace: &Trace, flow: &FlowInfo) -> Judgement {
    judge_one(&Snapshot::of_flow(trace, trace.entries.len(), flow))
}

fn judge_one(snapshot: &Snapshot<'_>) -> Judgement {
    let trace = snapshot.trace;
    let reading = Reading::of(snapshot);
    let alone = judged_alone(trace, &reading);
    let findings = told(trace, &reading, alone.clone());
    let ledger = ledger::ledger(trace, &reading, &alone, &findings);
    Judgement { findings, ledger }
}

fn told(trace: &Trace, reading: &Reading<'_>, alone: Vec<Finding>) -> Vec<Finding> {
    let mut found = precedence::arrange(reading, alone);
    for finding in &mut found {
        finding.owner_name = owner_name::of(trace, reading, finding);
    }
    #[cfg(test)]
    crate::texts::collect(&found);
    found
}

/// What each rule says by itself, as far as what is known of a client that is played goes, with
/// what is known of the provider, and with the run's own options where the blame is theirs.
fn judged_alone(trace: &Trace, reading: &Reading<'_>) -> Vec<Finding> {
    let found = played::by_evidence(trace, each_rule(reading));
    own_options::own_up(reading, advise(reading, found))
}

/// What each rule says by itself, in the order of the catalogue.
pub(crate) fn each_rule(reading: &Reading<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for rule in catalogue::RULES {
        (rule.check)(reading, &mut findings);
    }
    let findings = findings.into_vec();
    #[cfg(test)]
    crate::texts::collect(&findings);
    findings
}
