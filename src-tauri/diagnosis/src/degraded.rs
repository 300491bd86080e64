//! Properties of every trace that a test of this crate judges, checked wherever one is judged.
//!
//! Each finding is of a declared variant of its rule. And when parts of the trace are taken away as
//! a recording leaves them out, nothing is found that the whole trace does not show: what was not
//! recorded is never taken for missing.

use std::sync::Arc;

use serde_json::{Value, json};
use trace::{
    Decision, Entry, EntryKind, Exchange, Header, Origin, Outcome, Purpose, Recorded, Revision,
    Timestamp, Trace,
};

use crate::catalogue::{RULES, catalogue};
use crate::finding::{Certainty, Finding};
use crate::judge::each_rule;
use crate::reading::Reading;
use crate::snapshot::Snapshot;

/// Longer traces are judged for other reasons than their variety.
const LONGEST: usize = 200;

/// A part that a recording may lack.
struct Part {
    name: &'static str,
    drop: fn(&mut Exchange),
}

const PARTS: [Part; 6] = [
    Part {
        name: "request headers",
        drop: |exchange| {
            exchange.recorded.request_headers = Recorded::NotRecorded;
            exchange.request.headers.clear();
        },
    },
    Part {
        name: "request bodies",
        drop: |exchange| {
            exchange.recorded.request_body = Recorded::NotRecorded;
            exchange.request.body.bytes.clear();
        },
    },
    Part {
        name: "response headers",
        drop: |exchange| {
            exchange.recorded.response_headers = Recorded::NotRecorded;
            if let Outcome::Response(response) = &mut exchange.outcome {
                response.headers.clear();
            }
        },
    },
    Part {
        name: "response bodies",
        drop: |exchange| {
            exchange.recorded.response_body = Recorded::NotRecorded;
            if let Outcome::Response(response) = &mut exchange.outcome {
                response.body.bytes.clear();
            }
        },
    },
    Part {
        name: "times",
        drop: |exchange| {
            exchange.recorded.times = Recorded::NotRecorded;
            exchange.started = Timestamp(0);
        },
    },
    Part {
        name: "credentials",
        drop: |exchange| {
            if exchange.recorded.request_headers == Recorded::Whole {
                exchange.recorded.request_headers = Recorded::Incomplete;
            }
            let named = |name: &str| ["authorization", "cookie", "dpop"].contains(&name);
            let headers = &mut exchange.request.headers;
            headers.retain(|header| !named(&header.name.to_ascii_lowercase()));
        },
    },
];

/// Checks what a trace that was judged has to hold to.
pub fn check(trace: &Trace, entries: usize, told: &[Finding]) {
    let found = &judged(trace, entries);
    for finding in found {
        is_declared(finding);
    }
    if trace.entries.len() > LONGEST {
        return;
    }
    looks_at_what_is_there(trace, entries, found);
    without_decisions(trace, entries, found, told);
    // Each alone, each two together, and all.
    let all = (1_u32 << PARTS.len()) - 1;
    for chosen in (1..=all).filter(|set| set.count_ones() < 3 || *set == all) {
        let parts: Vec<&Part> = (0..PARTS.len())
            .filter(|part| chosen & 1 << part != 0)
            .map(|part| &PARTS[part])
            .collect();
        let degraded = without(trace, &parts);
        for finding in judged(&degraded, entries) {
            is_declared(&finding);
            let known = found.iter().any(|whole| {
                whole.code == finding.code
                    && whole.exchange == finding.exchange
                    && whole.level >= finding.level
            });
            let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
            assert!(
                known || finding.certainty == Certainty::NotChecked,
                "found without {names:?}, and not in the whole trace: {finding:#?}"
            );
        }
    }
}

/// What each rule says by itself.
fn judged(trace: &Trace, entries: usize) -> Vec<Finding> {
    let snapshot = Snapshot::of_first(trace, entries);
    each_rule(&Reading::of(&snapshot))
}

/// What a rule looks at is there wherever it finds something: the ledger could not say otherwise.
fn looks_at_what_is_there(trace: &Trace, entries: usize, found: &[Finding]) {
    let snapshot = Snapshot::of_first(trace, entries);
    let reading = Reading::of(&snapshot);
    for finding in found {
        let rule = RULES.iter().find(|rule| rule.code == finding.code);
        for subject in rule.map_or(&[][..], |rule| rule.looks_at) {
            let is_there = subject.place(&reading).is_some();
            assert!(is_there, "found without {}: {finding:#?}", subject.words());
        }
    }
}

/// The rules that cannot fire on another client's traffic, and why.
const NEED_DECISIONS: [(&str, &str); 14] = [
    ("A18", "a client that goes on waiting sends nothing"),
    ("A31", "only our approver plays the browser"),
    ("C04", "that two refreshes were sent at once was asked for"),
    ("D04", "that a token was garbled on purpose was asked for"),
    ("G32", "a request that was held back is not in the traffic"),
    (
        "J01",
        "which keys a client checks a token against does not show",
    ),
    (
        "J04",
        "whether a signature is right is computed when the flow runs",
    ),
    (
        "K07",
        "how long nothing came shows where the watching ended",
    ),
    (
        "K17",
        "how long nothing came shows where the watching ended",
    ),
    ("L01", "a client that cannot listen sends nothing"),
    ("L02", "a request that was held back is not in the traffic"),
    (
        "M01",
        "for want of which endpoint a run ends is not in the traffic",
    ),
    ("M05", "what was asked for and not done sends nothing"),
    ("MT1", "the certificate that was shown is not in HTTP"),
];

