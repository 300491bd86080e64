//! The facts of two steps against each other.

use std::collections::{HashMap, HashSet};

use formats::Redactor;
use trace::Recorded;

use crate::align::Pair;
use crate::comparison::{ComparedRow, Difference, Noise, Place, RowState};
use crate::fact::{Fact, Value};
use crate::facts::Facts;
use crate::names::{Alike, Names, alike};
use crate::relations::{Key, Seen, broken};
use crate::shapes::is_redacted;
use crate::side::ComparedRun;
use crate::steps::{self, Step};

/// Everything that is known of the two.
pub struct Both<'a> {
    pub sides: [ComparedRun<'a>; 2],
    pub redactors: [Redactor; 2],
    pub steps: [Vec<Step<'a>>; 2],
    pub names: [Names; 2],
}

/// The rows of the comparison, one for each pair.
pub fn rows(both: &Both<'_>, pairs: &[Pair]) -> Vec<ComparedRow> {
    let mut seen = [Seen::default(), Seen::default()];
    let mut rows = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        rows.push(match (pair.a, pair.b) {
            (Some(a), Some(b)) => paired(both, [a, b], at, &mut seen, &rows),
            (Some(a), None) => alone(both, 0, a, at, &mut seen),
            (None, Some(b)) => alone(both, 1, b, at, &mut seen),
            (None, None) => continue,
        });
    }
    mark_order(both, pairs, &mut rows);
    rows
}

fn paired(
    both: &Both<'_>,
    at: [usize; 2],
    row: usize,
    seen: &mut [Seen; 2],
    before: &[ComparedRow],
) -> ComparedRow {
    let steps = [&both.steps[0][at[0]], &both.steps[1][at[1]]];
    let facts = [Facts::of(steps[0]), Facts::of(steps[1])];
    let index_b: HashMap<(Place, &str), &Fact> = facts[1]
        .list
        .iter()
        .map(|fact| ((fact.place, fact.name.as_str()), fact))
        .collect();
    let in_a: HashSet<(Place, &str)> = facts[0]
        .list
        .iter()
        .map(|fact| (fact.place, fact.name.as_str()))
        .collect();
    let differ = Differ {
        both,
        facts: &facts,
        before,
    };
    let mut found = Vec::new();
    for fact in &facts[0].list {
        let key = (row, fact.place, fact.name.clone());
        match index_b.get(&(fact.place, fact.name.as_str())) {
            Some(other) => {
                found.extend(differ.both_there(fact, other, seen));
                remember(&mut seen[1], &key, other);
            }
            None => found.push(differ.only(0, fact)),
        }
        remember(&mut seen[0], &key, fact);
    }
    for fact in &facts[1].list {
        if !in_a.contains(&(fact.place, fact.name.as_str())) {
            found.push(differ.only(1, fact));
            remember(&mut seen[1], &(row, fact.place, fact.name.clone()), fact);
        }
    }
    let (mut noise, mut differences): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|difference| difference.noise.is_some());
    differences.sort_by_key(|difference| difference.place);
    noise.sort_by_key(|difference| difference.place);
    ComparedRow {
        title: steps[0].title.clone(),
        phase: steps[0].phase(),
        state: if differences.is_empty() {
            RowState::Same
        } else {
            RowState::Different
        },
        a: Some(both.shown(0, at[0])),
        b: Some(both.shown(1, at[1])),
        differences,
        noise,
    }
}

/// A step that the other run does not have.
fn alone(both: &Both<'_>, side: usize, at: usize, row: usize, seen: &mut [Seen; 2]) -> ComparedRow {
    let step = &both.steps[side][at];
    for fact in &Facts::of(step).list {
        remember(&mut seen[side], &(row, fact.place, fact.name.clone()), fact);
    }
    let reason = both.why_alone(side, at);
    let state = match (reason, side) {
        (Some(_), _) => RowState::NotCounted,
        (None, 0) => RowState::OnlyA,
        (None, _) => RowState::OnlyB,
    };
    let shown = Some(both.shown(side, at));
    let noise = reason.map(|noise| Difference {
        noise: Some(noise),
        ..Difference::at(Place::Order, "")
    });
    ComparedRow {
        title: step.title.clone(),
        phase: step.phase(),
        state,
        a: shown.clone().filter(|_| side == 0),
        b: shown.filter(|_| side == 1),
        differences: Vec::new(),
        noise: noise.into_iter().collect(),
    }
}

