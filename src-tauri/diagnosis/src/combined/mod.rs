//! Two faults in one run: for each relation between rules a run that shows it, and pairs of faults
//! of which the root cause has to be told first.

mod follows;
mod follows_clients;
mod pairs;
mod runs;
mod supersedes;

use trace::Trace;

use crate::catalogue;
use crate::finding::Finding;
use crate::judge::{each_rule, judge};
use crate::reading::Reading;
use crate::snapshot::Snapshot;

use follows::FOLLOWS;
use follows_clients::FOLLOWS_CLIENTS;
use pairs::PAIRS;
use runs::Shown;
use supersedes::SUPERSEDES;

fn told(trace: &Trace) -> Vec<Finding> {
    judge(trace, trace.entries.len())
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.code.as_str()).collect()
}

/// Whether a finding is of this code, and of the variant after the slash where there is one.
fn is_of(finding: &Finding, code: &str) -> bool {
    match code.split_once('/') {
        Some((code, variant)) => finding.code == code && finding.variant == variant,
        None => finding.code == code,
    }
}

#[test]
fn every_relation_has_a_run_that_shows_it() {
    let declared = |of: fn(&crate::rule::Rule) -> &'static [crate::relation::Relation]| {
        let rules = catalogue::RULES.iter();
        let all = rules.flat_map(|rule| of(rule).iter().map(|one| (rule.code, one.other)));
        all.collect::<Vec<_>>()
    };
    let shown = |table: &[Shown]| {
        table
            .iter()
            .map(|(one, other, _)| (*one, *other))
            .collect::<Vec<_>>()
    };
    let lacking = |declared: Vec<(&'static str, &'static str)>, shown: Vec<_>| {
        let lacking = declared.into_iter().filter(|pair| !shown.contains(pair));
        lacking.collect::<Vec<_>>()
    };
    let supersedes = lacking(declared(|rule| rule.supersedes), shown(SUPERSEDES));
    let all = [shown(FOLLOWS), shown(FOLLOWS_CLIENTS)].concat();
    let follows = lacking(declared(|rule| rule.follows), all);
    assert!(
        supersedes.is_empty() && follows.is_empty(),
        "{supersedes:?} {follows:?}"
    );
}

#[test]
fn what_is_told_better_is_told_once() {
    for (better, worse, run) in SUPERSEDES {
        let trace = run();
        let snapshot = Snapshot::of(&trace);
        let alone = each_rule(&Reading::of(&snapshot));
        for code in [better, worse] {
            let found = alone.iter().any(|finding| is_of(finding, code));
            assert!(
                found,
                "{better} > {worse}: no {code} in {:?}",
                codes(&alone)
            );
        }
        let told = told(&trace);
        let both = told.iter().any(|finding| is_of(finding, worse));
        assert!(!both, "{better} > {worse}: {:?}", codes(&told));
        assert!(
            told.iter().any(|finding| is_of(finding, better)),
            "{better} > {worse}"
        );
    }
}

#[test]
fn a_consequence_comes_right_after_its_cause() {
    let mut wrong = Vec::new();
    for (effect, cause, run) in FOLLOWS.iter().chain(FOLLOWS_CLIENTS) {
        let told = told(&run());
        let of = |code| told.iter().position(|finding| is_of(finding, code));
        let (code, _) = cause.split_once('/').unwrap_or((cause, ""));
        let is_right = of(effect).zip(of(cause)).is_some_and(|(at, root)| {
            told[at].cause.as_deref() == Some(code)
                && root < at
                // Nothing but what comes of it in between.
                && told[root + 1..=at].iter().all(|finding| finding.cause.is_some())
        });
        if !is_right {
            wrong.push(format!("{effect} < {cause}: {:?}", codes(&told)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn of_two_faults_the_one_that_matters_is_told_first() {
    assert!(PAIRS.len() >= 15);
    for (first, other, run) in PAIRS {
        let told = told(&run());
        let codes = codes(&told);
        assert_eq!(codes.first(), Some(first), "{first} and {other}: {codes:?}");
        assert!(codes.contains(other), "{first} and {other}: {codes:?}");
    }
}
