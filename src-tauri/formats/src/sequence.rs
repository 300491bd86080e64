//! A trace as the steps of a sequence diagram, in words: what every text of it is made from.
//!
//! Servers wrote some of these words, so each is one line without control characters, of limited
//! length. Secrets are replaced.

use std::collections::BTreeSet;

use trace::{
    Entry, EntryKind, Exchange, Outcome, ParticipantId, Phase, Purpose, Trace, sentence, short_path,
};

use crate::line::words;
use crate::redact::Redactor;

/// One line of the diagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// What follows belongs to this part of the flow.
    Phase(&'static str),
    Message {
        from: ParticipantId,
        to: ParticipantId,
        kind: MessageKind,
        text: String,
    },
    /// A remark about no one in particular: a decision, a rewind.
    Note(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    Request,
    Answer,
    /// No answer came.
    Lost,
}

/// A lifeline.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub id: ParticipantId,
    pub name: String,
    /// `host[:port]`; `None` for the client and the browser.
    pub host: Option<String>,
}

/// The entries that are drawn: what else a recording holds would need a lifeline for each host.
pub fn drawn(trace: &Trace) -> impl Iterator<Item = &Entry> {
    trace
        .entries
        .iter()
        .map(AsRef::as_ref)
        .filter(|entry| !is_left_out(entry))
}

/// What is said of the others.
pub fn left_out(trace: &Trace) -> Option<String> {
    let others = trace
        .entries
        .iter()
        .map(AsRef::as_ref)
        .filter(|entry| is_left_out(entry))
        .count();
    match others {
        0 => None,
        1 => Some("1 other exchange belongs to no flow and is not drawn".into()),
        more => Some(format!(
            "{more} other exchanges belong to no flow and are not drawn"
        )),
    }
}

/// Whether it belongs to no flow.
pub fn is_left_out(entry: &Entry) -> bool {
    let exchange = entry.exchange();
    exchange.is_some_and(|exchange| exchange.purpose == Purpose::Unrelated)
}

/// The participants that take part in something, in the diagram's order.
pub fn heads(trace: &Trace, redactor: &Redactor) -> Vec<Head> {
    let mut seen = BTreeSet::from([ParticipantId::CLIENT]);
    for entry in drawn(trace) {
        match &entry.kind {
            EntryKind::Exchange(exchange) => seen.extend([exchange.from, exchange.to]),
            EntryKind::BrowserOpened(_) => seen.extend([ParticipantId::BROWSER]),
            EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
        }
    }
    let words = |text: &str| words(text, redactor);
    let head = |id: ParticipantId| {
        let participant = trace.participants.get(usize::from(id.0));
        let origin = participant.and_then(|participant| participant.origin.as_deref());
        Head {
            id,
            name: participant.map_or("Unknown".into(), |participant| words(&participant.name)),
            host: origin.map(|origin| words(without_scheme(origin))),
        }
    };
    seen.into_iter().map(head).collect()
}

/// Every entry in its order, those that a rewind gave up too.
pub fn steps<'a>(trace: &'a Trace, redactor: &'a Redactor) -> impl Iterator<Item = Step> + 'a {
    let mut phase: Option<Phase> = None;
    let all = drawn(trace).flat_map(move |entry| {
        let is_new = phase.replace(entry.phase) != Some(entry.phase);
        let band = is_new.then(|| Step::Phase(entry.phase.title()));
        band.into_iter().chain(of_entry(entry, redactor))
    });
    all.chain(left_out(trace).map(Step::Note))
}

fn of_entry(entry: &Entry, redactor: &Redactor) -> Vec<Step> {
    let seq = entry.seq;
    let message = |from, to, kind, text: String| Step::Message {
        from,
        to,
        kind,
        text,
    };
    match &entry.kind {
        EntryKind::Exchange(exchange) => {
            let (kind, answer) = answer(exchange, redactor);
            let request = request(seq, exchange, redactor);
            vec![
                message(exchange.from, exchange.to, MessageKind::Request, request),
                message(exchange.to, exchange.from, kind, answer),
            ]
        }
        EntryKind::BrowserOpened(visit) => {
            let (client, browser) = (ParticipantId::CLIENT, ParticipantId::BROWSER);
            let path = words(&short_path(&visit.url), redactor);
            let text = format!("{seq} open {path}");
            vec![message(client, browser, MessageKind::Request, text)]
        }
        EntryKind::Decision(decision) => {
            let text = words(&sentence(decision), redactor);
            vec![Step::Note(format!("{seq} {text}"))]
        }
        EntryKind::Rewound { to } => vec![Step::Note(format!("{seq} {}", rewound(*to)))],
    }
}

/// What is said of going back to an entry.
pub fn rewound(to: u32) -> String {
    format!("Back to {to}: what came since is given up")
}

fn request(seq: u32, exchange: &Exchange, redactor: &Redactor) -> String {
    let method = words(&exchange.request.method, redactor);
    let path = words(&short_path(&exchange.request.url), redactor);
    let label = words(&exchange.label, redactor);
    let edited = exchange.by_hand();
    let text = format!("{seq} {method} {path} {label}{edited}");
    text.trim_end().into()
}

fn answer(exchange: &Exchange, redactor: &Redactor) -> (MessageKind, String) {
    match &exchange.outcome {
        Outcome::Failure(failure) => {
            let text = format!("no answer: {}", words(&failure.message, redactor));
            (MessageKind::Lost, text)
        }
        Outcome::Response(response) => {
            let verdict = exchange.verdict.as_ref();
            let verdict = verdict.filter(|verdict| !verdict.text.is_empty());
            let text = match verdict {
                Some(verdict) => {
                    format!("{} {}", response.status, words(&verdict.text, redactor))
                }
                None => response.status.to_string(),
            };
            (MessageKind::Answer, text)
        }
    }
}

fn without_scheme(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}
