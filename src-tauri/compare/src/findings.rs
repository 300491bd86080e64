//! The findings that came and went.

use diagnosis::{CheckStatus, Finding, Level};

use crate::comparison::{ComparedRow, FindingChange, Noise, RowState, WhatBecame};
use crate::differ::Both;

/// Every finding of the two; those that changed first, the root cause before what comes of it.
pub fn changes(both: &Both<'_>, rows: &[ComparedRow]) -> Vec<FindingChange> {
    let [a, b] = [both.sides[0].findings, both.sides[1].findings];
    let is_uneven = is_uneven(both, rows);
    let mut of_b: Vec<Option<&Finding>> = b.iter().map(Some).collect();
    let mut changes = Vec::new();
    for finding in a {
        let same = |other: &&mut Option<&Finding>| {
            other.is_some_and(|other| {
                other.code == finding.code && is_same_row(rows, finding.exchange, other.exchange)
            })
        };
        let partner = of_b.iter_mut().find(same).and_then(Option::take);
        changes.push(match partner {
            Some(other) => change(both, finding, WhatBecame::Stayed, Some(other)),
            None => change(both, finding, WhatBecame::Went, None).unless(is_uneven),
        });
    }
    let came = of_b.into_iter().flatten();
    let came = came.map(|finding| change(both, finding, WhatBecame::Came, None).unless(is_uneven));
    changes.extend(came);
    changes.sort_by_key(|change| (change.became == WhatBecame::Stayed, !change.counts));
    changes
}

/// Whether one of the two shows things that the other cannot: what the flow decided, or values that
/// are replaced there. Rules look at both.
fn is_uneven(both: &Both<'_>, rows: &[ComparedRow]) -> bool {
    let decides = both.sides.map(|side| {
        let mut entries = side.trace.entries.iter();
        entries.any(|entry| entry.decision().is_some())
    });
    let mut noise = rows.iter().flat_map(|row| &row.noise);
    decides[0] != decides[1] || noise.any(|one| one.noise == Some(Noise::NotRecorded))
}

impl FindingChange {
    /// Does not count where the two show different things.
    fn unless(mut self, is_uneven: bool) -> Self {
        if is_uneven && self.counts {
            self.counts = false;
            self.why = Some("The two recordings do not show the same things.".into());
        }
        self
    }
}

/// Whether the two entries are the two sides of one row. What is about the run as a whole is about
/// the same.
fn is_same_row(rows: &[ComparedRow], a: Option<u32>, b: Option<u32>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none() && b.is_none();
    };
    let row_of_a = rows
        .iter()
        .find(|row| row.a.as_ref().is_some_and(|step| step.seq == a));
    match row_of_a {
        Some(row) => row.b.as_ref().is_some_and(|step| step.seq == b),
        // About a decision.
        None => true,
    }
}

fn change(
    both: &Both<'_>,
    finding: &Finding,
    became: WhatBecame,
    other: Option<&Finding>,
) -> FindingChange {
    let (side, words) = match became {
        WhatBecame::Came => (1, &both.redactors[1]),
        WhatBecame::Went | WhatBecame::Stayed => (0, &both.redactors[0]),
    };
    let why = match became {
        WhatBecame::Stayed => None,
        _ => why_not(both, finding, 1 - side),
    };
    FindingChange {
        code: finding.code.clone(),
        title: words.text(&finding.title),
        level: finding.level,
        owner: finding.owner,
        became,
        a: finding.exchange.filter(|_| side == 0),
        b: match became {
            WhatBecame::Stayed => other.and_then(|other| other.exchange),
            _ => finding.exchange.filter(|_| side == 1),
        },
        counts: became != WhatBecame::Stayed && why.is_none(),
        why,
    }
}

/// Why it means nothing that the other run has no such finding; `None` when it means something.
fn why_not(both: &Both<'_>, finding: &Finding, other: usize) -> Option<String> {
    if finding.level == Level::Note {
        return Some("Notes make no difference.".into());
    }
    let name = both.sides[other].name;
    let mut ledger = both.sides[other].ledger.iter();
    let check = ledger.find(|check| check.code == finding.code)?;
    let reason = both.redactors[other].text(&check.reason);
    match check.status {
        CheckStatus::Passed | CheckStatus::Failed => None,
        CheckStatus::NotReached => Some(format!("{name} did not get there. {reason}")),
        CheckStatus::NotApplicable => Some(format!("{name} shows nothing of it. {reason}")),
        CheckStatus::NotChecked => Some(format!("It cannot be checked in {name}. {reason}")),
    }
}

/// Whether a row makes a difference.
pub fn counts(row: &ComparedRow) -> bool {
    matches!(
        row.state,
        RowState::Different | RowState::OnlyA | RowState::OnlyB
    )
}
