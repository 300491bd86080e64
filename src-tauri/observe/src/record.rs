//! What passed, in the order in which it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::watch;
use trace::{
    Body, BodyEnd, Connection, Exchange, Failure, FailureKind, Outcome, ParticipantId, Purpose,
    Recorded, Recording, Request, Response, Side, Timestamp, Timings,
};

use crate::settings::Limits;

/// Everything that passed so far.
pub struct Record {
    all: Mutex<Vec<Arc<Mutex<Passage>>>>,
    /// Bytes of bodies that may still be kept.
    room: AtomicUsize,
    limits: Limits,
    /// Counts what was recorded.
    changes: watch::Sender<u64>,
    last: Mutex<Instant>,
    /// Requests that are not in the record, for which there was no room.
    left_out: AtomicUsize,
}

/// One exchange, while it passes and after.
struct Passage {
    purpose: Purpose,
    started: Timestamp,
    begun: Instant,
    timings: Timings,
    connection: Option<Connection>,
    /// As it would be without us.
    request: Request,
    client_request: Option<Request>,
    server_request: Option<Request>,
    outcome: Option<Outcome>,
    client_outcome: Option<Outcome>,
    server_outcome: Option<Outcome>,
    /// Of a body that passed as it came: what was kept of it.
    asked: Option<Kept>,
    answered: Option<Kept>,
    /// The answer's body without its content coding, where it has one and is known as a whole.
    undone: Option<Body>,
    recorded: Recording,
    over: bool,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    /// More came than was kept.
    more: bool,
    end: Option<BodyEnd>,
}

impl Record {
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            all: Mutex::default(),
            room: AtomicUsize::new(limits.kept_in_all),
            limits: limits.clone(),
            changes: watch::Sender::new(0),
            last: Mutex::new(Instant::now()),
            left_out: AtomicUsize::new(0),
        })
    }

    /// A request has come. `request` is as it would be without us, `client` as it came.
    pub fn begin(self: &Arc<Self>, purpose: Purpose, request: Request, client: Request) -> Entry {
        let passage = Arc::new(Mutex::new(Passage {
            purpose,
            started: Timestamp::from_system(SystemTime::now()),
            begun: Instant::now(),
            timings: Timings::default(),
            connection: None,
            client_request: (client != request).then_some(client),
            request,
            server_request: None,
            outcome: None,
            client_outcome: None,
            server_outcome: None,
            asked: None,
            answered: None,
            undone: None,
            recorded: Recording::default(),
            over: false,
        }));
        let mut all = locked(&self.all);
        if all.len() < self.limits.recorded {
            all.push(passage.clone());
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        drop(all);
        self.touch();
        Entry {
            passage,
            record: self.clone(),
        }
    }

    /// The exchanges that were answered so far, in the order in which they were asked.
    pub async fn exchanges(&self) -> Vec<Exchange> {
        let all = locked(&self.all).clone();
        for passage in &all {
            let coded = locked(passage).coded();
            if let Some((head, raw)) = coded {
                let body = wire::undone_body(&head, raw, self.limits.kept as u64).await;
                locked(passage).undone = Some(body);
            }
        }
        all.iter()
            .filter_map(|passage| locked(passage).exchange())
            .collect()
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// When something passed last.
    pub fn last(&self) -> Instant {
        *locked(&self.last)
    }

    pub fn left_out(&self) -> usize {
        self.left_out.load(Ordering::Relaxed)
    }

    fn touch(&self) {
        *locked(&self.last) = Instant::now();
    }

    fn changed(&self) {
        self.touch();
        self.changes.send_modify(|count| *count += 1);
    }

    /// Keeps as much of a piece as there is room for.
    fn keep(&self, kept: &mut Kept, piece: &[u8]) {
        let own = self.limits.kept.saturating_sub(kept.bytes.len());
        let wanted = piece.len().min(own);
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                Some(room - wanted.min(room))
            });
        let room = taken.unwrap_or_else(|room| room);
        let got = wanted.min(room);
        kept.bytes.extend_from_slice(&piece[..got]);
        kept.more |= got < piece.len();
    }
}

/// One exchange that is passing. Where it is dropped before there was an answer, the client gave
/// up.
pub struct Entry {
    passage: Arc<Mutex<Passage>>,
    record: Arc<Record>,
}

/// Which of two bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

impl Entry {
    /// What the server gets, where it is something else.
    pub fn server_gets(&self, request: Request) {
        let mut passage = locked(&self.passage);
        passage.server_request = (request != passage.request).then_some(request);
    }

    /// It says nothing of the client or the server: it was answered by us, or refused because of
    /// us.
    pub fn says_nothing(&self) {
        locked(&self.passage).purpose = Purpose::Unrelated;
    }

    /// A body passes as it comes.
    pub fn streams(&self, direction: Direction) {
        let mut passage = locked(&self.passage);
        *passage.kept(direction) = Some(Kept::default());
    }

    pub fn piece(&self, direction: Direction, piece: &[u8]) {
        self.record.touch();
        let mut passage = locked(&self.passage);
        if let Some(kept) = passage.kept(direction) {
            self.record.keep(kept, piece);
        }
    }