impl Both<'_> {
    fn shown(&self, side: usize, at: usize) -> crate::comparison::ComparedStep {
        self.steps[side][at].shown(|text| self.redactors[side].text(text))
    }

    /// Why a step that the other run does not have is not a difference; `None` when it is one.
    fn why_alone(&self, side: usize, at: usize) -> Option<Noise> {
        let step = &self.steps[side][at];
        let has = |side: usize, kind: &str| self.steps[side].iter().any(|step| step.kind == kind);
        let other = 1 - side;
        if step.kind == steps::PREFLIGHT {
            return Some(Noise::NotRecorded);
        }
        if step.was_sent_again() {
            return Some(Noise::Repeated);
        }
        let before = self.steps[side][..at]
            .iter()
            .rev()
            .find(|before| before.kind == step.kind);
        let is_poll = step.kind == steps::DEVICE_GRANT
            && before.is_some_and(|before| before.status() == step.status());
        if is_poll {
            return Some(Noise::Repeated);
        }
        // A client that has a code sent the user to the browser, even if that was not recorded.
        let both_came_back = (0..2).all(|side| has(side, steps::CODE_GRANT));
        // With a device, the browser is another machine's.
        let both_elsewhere = (0..2).all(|side| has(side, steps::DEVICE));
        let is_unseen = both_came_back && step.kind == steps::AUTHORIZATION
            || (both_came_back || both_elsewhere)
                && step.is_in_browser()
                && !has(other, &step.kind);
        let is_fetched = step.kind == "client_metadata" && has(other, steps::CODE_GRANT);
        (is_unseen || is_fetched).then_some(Noise::NotRecorded)
    }
}

fn remember(seen: &mut Seen, key: &Key, fact: &Fact) {
    if let Value::Fresh(value) = &fact.value {
        seen.remember(key.clone(), value);
    } else if let (true, Value::Text(value)) = (fact.name.ends_with("client_id"), &fact.value) {
        seen.remember(key.clone(), value.trim_matches('"'));
    }
}

struct Differ<'a> {
    both: &'a Both<'a>,
    facts: &'a [Facts; 2],
    before: &'a [ComparedRow],
}

