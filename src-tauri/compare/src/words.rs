//! The first difference that matters, in one sentence.

use std::collections::BTreeMap;

use diagnosis::{Finding, Level, Part};
use trace::Origin;

use crate::classes;
use crate::comparison::{
    ComparedRow, ComparedStep, Comparison, Difference, FindingChange, First, Flows, Noise,
    NoiseCount, Place, RowState, WhatBecame,
};
use crate::differ::Both;
use crate::findings::counts;

/// The whole comparison.
pub fn told(both: &Both<'_>, rows: Vec<ComparedRow>, findings: Vec<FindingChange>) -> Comparison {
    let first = first(both, &rows, &findings);
    let changed = findings.iter().find(|change| change.counts);
    let sentence = match (first, changed) {
        (Some(first), _) => sentence(both, &rows, first),
        (None, Some(change)) => by_finding(both, change),
        (None, None) => {
            let steps = rows.iter().filter(|row| row.a.is_some() && row.b.is_some());
            format!("No difference that matters in {} steps.", steps.count())
        }
    };
    let notes = notes(both);
    Comparison {
        same: first.is_none() && changed.is_none(),
        sentence,
        first,
        noise: noise(&rows),
        rows,
        findings,
        notes,
        flows: flows(both),
    }
}

fn flows(both: &Both<'_>) -> Flows {
    let [(a, of_a), (b, of_b)] = both.sides.map(|side| {
        let flows = &side.trace.flows;
        let place = flows.iter().position(|flow| Some(flow.id) == side.flow);
        let place = place.map_or(flows.len(), |place| place + 1);
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        (number(place), number(flows.len()))
    });
    Flows { a, of_a, b, of_b }
}

/// The difference that a finding which came or went is about; otherwise the first one.
fn first(both: &Both<'_>, rows: &[ComparedRow], findings: &[FindingChange]) -> Option<First> {
    let changed = findings
        .iter()
        .filter(|change| change.became != WhatBecame::Stayed && change.level > Level::Note);
    let mut by_finding = changed.filter_map(|change| {
        let at = rows.iter().position(|row| shows(row, change))?;
        counts(&rows[at]).then(|| First {
            row: at as u32,
            difference: telling(&rows[at], part(both, change)),
        })
    });
    let strong = |row: &ComparedRow| {
        matches!(row.state, RowState::OnlyA | RowState::OnlyB)
            || row.differences.iter().any(is_strong)
    };
    let in_order = |wanted: &dyn Fn(&ComparedRow) -> bool| {
        let at = rows.iter().position(|row| counts(row) && wanted(row))?;
        Some(First {
            row: at as u32,
            difference: telling(&rows[at], None),
        })
    };
    by_finding
        .next()
        .or_else(|| in_order(&strong))
        .or_else(|| in_order(&|_| true))
}

fn shows(row: &ComparedRow, change: &FindingChange) -> bool {
    let is = |step: &Option<ComparedStep>, seq: Option<u32>| {
        step.as_ref()
            .zip(seq)
            .is_some_and(|(step, seq)| step.seq == seq)
    };
    is(&row.a, change.a) || is(&row.b, change.b)
}

/// The part that the finding points at.
fn part<'a>(both: &Both<'a>, change: &FindingChange) -> Option<&'a Part> {
    let (side, seq) = match change.became {
        WhatBecame::Came => (1, change.b),
        WhatBecame::Went | WhatBecame::Stayed => (0, change.a),
    };
    let mut findings = both.sides[side].findings.iter();
    let is_it = |finding: &&Finding| finding.code == change.code && finding.exchange == seq;
    findings.find(is_it)?.part.as_ref()
}

/// The difference of a row that says most: where the finding points, else the first that counts
/// much.
fn telling(row: &ComparedRow, part: Option<&Part>) -> Option<u32> {
    let at = |wanted: &dyn Fn(&Difference) -> bool| {
        let at = row.differences.iter().position(wanted)?;
        Some(at as u32)
    };
    let at_part = part.and_then(|part| at(&|difference| is_at(difference, part)));
    let status = at(&|difference| difference.place == Place::Status);
    match at_part {
        // An answer of another kind lacks all of the other's members.
        Some(at) if status.is_some() && is_lacking(&row.differences[at as usize]) => status,
        Some(at) => Some(at),
        None => at(&is_strong).or_else(|| at(&|_| true)),
    }
}

/// Only one of the two answers has it.
fn is_lacking(difference: &Difference) -> bool {
    difference.place > Place::Status && (difference.a.is_none() || difference.b.is_none())
}

fn is_strong(difference: &Difference) -> bool {
    match difference.place {
        Place::RequestHeader | Place::ResponseHeader => {
            let name = difference.name.split(' ').next().unwrap_or_default();
            classes::is_decisive(name)
        }
        _ => true,
    }
}

fn is_at(difference: &Difference, part: &Part) -> bool {
    let place = difference.place;
    match part {
        Part::RequestUrl => matches!(place, Place::Url | Place::Parameter),
        Part::RequestHeader { name } => {
            place == Place::RequestHeader && difference.name.eq_ignore_ascii_case(name)
        }
        Part::RequestBody => matches!(
            place,
            Place::RequestField | Place::RequestMember | Place::RequestBody
        ),
        Part::Status => place == Place::Status,
        Part::ResponseHeader { name } => match name.to_ascii_lowercase().as_str() {
            "www-authenticate" => place == Place::Challenge,
            "location" => place == Place::Redirect,
            name => place == Place::ResponseHeader && difference.name == name,
        },
        Part::ResponseBody { pointer } => {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            let is_answer = matches!(
                place,
                Place::ResponseMember | Place::ResponseClaim | Place::ResponseBody
            );
            is_answer && (name.is_empty() || difference.name.starts_with(&name))
        }
    }
}

