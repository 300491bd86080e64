//! Two runs side by side: which step differs, down to a header, a parameter, a member or a claim.
//!
//! | module | what |
//! |---|---|
//! | `comparison` | the result |
//! | `side` | what is known of one of the two |
//! | `steps` | the steps of a run: what was asked, not in which row |
//! | `align` | which step of the one is which step of the other |
//! | `fact` | one thing that a message says |
//! | `facts`, `pairs`, `bodies`, `headers`, `tokens` | an exchange as facts that can be compared |
//! | `classes` | which names hold values that are fresh each time, times, or nothing that counts |
//! | `shapes` | the parts of a text that are fresh each time: ids, times, ports |
//! | `names` | a run's own ports and fresh values, and names for them |
//! | `differ` | the facts of two steps against each other |
//! | `relations` | whether a value is the same as an earlier one, in both runs alike |
//! | `findings` | the findings that came and went |
//! | `words` | the first difference that matters, in one sentence |
//!
//! What differs in every run is not a difference: ids, codes, tokens, times, ports. It is counted
//! and kept apart as noise. Neither is what a recording does not show. Two fresh values are
//! compared by which earlier value they equal: a `state` that comes back is the one that was sent,
//! or it is not.
//!
//! Secrets are replaced in all that comes of it.

#![forbid(unsafe_code)]

mod align;
mod bodies;
mod classes;
mod comparison;
mod differ;
mod fact;
mod facts;
mod findings;
mod headers;
mod names;
mod pairs;
mod relations;
mod shapes;
mod side;
mod steps;
mod tokens;
mod words;

pub use comparison::{
    ComparedRow, ComparedStep, Comparison, Difference, FindingChange, First, Flows, Noise,
    NoiseCount, Place, RowState, WhatBecame,
};
pub use side::ComparedRun;

use formats::Redactor;

/// Compares two runs.
pub fn compare(a: ComparedRun<'_>, b: ComparedRun<'_>) -> Comparison {
    let redactors = [
        Redactor::of(a.trace, a.typed),
        Redactor::of(b.trace, b.typed),
    ];
    let steps = [steps::of(&a), steps::of(&b)];
    let names = names::of([&a, &b], [&steps[0], &steps[1]]);
    let pairs = align::pairs(&steps[0], &steps[1], &names);
    let both = differ::Both {
        sides: [a, b],
        redactors,
        steps,
        names,
    };
    let rows = differ::rows(&both, &pairs);
    let findings = findings::changes(&both, &rows);
    words::told(&both, rows, findings)
}