    pub fn ended(&self, direction: Direction, end: BodyEnd) {
        let mut passage = locked(&self.passage);
        if let Some(kept) = passage.kept(direction) {
            kept.end = Some(end);
        }
        if direction == Direction::ToClient {
            passage.finish();
            drop(passage);
            self.record.changed();
        }
    }

    /// How it went on the way to the server, up to the head of the answer.
    pub fn connected(&self, timings: Timings, connection: Option<Connection>) {
        let mut passage = locked(&self.passage);
        passage.timings = timings;
        passage.connection = connection;
    }

    /// How much of the answer is known.
    pub fn knows_of_answer(&self, recorded: Recorded) {
        let mut passage = locked(&self.passage);
        passage.recorded.response_headers = recorded;
        passage.recorded.response_body = recorded;
    }

    /// The answer: without us, as the client gets it, and as the server sent it. Where its body
    /// streams, it is over when that has ended.
    pub fn answered(&self, outcome: Outcome, client: Outcome, server: Option<Outcome>) {
        let mut passage = locked(&self.passage);
        passage.client_outcome = (client != outcome).then_some(client);
        passage.server_outcome = server.filter(|server| *server != outcome);
        passage.outcome = Some(outcome);
        if passage.answered.is_none() {
            passage.finish();
        }
        drop(passage);
        self.record.changed();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut passage = locked(&self.passage);
        if passage.over {
            return;
        }
        if passage.outcome.is_none() {
            passage.outcome = Some(Outcome::Failure(Failure {
                kind: FailureKind::Cancelled,
                message: "The client gave up before an answer came.".into(),
            }));
        }
        passage.finish();
        drop(passage);
        self.record.changed();
    }
}

impl Passage {
    fn kept(&mut self, direction: Direction) -> &mut Option<Kept> {
        match direction {
            Direction::ToServer => &mut self.asked,
            Direction::ToClient => &mut self.answered,
        }
    }

    fn finish(&mut self) {
        self.over = true;
        self.timings.total = self.begun.elapsed();
        if let Some(wait) = self.timings.wait
            && self.answered.is_some()
        {
            self.timings.receive = Some(self.timings.total.saturating_sub(wait));
        }
    }

    /// The answer whose content coding is still to be undone, with its body as it came.
    fn coded(&self) -> Option<(Response, Vec<u8>)> {
        let kept = self.answered.as_ref()?;
        let Some(Outcome::Response(head)) = &self.outcome else {
            return None;
        };
        let is_whole = kept.recorded() == Recorded::Whole && self.undone.is_none();
        let is_coded = head.header_value("content-encoding").is_some();
        (is_whole && is_coded).then(|| (head.clone(), kept.bytes.clone()))
    }

    /// `None` while there is no answer.
    fn exchange(&self) -> Option<Exchange> {
        let mut outcome = self.outcome.clone()?;
        let mut recorded = self.recorded;
        let mut request = self.request.clone();
        let mut sides = [&self.client_request, &self.server_request].map(Clone::clone);
        let mut outcomes = [&self.client_outcome, &self.server_outcome].map(Clone::clone);
        if let Some(kept) = &self.asked {
            recorded.request_body = kept.recorded();
            request.body = kept.body();
            for side in sides.iter_mut().flatten() {
                side.body = kept.body();
            }
        }
        if let Some(kept) = &self.answered {
            recorded.response_body = kept.recorded();
            for outcome in outcomes.iter_mut().flatten().chain([&mut outcome]) {
                if let Outcome::Response(Response { body, .. }) = outcome {
                    *body = self.undone.clone().unwrap_or_else(|| kept.body());
                }
            }
        }
        let [client, server] = sides;
        let [client_outcome, server_outcome] = outcomes;
        let side = |changed: Option<Request>, ended: Option<Outcome>| {
            (changed.is_some() || ended.is_some()).then(|| {
                Box::new(Side {
                    request: changed.unwrap_or_else(|| request.clone()),
                    outcome: ended.unwrap_or_else(|| outcome.clone()),
                })
            })
        };
        let (client_side, server_side) =
            (side(client, client_outcome), side(server, server_outcome));
        Some(Exchange {
            purpose: self.purpose.clone(),
            from: ParticipantId::CLIENT,
            to: ParticipantId::CLIENT,
            label: String::new(),
            edited: false,
            answer_edited: false,
            started: self.started,
            timings: self.timings.clone(),
            connection: self.connection.clone(),
            verdict: None,
            recorded,
            client_side,
            server_side,
            request,
            outcome,
        })
    }
}

impl Kept {
    /// A body that nobody waited for the end of is known as far as it came.
    fn recorded(&self) -> Recorded {
        if self.more || self.end.is_none() {
            Recorded::Incomplete
        } else {
            Recorded::Whole
        }
    }

    fn body(&self) -> Body {
        let mut body = Body::new(self.bytes.clone());
        if let (Some(end), false) = (&self.end, self.more) {
            body.end = end.clone();
        }
        body
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
