//! From bare exchanges, as another program recorded them, to a trace that the rules can judge.
//!
//! | module | what |
//! |---|---|
//! | `unwrap` | takes requests out of the envelopes that some clients send them in |
//! | `message` | readers of single messages |
//! | `places` | the addresses that the recording itself names: endpoints, metadata, redirect URIs |
//! | `purpose` | what a request was for |
//! | `attempt` | one flow: what is known of it, and whether an exchange belongs to it |
//! | `attempts` | tells the flows of a recording apart |
//! | `vouching` | who is an identity provider, seen from the end of a flow |
//! | `signatures` | whether tokens are signed with the keys that were recorded |
//! | `write` | the trace that comes of it |
//!
//! Nothing is guessed from what is missing: a recorder leaves things out. What belongs to no flow
//! stays in the trace as unrelated, so that it can be counted and looked at.

mod attempt;
mod attempts;
mod message;
mod places;
mod purpose;
mod signatures;
mod unwrap;
mod vouching;
mod write;

use trace::{EntryKind, Origin, Purpose, Trace};

/// A trace with the purposes, flows and participants of what was recorded. A trace that has flows
/// already is given back as it is.
pub fn replay(bare: Trace) -> Trace {
    if !bare.flows.is_empty() {
        return bare;
    }
    let exchanges = unwrap::exchanges(&bare);
    let places = if bare.origin == Origin::Observed {
        places::Places::observed(&exchanges, &bare.server_url)
    } else {
        places::Places::of(&exchanges)
    };
    let mut attempts = attempts::told_apart(exchanges, &places);
    vouching::find(&mut attempts);
    write::trace(&bare, attempts)
}

/// How many exchanges of a trace belong to no flow.
pub fn unrelated(trace: &Trace) -> usize {
    let entries = trace.entries.iter();
    let exchanges = entries.filter_map(|entry| match &entry.kind {
        EntryKind::Exchange(exchange) => Some(&exchange.purpose),
        _ => None,
    });
    exchanges
        .filter(|purpose| **purpose == Purpose::Unrelated)
        .count()
}
