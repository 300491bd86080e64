//! What changed, on its way to a viewer.

use diagnosis::Finding;
use serde::Serialize;
use trace::Participant;
use ts_rs::TS;

use crate::view::{Row, View, ViewChange};

/// What changed since the update before, in one message. What is not there has not changed.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Update {
    /// The document it is about. The numbers count from 1 since the program started.
    pub document: u32,
    /// Everything there is: forget what came before.
    pub whole: bool,
    /// New rows, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Row>>")]
    pub rows: Vec<Row>,
    /// All participants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub participants: Option<Vec<Participant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub findings: Option<FindingsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub view: Option<ViewChange>,
}

/// A change of the list of findings: from `at` on, `removed` findings give way to `added`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FindingsChange {
    pub at: u32,
    pub removed: u32,
    pub added: Vec<Finding>,
}

impl FindingsChange {
    /// The change between two lists; `None` when they are equal.
    pub fn between(before: &[Finding], after: &[Finding]) -> Option<Self> {
        let same = |(one, other): &(&Finding, &Finding)| one == other;
        let start = before.iter().zip(after).take_while(same).count();
        let (before, after) = (&before[start..], &after[start..]);
        let ends = before.iter().rev().zip(after.iter().rev());
        let end = ends.take_while(same).count();
        let removed = before.len() - end;
        let added = &after[..after.len() - end];
        (removed > 0 || !added.is_empty()).then(|| Self {
            at: start as u32,
            removed: removed as u32,
            added: added.to_vec(),
        })
    }

    fn apply(self, findings: &mut Vec<Finding>) {
        let start = (self.at as usize).min(findings.len());
        let end = (start + self.removed as usize).min(findings.len());
        findings.splice(start..end, self.added);
    }
}

/// What a viewer knows of a document: the sum of the updates it got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mirror {
    pub rows: Vec<Row>,
    pub participants: Vec<Participant>,
    pub findings: Vec<Finding>,
    pub view: Option<View>,
}

impl Mirror {
    pub fn apply(&mut self, update: Update) {
        if update.whole {
            *self = Self::default();
        }
        self.rows.extend(update.rows);
        if let Some(participants) = update.participants {
            self.participants = participants;
        }
        if let Some(findings) = update.findings {
            findings.apply(&mut self.findings);
        }
        match (&mut self.view, update.view) {
            (_, None) => {}
            (Some(view), Some(change)) => view.apply(change),
            (none, Some(change)) => *none = View::from_whole(change),
        }
    }
}

#[cfg(test)]
mod tests {
    use diagnosis::{Certainty, Level, Owner, SpecReference};

    use super::*;

    fn finding(code: &str) -> Finding {
        Finding {
            code: code.into(),
            rule: String::new(),
            variant: String::new(),
            level: Level::Error,
            certainty: Certainty::Certain,
            owner: Owner::Nobody,
            owner_name: String::new(),
            exchange: None,
            part: None,
            title: String::new(),
            message: String::new(),
            expected: None,
            actual: None,
            fix: String::new(),
            spec: SpecReference {
                title: String::new(),
                url: String::new(),
                quote: String::new(),
            },
            cause: None,
        }
    }

    #[test]
    fn findings_change_by_what_is_another_one_alone() {
        for (before, after, at, removed, added) in [
            ("", "a", 0, 0, "a"),
            ("a", "", 0, 1, ""),
            ("ac", "abc", 1, 0, "b"),
            ("abc", "axc", 1, 1, "x"),
            ("aa", "aaa", 2, 0, "a"),
            ("abcd", "ad", 1, 2, ""),
        ] {
            let list = |codes: &str| -> Vec<Finding> {
                codes
                    .chars()
                    .map(|code| finding(&code.to_string()))
                    .collect()
            };
            let change = FindingsChange::between(&list(before), &list(after))
                .unwrap_or_else(|| panic!("{before} to {after}"));
            let added = list(added);
            assert_eq!(
                change,
                FindingsChange { at, removed, added },
                "{before} to {after}"
            );
            let mut findings = list(before);
            change.apply(&mut findings);
            assert_eq!(findings, list(after));
        }
        assert_eq!(
            FindingsChange::between(&[finding("a")], &[finding("a")]),
            None
        );
    }
}
