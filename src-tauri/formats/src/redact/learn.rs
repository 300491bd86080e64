//! Reading a trace for its secrets.

use std::sync::Arc;
use std::thread;

use foldhash::{HashMap, HashSet};
use trace::{Decision, Entry, EntryKind, Exchange, Header, Outcome, Request, Response, Trace};

use super::edit::{Edit, Sink};
use super::jwt::Token;
use super::known::{Known, next_jwt};
use super::names::{JWT, Kind, is_nothing};
use super::scan;
use super::{body, headers, places, url};
use crate::parallel::workers;

/// Bodies in which nothing was found by its name: what is in them of secrets is found by its value.
#[derive(Clone, Copy, Default)]
pub struct Quiet {
    pub request: bool,
    pub response: bool,
}

/// Learns the secrets of a trace. Says of each exchange, in order, which of its bodies are quiet.
pub fn trace(known: &mut Known, trace: &Trace) -> Vec<Quiet> {
    for public in public_values(trace) {
        known.leave(public.as_bytes());
    }
    let mut first = Learnt::default();
    url::url(&mut Learn::new(&mut first), trace.server_url.as_bytes());
    first.reserve(known);
    let size = trace
        .entries
        .len()
        .div_ceil(workers(trace.entries.len()))
        .max(1);
    if size >= trace.entries.len() {
        let (learnt, quiet) = entries(&trace.entries);
        learnt.reserve(known);
        first.tell(known);
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
    parts.iter().for_each(|(learnt, _)| learnt.reserve(known));
    first.tell(known);
    let mut all = Vec::new();
    for (learnt, quiet) in parts {
        learnt.tell(known);
        all.extend(quiet);
    }
    all
}

/// What the trace says in public places. Where a test set-up uses such a value as a secret too, it
/// is replaced in the secret's own places only: otherwise every scope and issuer would be gone.
fn public_values(trace: &Trace) -> Vec<String> {
    let mut public: Vec<String> = client_ids(trace);
    let mut all: Vec<&str> = trace
        .participants
        .iter()
        .filter_map(|participant| participant.origin.as_deref())
        .collect();
    for decision in trace.entries.iter().filter_map(|entry| entry.decision()) {
        match decision {
            Decision::AuthorizationServer { issuer, offered } => {
                all.push(issuer);
                all.extend(offered.iter().map(String::as_str));
            }
            Decision::Client { client_id, .. } => all.push(client_id),
            Decision::Scope {
                scope: Some(scope), ..
            }
            | Decision::StepUp {
                scope: Some(scope), ..
            } => all.extend(scope.split(' ')),
            _ => {}
        }
    }
    public.extend(all.into_iter().map(str::to_owned));
    public
}

/// The client ids that requests name, in the URL or a form: a recording of another program has no
/// decision that does.
fn client_ids(trace: &Trace) -> Vec<String> {
    let of_request = |request: &Request| {
        let in_url = trace::query_pairs(&request.url);
        let is_form = body::is_form(request.header_value("content-type"));
        let form = request.body.text().filter(|_| is_form);
        let in_form = form.map(trace::pairs).unwrap_or_default();
        let all = in_url.into_iter().chain(in_form);
        all.filter(|pair| pair.name == "client_id")
            .map(|pair| pair.value)
            .collect::<Vec<_>>()
    };
    let has = |text: &[u8]| memchr::memmem::find(text, b"client_id=").is_some();
    let requests = trace.exchanges().map(|(_, exchange)| &exchange.request);
    requests
        .filter(|request| has(request.url.as_bytes()) || has(&request.body.bytes))
        .flat_map(of_request)
        .collect()
}

/// Learns a secret the user typed. The lines of a PEM file are learnt one by one too, since they
/// are seldom quoted whole.
pub fn typed(known: &mut Known, kind: Kind, secret: &str) {
    known.learn(kind, secret.as_bytes());
    if secret.trim_start().starts_with("-----BEGIN ") {
        let lines = secret.lines().map(str::trim);
        for line in lines.filter(|line| line.len() >= 16 && !line.starts_with("-----")) {
            known.learn(kind, line.as_bytes());
        }
    }
}

/// An answer that says what went wrong.
pub fn is_error(response: &Response) -> bool {
    response.status >= 400
}

/// Learns the secrets of one exchange.
pub fn exchange(known: &mut Known, exchange: &Exchange) {
    let mut learnt = Learnt::default();
    read(&mut learnt, exchange, &mut Seen::default());
    learnt.tell(known);
}

/// Learns the secrets of one entry.
pub fn entry(known: &mut Known, entry: &Entry) {
    match &entry.kind {
        EntryKind::Exchange(one) => exchange(known, one),
        EntryKind::BrowserOpened(visit) => {
            let mut learnt = Learnt::default();
            url::url(&mut Learn::new(&mut learnt), visit.url.as_bytes());
            learnt.tell(known);
        }
        EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
    }
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
    let sides = [&exchange.client_side, &exchange.server_side];
    for side in sides.into_iter().flatten() {
        read_side(learnt, &side.request, &side.outcome, seen);
    }
    places::learn(exchange, &mut |kind, value| learnt.add(kind, value));
    read_side(learnt, &exchange.request, &exchange.outcome, seen)
}

fn read_side<'a>(
    learnt: &mut Learnt,
    request: &'a Request,
    outcome: &'a Outcome,
    seen: &mut Seen<'a>,
) -> Quiet {
    url::url(&mut Learn::new(learnt), request.url.as_bytes());
    Quiet {
        request: message(learnt, &request.headers, &request.body.bytes, false, seen),
        response: match outcome {
            Outcome::Response(response) => {
                let (headers, body) = (&response.headers, &response.body.bytes);
                message(learnt, headers, body, is_error(response), seen)
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
    is_error: bool,
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
    let mut learn = Learn {
        is_error,
        ..Learn::new(learnt)
    };
    body::body(&mut learn, body, media);
    learn.is_quiet
}

/// Secrets in the order they were found, each once.
#[derive(Default)]
struct Learnt {
    list: Vec<(Kind, Vec<u8>)>,
    seen: HashMap<Kind, HashSet<Vec<u8>>>,
}

impl Learnt {
    fn add(&mut self, kind: Kind, value: &[u8]) {
        let seen = self.seen.entry(kind).or_default();
        if seen.contains(value) {
            return;
        }
        seen.insert(value.to_vec());
        self.list.push((kind, value.to_vec()));
        for (kind, value) in Token::read(value).iter().flat_map(Token::secrets) {
            self.add(kind, &value);
        }
    }

    /// Before anything is told, so that no new secret gets a pseudonym that is there already.
    fn reserve(&self, known: &mut Known) {
        for (_, value) in &self.list {
            known.reserve(value);
        }
    }

    fn tell(self, known: &mut Known) {
        for (kind, value) in self.list {
            known.learn(kind, &value);
        }
    }
}

struct Learn<'a> {
    learnt: &'a mut Learnt,
    is_quiet: bool,
    is_error: bool,
}

impl<'a> Learn<'a> {
    fn new(learnt: &'a mut Learnt) -> Self {
        Self {
            learnt,
            is_quiet: true,
            is_error: false,
        }
    }
}

impl Sink for Learn<'_> {
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String> {
        if is_nothing(kind, value) {
            return None;
        }
        self.is_quiet = false;
        self.learnt.add(kind, value);
        None
    }

    fn layered(&mut self) {
        self.is_quiet = false;
    }

    fn is_error(&self) -> bool {
        self.is_error
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