fn sentence(both: &Both<'_>, rows: &[ComparedRow], first: First) -> String {
    let row = &rows[first.row as usize];
    let [a, b] = [both.sides[0].name, both.sides[1].name];
    let title = &row.title;
    match (&row.a, &row.b) {
        (Some(step), None) => return format!("{title}: {}", only(a, step)),
        (None, Some(step)) => return format!("{title}: {}", only(b, step)),
        _ => {}
    }
    let difference = first
        .difference
        .and_then(|at| row.differences.get(at as usize));
    let Some(difference) = difference else {
        return format!("{title} differs.");
    };
    let said = match (difference.place, &difference.a, &difference.b) {
        (Place::Failure, Some(why), None) => {
            format!("{a} got no answer ({why}), {b} got {}", status(&row.b))
        }
        (Place::Failure, None, Some(why)) => {
            format!("{a} got {}, {b} got no answer ({why})", status(&row.a))
        }
        (Place::Status, Some(_), Some(_)) => statuses(row, [a, b]),
        (Place::Order, one, other) => {
            let word = |value: &Option<String>| value.clone().unwrap_or_default();
            format!("it comes {} in {a}, and {} in {b}", word(one), word(other))
        }
        (_, one, other) => {
            let subject = difference.what.clone();
            match (one, other) {
                (Some(one), Some(other)) => {
                    format!(
                        "{subject} is {} in {a}, and {} in {b}",
                        said(one),
                        said(other)
                    )
                }
                (Some(one), None) => {
                    format!("{subject} is {} in {a}, and missing in {b}", said(one))
                }
                (None, Some(other)) => {
                    format!("{subject} is missing in {a}, and {} in {b}", said(other))
                }
                (None, None) => subject,
            }
        }
    };
    format!("{title}: {said}.")
}

/// A step that only the run of this name has.
fn only(name: &str, step: &ComparedStep) -> String {
    let answer = match (step.status, &step.failure) {
        (Some(status), _) => format!(", answered {status}"),
        (None, Some(_)) => ", not answered".to_owned(),
        (None, None) => String::new(),
    };
    format!("only {name} has this step (row {}{answer}).", step.seq)
}

/// The two statuses, with the error codes of the answers.
fn statuses(row: &ComparedRow, [a, b]: [&str; 2]) -> String {
    let mut differences = row.differences.iter();
    let error = differences.find(|one| one.place == Place::ResponseMember && one.name == "error");
    let with_code = |step: &Option<ComparedStep>, code: Option<&String>| {
        let code = code.map_or(String::new(), |code| {
            format!(" ({})", said(code.trim_matches('"')))
        });
        format!("{}{code}", status(step))
    };
    let codes = error.map_or((None, None), |error| (error.a.as_ref(), error.b.as_ref()));
    let (one, other) = (with_code(&row.a, codes.0), with_code(&row.b, codes.1));
    format!("the status is {one} in {a}, and {other} in {b}")
}

fn status(step: &Option<ComparedStep>) -> String {
    let status = step.as_ref().and_then(|step| step.status);
    status.map_or("no status".to_owned(), |status| status.to_string())
}

/// A value as a sentence has it: one line, not too long.
fn said(value: &str) -> String {
    let mut short: String = value.chars().take(LONGEST_SAID).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    if short.is_empty() {
        "empty".into()
    } else {
        short
    }
}

const LONGEST_SAID: usize = 120;

fn by_finding(both: &Both<'_>, change: &FindingChange) -> String {
    let (with, without) = match change.became {
        WhatBecame::Came => (both.sides[1].name, both.sides[0].name),
        WhatBecame::Went | WhatBecame::Stayed => (both.sides[0].name, both.sides[1].name),
    };
    format!(
        "{} {}: found in {with}, and not in {without}.",
        change.code, change.title
    )
}

fn noise(rows: &[ComparedRow]) -> Vec<NoiseCount> {
    let mut counts: BTreeMap<Noise, u32> = BTreeMap::new();
    let all = rows.iter().flat_map(|row| &row.noise);
    for noise in all.filter_map(|difference| difference.noise) {
        *counts.entry(noise).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(noise, count)| NoiseCount {
        noise,
        words: noise.words().into(),
        count,
    });
    counts.collect()
}

fn notes(both: &Both<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let Flows { a, of_a, b, of_b } = flows(both);
    for (side, (flow, all)) in both.sides.iter().zip([(a, of_a), (b, of_b)]) {
        if all > 1 {
            let which = if flow == all { " (the last one)" } else { "" };
            notes.push(format!(
                "{} holds {all} flows; flow {flow}{which} is compared.",
                side.name
            ));
        }
    }
    let urls = both.sides.map(|side| side.trace.server_url.as_str());
    let is_recording = both
        .sides
        .iter()
        .any(|side| !matches!(side.trace.origin, Origin::Live));
    let hosts = urls.map(trace::origin_of);
    if hosts[0] != hosts[1] && !urls.iter().all(|url| trace::is_loopback(url)) && !is_recording {
        notes.push("The two are of different servers; their host is not a difference.".into());
    }
    notes
}