impl Differ<'_> {
    /// `None` when the two are equal.
    fn both_there(&self, a: &Fact, b: &Fact, seen: &[Seen; 2]) -> Option<Difference> {
        let verdict = match (&a.value, &b.value) {
            (Value::Connection(one), Value::Connection(other)) => {
                (one != other).then_some(Some(Noise::Connection))
            }
            (Value::Time(one), Value::Time(other)) => self.times(*one, *other),
            (Value::Duration(one), Value::Duration(other)) if one != other => {
                let is_near = (one - other).abs() <= (one.abs() * 0.01).max(NEAR);
                Some(is_near.then_some(Noise::Time))
            }
            (Value::Fresh(one), Value::Fresh(other)) => {
                return self.fresh(a, [one, other], seen);
            }
            (Value::Text(one), Value::Text(other)) if a.name.ends_with("client_id") => {
                let ids = [one.trim_matches('"'), other.trim_matches('"')];
                if ids[0] == ids[1] {
                    return None;
                }
                let names = &self.both.names;
                let is_registered = (0..2).all(|side| names[side].is_registered(ids[side]));
                if is_registered {
                    return self.fresh(a, ids, seen);
                }
                self.texts(one, other)
            }
            (Value::Set(one), Value::Set(other)) => self.sets(one, other),
            (Value::Text(one), Value::Text(other)) => self.texts(one, other),
            (one, other) if is_replaced(one) != is_replaced(other) => {
                Some(Some(Noise::NotRecorded))
            }
            (one, other) => (one != other).then_some(None),
        };
        let noise = verdict?;
        // Another `accept-encoding` explains another coding.
        let noise = noise.or_else(|| {
            let is_coding = a.place == Place::ResponseHeader && a.name == "content-encoding";
            (is_coding && self.other_codings()).then_some(Noise::Connection)
        });
        Some(Difference {
            a: Some(self.shown(0, a)),
            b: Some(self.shown(1, b)),
            noise,
            ..Difference::at(a.place, &a.name)
        })
    }

    /// A fact that only one of the two has.
    fn only(&self, side: usize, fact: &Fact) -> Difference {
        let other = &self.facts[1 - side];
        let is_header = matches!(fact.place, Place::RequestHeader | Place::ResponseHeader);
        let noise = match &fact.value {
            Value::Connection(_) => Some(Noise::Connection),
            _ if is_header && fact.name == "content-encoding" && self.other_codings() => {
                Some(Noise::Connection)
            }
            _ if self.is_unknown(other, fact) => Some(Noise::NotRecorded),
            _ => None,
        };
        let shown = Some(self.shown(side, fact));
        Difference {
            a: shown.clone().filter(|_| side == 0),
            b: shown.filter(|_| side == 1),
            noise,
            ..Difference::at(fact.place, &fact.name)
        }
    }

    /// Whether these facts would not show such a fact, even if it had been on the wire.
    fn is_unknown(&self, facts: &Facts, fact: &Fact) -> bool {
        let recorded = &facts.recorded;
        let part = match fact.place {
            Place::Method | Place::Url | Place::Parameter | Place::Order => Recorded::Whole,
            Place::RequestHeader => recorded.request_headers,
            Place::RequestField | Place::RequestMember | Place::RequestBody => {
                recorded.request_body
            }
            Place::RequestClaim => recorded.request_body.max_unknown(recorded.request_headers),
            Place::Failure | Place::Status => Recorded::Whole,
            Place::Challenge | Place::ResponseHeader | Place::Redirect => recorded.response_headers,
            Place::ResponseMember | Place::ResponseClaim | Place::ResponseBody => {
                recorded.response_body
            }
        };
        let is_of_answer = fact.place > Place::Status;
        let is_cut = if is_of_answer {
            facts.is_response_cut && fact.place >= Place::ResponseMember
        } else {
            facts.is_request_cut
        };
        // Claims of a token whose parts were replaced.
        let is_claim = matches!(fact.place, Place::RequestClaim | Place::ResponseClaim);
        let token = fact.name.split(['.', ' ']).next().unwrap_or_default();
        let is_replaced = is_claim
            && facts.list.iter().any(|other| {
                let is_it = other.name == token || other.name.starts_with("authorization");
                matches!(&other.value, Value::Fresh(value) if is_it && is_redacted(value))
            });
        part != Recorded::Whole || is_cut || is_replaced || is_of_answer && !facts.has_response
    }

    fn fresh(&self, fact: &Fact, values: [&str; 2], seen: &[Seen; 2]) -> Option<Difference> {
        let difference = |a: String, b: String, noise| {
            Some(Difference {
                a: Some(a),
                b: Some(b),
                noise,
                ..Difference::at(fact.place, &fact.name)
            })
        };
        let is_alike = |one: &str, other: &str| is_redacted(one) == is_redacted(other);
        if !is_alike(values[0], values[1]) {
            let shown = || FRESH.to_owned();
            return difference(shown(), shown(), Some(Noise::NotRecorded));
        }
        if let Some((side, (row, _, name))) = broken(seen, values) {
            let title = self.before.get(row).map_or("this step", |row| &row.title);
            let same = format!("the same as {name} of {title}");
            let another = format!("another one than {name} of {title}");
            return match side {
                0 => difference(same, another, None),
                _ => difference(another, same, None),
            };
        }
        if values[0] == values[1] {
            return None;
        }
        difference(FRESH.into(), FRESH.into(), Some(Noise::Fresh))
    }

    fn times(&self, a: f64, b: f64) -> Option<Option<Noise>> {
        if a == b {
            return None;
        }
        let (Some(began_a), Some(began_b)) = (self.facts[0].began, self.facts[1].began) else {
            return Some(Some(Noise::NotRecorded));
        };
        let apart = ((a - began_a) - (b - began_b)).abs();
        Some((apart <= NEAR).then_some(Noise::Time))
    }

    fn texts(&self, a: &str, b: &str) -> Option<Option<Noise>> {
        match alike(a, b, &self.both.names) {
            Alike::Equal => None,
            Alike::Noise(noise) => Some(Some(noise)),
            Alike::Different if is_redacted(a) != is_redacted(b) => Some(Some(Noise::NotRecorded)),
            Alike::Different => Some(None),
        }
    }

    fn sets(&self, a: &[String], b: &[String]) -> Option<Option<Noise>> {
        if a == b {
            return None;
        }
        let sorted = |list: &[String], side: usize, stage: usize| {
            let named = list
                .iter()
                .map(|text| self.both.names[side].named(text).swap_remove(stage));
            let mut named: Vec<String> = named.collect();
            named.sort();
            named
        };
        let stages = [Noise::Order, Noise::Address, Noise::Fresh, Noise::Fresh];
        let equal = (0..stages.len()).find(|&stage| sorted(a, 0, stage) == sorted(b, 1, stage));
        let any_redacted = |list: &[String]| list.iter().any(|text| is_redacted(text));
        match equal {
            Some(stage) => Some(Some(stages[stage])),
            None if any_redacted(a) != any_redacted(b) => Some(Some(Noise::NotRecorded)),
            None => Some(None),
        }
    }

    fn other_codings(&self) -> bool {
        let asked = |facts: &Facts| {
            let mut headers = facts.list.iter();
            headers
                .find(|fact| fact.place == Place::RequestHeader && fact.name == "accept-encoding")
                .map(|fact| fact.value.clone())
        };
        asked(&self.facts[0]) != asked(&self.facts[1])
    }

    fn shown(&self, side: usize, fact: &Fact) -> String {
        let redactor = &self.both.redactors[side];
        let text = match &fact.value {
            Value::Text(text) | Value::Connection(text) => match fact.place {
                Place::Url | Place::Redirect => redactor.url(text),
                _ => redactor.text(text),
            },
            Value::Set(texts) => {
                let shown: Vec<String> = texts.iter().map(|text| redactor.text(text)).collect();
                let is_json = texts.iter().any(|text| text.starts_with('"'));
                if is_json {
                    format!("[{}]", shown.join(", "))
                } else {
                    shown.join(" ")
                }
            }
            Value::Fresh(_) => return FRESH.into(),
            Value::Duration(seconds) => format!("{seconds} s"),
            Value::Time(at) => match self.facts[side].began {
                Some(began) => {
                    let after = (at - began).round();
                    let word = if after < 0.0 { "before" } else { "after" };
                    format!("{} s {word} the request", after.abs())
                }
                None => format!("{at}"),
            },
        };
        if fact.is_public {
            cut(&text)
        } else {
            "(not shown)".into()
        }
    }
}