/// The rules of which some sample says by decisions alone what traffic would show as well: a grant
/// that was used and not chosen, a client of another name or with a certificate, a revocation that
/// was not sent.
const NOT_IN_TRAFFIC: [&str; 11] = [
    "C02", "C03", "DV2", "G03", "G14", "M04", "O05", "S01", "S06", "S12", "V03",
];

/// The rules that look at where a flow ends. A sample without a stop may end anywhere.
const ENDS: [&str; 5] = ["T19", "T40", "T41", "T44", "X03"];

/// A finding without decisions is also found with them, and a finding that is lost without them
/// needs them.
fn without_decisions(trace: &Trace, entries: usize, found: &[Finding], told: &[Finding]) {
    let (traffic, numbers) = traffic(&trace.entries[..entries.min(trace.entries.len())], trace);
    let undecided = judged(&traffic, traffic.entries.len());
    let mut decisions = trace.entries.iter().filter_map(|entry| entry.decision());
    let stopped = decisions.any(|decision| matches!(decision, Decision::Stopped { .. }));
    for finding in &undecided {
        is_declared(finding);
        let exchange = finding.exchange.map(|seq| numbers[seq as usize - 1]);
        let known = found.iter().any(|whole| {
            // A finding that points at a decision has nowhere to point without it.
            let there = whole.exchange == exchange
                || whole.exchange.is_some_and(|seq| !numbers.contains(&seq));
            whole.code == finding.code && there && whole.level >= finding.level
        });
        let shown = NOT_IN_TRAFFIC.contains(&finding.code.as_str())
            || !stopped && ENDS.contains(&finding.code.as_str());
        assert!(
            known || shown || finding.certainty == Certainty::NotChecked,
            "found without decisions, and not with them: {finding:#?}\nwith them: {found:#?}"
        );
    }
    for whole in told {
        let code = whole.code.as_str();
        let still = undecided.iter().any(|finding| finding.code == code);
        let needed = NEED_DECISIONS.iter().any(|(known, _)| *known == code);
        // What this program asked besides is judged together with what its user saw, which only a
        // decision says.
        let probed = whole
            .exchange
            .and_then(|seq| trace.entry(seq)?.exchange())
            .is_some_and(|exchange| exchange.purpose == Purpose::AuthorizationProbe);
        assert!(
            still || needed || probed || NOT_IN_TRAFFIC.contains(&code),
            "not found without decisions: {whole:#?}"
        );
    }
}

/// A trace as another client's recording would have it: no decisions, labels or verdicts. And the
/// number that each of its entries had.
pub fn traffic(entries: &[Arc<Entry>], trace: &Trace) -> (Trace, Vec<u32>) {
    let revision = trace
        .entries
        .iter()
        .find_map(|entry| match entry.decision()? {
            Decision::Revision { revision, .. } => Some(*revision),
            _ => None,
        });
    let mut traffic = trace.clone();
    traffic.origin = Origin::Observed;
    traffic.entries.clear();
    let mut numbers: Vec<u32> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.decision().is_none()) {
        let mut kind = entry.kind.clone();
        match &mut kind {
            EntryKind::Exchange(exchange) => {
                exchange.label.clear();
                exchange.verdict = None;
                if let Some(revision) = revision {
                    say(revision, exchange);
                }
            }
            EntryKind::Rewound { to } => {
                let before = numbers.iter().filter(|number| **number < *to).count();
                *to = before as u32 + 1;
            }
            _ => {}
        }
        numbers.push(entry.seq);
        traffic.push_to(entry.flow, entry.at, entry.branch, entry.phase, kind);
    }
    (traffic, numbers)
}

/// The samples leave out what every client says: which revision it speaks.
fn say(revision: Revision, exchange: &mut Exchange) {
    match &exchange.purpose {
        Purpose::Challenge { method } | Purpose::Mcp { method } if method == "initialize" => {
            let mut body: Value =
                serde_json::from_slice(&exchange.request.body.bytes).unwrap_or_default();
            body["params"] = json!({"protocolVersion": revision});
            exchange.request.body.bytes = body.to_string().into_bytes();
        }
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
            let header = Header::new("MCP-Protocol-Version", revision.as_str());
            exchange.request.headers.push(header);
        }
        _ => {}
    }
}

fn is_declared(finding: &Finding) {
    let mut variants = catalogue()
        .iter()
        .filter(|rule| rule.code == finding.code)
        .flat_map(|rule| &rule.variants);
    assert!(
        variants.any(|variant| variant.fits(finding)),
        "no declared variant: {finding:#?}"
    );
}

fn without(trace: &Trace, parts: &[&Part]) -> Trace {
    let mut degraded = trace.clone();
    for entry in degraded.entries.iter_mut().map(Arc::make_mut) {
        let EntryKind::Exchange(exchange) = &mut entry.kind else {
            continue;
        };
        for part in parts {
            (part.drop)(exchange);
        }
        if exchange.recorded.times != Recorded::Whole {
            entry.at = Timestamp(0);
        }
    }
    degraded
}
