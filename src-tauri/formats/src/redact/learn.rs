//! Reading a trace for its secrets.

use std::sync::Arc;
use std::thread;

use foldhash::{HashMap, HashSet};
use trace::{Entry, EntryKind, Exchange, Header, Outcome, Trace};

use super::known::{Known, next_jwt};
use super::names::{JWT, Kind};
use super::scan::{self, Edit, Sink};
use super::{headers, scan_body, url};
use crate::parallel::workers;

/// Bodies in which nothing was found by its name: what is in them of secrets is found by its value.
#[derive(Clone, Copy, Default)]
pub struct Quiet {
    pub request: bool,
    pub response: bool,
}

/// Learns the secrets of a trace. Says of each exchange, in order, which of its bodies are quiet.
pub fn trace(known: &mut Known, trace: &Trace) -> Vec<Quiet> {
    let mut first = Learnt::default();
    url::url(&mut Learn::new(&mut first), trace.server_url.as_bytes());
    first.tell(known);
    let size = trace
        .entries
        .len()
        .div_ceil(workers(trace.entries.len()))
        .max(1);
    if size >= trace.entries.len() {
        let (learnt, quiet) = entries(&trace.entries);
        learnt.tell(known);
        return quiet;
    }
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = trace
            .entries
            .chunks(size)
            .map(|part| scope.spawn(|| entries(part)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads
            .into_iter()
            .map(join)
            .collect::<Vec<(Learnt, Vec<Quiet>)>>()
    });
    let mut all = Vec::new();
    for (learnt, quiet) in parts {
        learnt.tell(known);
        all.extend(quiet);
    }
    all
}

/// Learns the secrets of one exchange.
pub fn exchange(known: &mut Known, exchange: &Exchange) {
    let mut learnt = Learnt::default();
    read(&mut learnt, exchange, &mut Seen::default());
    learnt.tell(known);
}

fn entries(entries: &[Arc<Entry>]) -> (Learnt, Vec<Quiet>) {
    let mut learnt = Learnt::default();
    let mut quiet = Vec::new();
    let mut seen = Seen::default();
    for entry in entries {
        match &entry.kind {
            EntryKind::Exchange(exchange) => quiet.push(read(&mut learnt, exchange, &mut seen)),
            EntryKind::BrowserOpened(visit) => {
                url::url(&mut Learn::new(&mut learnt), visit.url.as_bytes());
            }
            EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
        }
    }
    (learnt, quiet)
}

/// Names and values of headers that were read already: most are the same again and again.
type Seen<'a> = HashSet<(&'a str, &'a str)>;

fn read<'a>(learnt: &mut Learnt, exchange: &'a Exchange, seen: &mut Seen<'a>) -> Quiet {
    let request = &exchange.request;
    url::url(&mut Learn::new(learnt), request.url.as_bytes());
    Quiet {
        request: message(learnt, &request.headers, &request.body.bytes, seen),
        response: match &exchange.outcome {
            Outcome::Response(response) => {
                message(learnt, &response.headers, &response.body.bytes, seen)
            }
            Outcome::Failure(failure) => {
                scan::text(&mut Learn::new(learnt), failure.message.as_bytes());
                false
            }
        },
    }
}

/// Whether the body is quiet.
fn message<'a>(
    learnt: &mut Learnt,
    fields: &'a [Header],
    body: &'a [u8],
    seen: &mut Seen<'a>,
) -> bool {
    let mut media = None;
    for header in fields {
        if header.name.eq_ignore_ascii_case("content-type") {
            media = media.or(Some(header.value.as_str()));
        }
        if seen.insert((&header.name, &header.value)) {
            headers::value(&mut Learn::new(learnt), &header.name, &header.value);
        }
    }
    let mut learn = Learn::new(learnt);
    scan_body(&mut learn, body, media);
    learn.is_quiet
}

/// Secrets in the order they were found, each once.
#[derive(Default)]
struct Learnt {
    list: Vec<(Kind, Vec<u8>)>,
    seen: HashMap<Kind, HashSet<Vec<u8>>>,
}

impl Learnt {
    fn tell(self, known: &mut Known) {
        for (kind, value) in self.list {
            known.learn(kind, &value);
        }
    }
}

struct Learn<'a> {
    learnt: &'a mut Learnt,
    is_quiet: bool,
}

impl<'a> Learn<'a> {
    fn new(learnt: &'a mut Learnt) -> Self {
        Self {
            learnt,
            is_quiet: true,
        }
    }
}

impl Sink for Learn<'_> {
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String> {
        self.is_quiet = false;
        let seen = self.learnt.seen.entry(kind).or_default();
        if !seen.contains(value) {
            seen.insert(value.to_vec());
            self.learnt.list.push((kind, value.to_vec()));
        }
        None
    }

    fn layered(&mut self) {
        self.is_quiet = false;
    }

    fn unnamed(&mut self, text: &[u8], from: usize, to: usize, _: &mut Vec<Edit>) {
        let is_quiet = self.is_quiet;
        let mut at = from;
        while let Some((start, end)) = next_jwt(text, at, to) {
            self.secret(JWT, &text[start..end]);
            at = end;
        }
        // A JWT is found again without its name.
        self.is_quiet = is_quiet;
    }
}