/// What stands for a fresh value.
const FRESH: &str = "a value of its own";

/// Seconds by which times differ from run to run.
const NEAR: f64 = 30.0;

/// Characters of a value that are shown.
const LONGEST: usize = 400;

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

trait Unknown {
    /// The one that less is known of.
    fn max_unknown(self, other: Self) -> Self;
}

impl Unknown for Recorded {
    fn max_unknown(self, other: Self) -> Self {
        if self == Recorded::Whole { other } else { self }
    }
}

/// Says of the first step that the second run does earlier that it does so.
fn mark_order(both: &Both<'_>, pairs: &[Pair], rows: &mut [ComparedRow]) {
    let mut last: Option<(usize, usize)> = None;
    for (row, pair) in pairs.iter().enumerate() {
        let (Some(a), Some(b)) = (pair.a, pair.b) else {
            continue;
        };
        let step = &both.steps[0][a];
        if step.is_in_browser() || step.kind == steps::PREFLIGHT {
            continue;
        }
        match last {
            Some((before, at)) if b < at => {
                let title = rows[before].title.clone();
                rows[row].differences.push(Difference {
                    a: Some(format!("after {title}")),
                    b: Some(format!("before {title}")),
                    ..Difference::at(Place::Order, "")
                });
                rows[row].state = RowState::Different;
                return;
            }
            _ => last = Some((row, b)),
        }
    }
}

/// Whether it stands for a value that a file does not hold, which may have been one of any kind.
fn is_replaced(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Fresh(text) | Value::Connection(text) => is_redacted(text),
        Value::Set(texts) => texts.iter().any(|text| is_redacted(text)),
        Value::Duration(_) | Value::Time(_) => false,
    }
}
