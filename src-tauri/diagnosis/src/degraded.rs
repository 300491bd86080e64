//! What holds of every trace that a test of this crate judges, checked wherever one is judged.
//!
//! Each finding is of a declared variant of its rule. And when parts of the trace are taken away as
//! a recording leaves them out, nothing is found that the whole trace does not show: what was not
//! recorded is never taken for missing.

use std::sync::Arc;

use trace::{EntryKind, Exchange, Outcome, Recorded, Timestamp, Trace};

use crate::catalogue::catalogue;
use crate::finding::{Certainty, Finding};
use crate::judge::judge;

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
pub fn check(trace: &Trace, entries: usize, found: &[Finding]) {
    for finding in found {
        is_declared(finding);
    }
    if trace.entries.len() > LONGEST {
        return;
    }
    // Each alone, each two together, and all.
    let all = (1_u32 << PARTS.len()) - 1;
    for chosen in (1..=all).filter(|set| set.count_ones() < 3 || *set == all) {
        let parts: Vec<&Part> = (0..PARTS.len())
            .filter(|part| chosen & 1 << part != 0)
            .map(|part| &PARTS[part])
            .collect();
        let degraded = without(trace, &parts);
        for finding in judge(&degraded, entries) {
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
