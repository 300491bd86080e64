//! The trace of a run, with the state of the flow before each step, so that going back is picking
//! an earlier one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use browser::Part;
use flow::{Flow, Plan};
use trace::{
    Decision, EntryKind, Exchange, Grant, Outcome, ParticipantId, Phase, Purpose, Request, Role,
    Side, Timestamp, Timings, Trace, Verdict, VerdictKind, origin_of,
};
use wire::{Fetched, Sent};

/// The trace and what is needed to go back in it.
pub(crate) struct Journal {
    pub trace: Trace,
    pub branch: u32,
    /// The flow before the entry of this number and later ones, of the present branch.
    states: Vec<(u32, Arc<Flow>)>,
}

/// What the user changed of an exchange.
#[derive(Default)]
pub(crate) struct ByHand {
    /// The request, before it was sent.
    pub edited: bool,
    /// The answer, before the flow saw it: what the server sent.
    pub answered: Option<Outcome>,
}

impl Journal {
    /// The run plays this client.
    pub fn play(&mut self, profile: &clients::Profile) {
        let what = format!(
            "played by Authscope, what is known of it is {}",
            profile.grade.words()
        );
        self.trace.client = trace::Client {
            name: profile.name.clone(),
            version: Some(profile.version.clone()).filter(|version| !version.is_empty()),
            evidence: vec![trace::Evidence { entry: None, what }],
        };
        if let Some(client) = self.trace.participants.first_mut() {
            client.name.clone_from(&profile.name);
        }
    }

    pub fn new(server_url: &str, now: Timestamp) -> Self {
        let mut trace = Trace::new(server_url, now);
        // Its lifeline is shown before anything was sent.
        if let Some(origin) = origin_of(server_url) {
            trace.participant(Role::McpServer, &origin);
        }
        Self {
            trace,
            branch: 0,
            states: Vec::new(),
        }
    }

    /// Keeps the flow as it is before the next entry.
    pub fn mark(&mut self, flow: Arc<Flow>) {
        let seq = self.trace.entries.len() as u32 + 1;
        self.states.retain(|(at, _)| *at < seq);
        self.states.push((seq, flow));
    }

    /// Abandons the step that made entry `seq` and all after it. Returns the flow as it was before
    /// that step, if the entry is one of the present branch.
    pub fn rewind(&mut self, seq: u32, now: Timestamp) -> Option<Arc<Flow>> {
        let live = self.trace.live().any(|entry| entry.seq == seq);
        let at = self
            .states
            .iter()
            .rposition(|(at, _)| *at <= seq)
            .filter(|_| live)?;
        let (to, flow) = self.states[at].clone();
        self.states.truncate(at);
        self.branch += 1;
        let phase = self
            .trace
            .entry(to)
            .map_or(Phase::Challenge, |entry| entry.phase);
        self.trace
            .push(now, self.branch, phase, EntryKind::Rewound { to });
        Some(flow)
    }

    pub fn decide(&mut self, now: Timestamp, phase: Phase, decision: Decision) {
        self.trace
            .push(now, self.branch, phase, EntryKind::Decision(decision));
    }

    pub fn push(&mut self, now: Timestamp, phase: Phase, kind: EntryKind) {
        self.trace.push(now, self.branch, phase, kind);
    }

    /// Records what the client sent.
    pub fn sent(&mut self, plan: &Plan, hand: ByHand, mut sent: Sent, verdict: Option<Verdict>) {
        if let Some(lost) = sent.lost.take() {
            let verdict = sent_again(&lost);
            let hand = ByHand {
                edited: hand.edited,
                answered: None,
            };
            self.sent(plan, hand, *lost, Some(verdict));
        }
        let to = self.addressee(&plan.purpose, &sent.request);
        let mut exchange = exchange(
            plan.purpose.clone(),
            ParticipantId::CLIENT,
            to,
            &plan.label,
            hand.edited,
            sent,
            verdict,
        );
        if let Some(outcome) = hand.answered {
            exchange.answer_edited = true;
            exchange.server_side = Some(Box::new(Side {
                request: exchange.request.clone(),
                outcome,
            }));
        }
        let at = exchange.started;
        self.push(at, plan.phase, EntryKind::Exchange(Box::new(exchange)));
    }

    /// Records a request of an earlier exchange that the user sent again. It is of no flow.
    pub fn sent_copy(
        &mut self,
        phase: Phase,
        original: &Exchange,
        label: &str,
        edited: bool,
        mut sent: Sent,
    ) {
        if let Some(lost) = sent.lost.take() {
            self.sent_copy(phase, original, label, edited, *lost);
        }
        let of = original.purpose.original().clone();
        let to = self.addressee(&of, &sent.request);
        let purpose = Purpose::Copy { of: Box::new(of) };
        let from = ParticipantId::CLIENT;
        let exchange = exchange(purpose, from, to, label, edited, sent, None);
        let at = exchange.started;
        let kind = EntryKind::Exchange(Box::new(exchange));
        self.trace.push_to(None, at, self.branch, phase, kind);
    }

    /// The trace as it is when this answer is added, to see what rules would say of it.
    pub fn trace_with(&self, plan: &Plan, sent: Sent) -> Trace {
        let mut with = Self {
            trace: self.trace.clone(),
            branch: self.branch,
            states: Vec::new(),
        };
        with.sent(plan, ByHand::default(), sent, None);
        with.trace
    }

    /// Records what the browser sent while an approver played it.
    pub fn browsed(&mut self, phase: Phase, mut sent: Sent) {
        if let Some(lost) = sent.lost.take() {
            self.browsed(phase, *lost);
        }
        let to = self.addressee(&Purpose::Authorization, &sent.request);
        let verdict = page_words(&sent.outcome);
        let exchange = exchange(
            Purpose::Authorization,
            ParticipantId::BROWSER,
            to,
            "",
            false,
            sent,
            verdict,
        );
        let at = exchange.started;
        self.push(at, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    /// Records that the authorization page was asked for without cookies, while the browser was
    /// waited for.
    pub fn probed(&mut self, phase: Phase, mut sent: Sent) {
        if let Some(lost) = sent.lost.take() {
            self.probed(phase, *lost);
        }
        let purpose = Purpose::AuthorizationProbe;
        let to = self.addressee(&purpose, &sent.request);
        let (from, verdict) = (ParticipantId::CLIENT, page_words(&sent.outcome));
        let exchange = exchange(purpose, from, to, "without cookies", false, sent, verdict);
        let at = exchange.started;
        self.push(at, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    /// Records what a watched browser requested.
    pub fn watched(&mut self, phase: Phase, hop: browser::Hop) {
        let (purpose, label) = match hop.part {
            Part::Page => (Purpose::Authorization, ""),
            Part::Frame => (Purpose::WithinPage, "in a frame"),
            Part::Script => (Purpose::WithinPage, "by a script"),
        };
        let to = self.addressee(&purpose, &hop.request);
        // A wrong password does not end the login: the user tries again.
        let verdict = page_words(&hop.outcome).map(|words| match words.kind {
            VerdictKind::Rejected => Verdict::moved_on(words.text),
            _ => words,
        });
        let sent = Sent {
            request: hop.request,
            outcome: hop.outcome,
            started: hop.started,
            timings: Timings {
                total: hop.total,
                ..Timings::default()
            },
            connection: None,
            lost: None,
        };
        let from = ParticipantId::BROWSER;
        let mut exchange = exchange(purpose, from, to, label, false, sent, verdict);
        exchange.recorded = hop.recorded;
        let at = exchange.started;
        self.push(at, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    /// Records the browser's request to the redirect URI.
    pub fn called_back(&mut self, phase: Phase, label: &str, sent: Sent, verdict: Option<Verdict>) {
        let (from, to) = (ParticipantId::BROWSER, ParticipantId::CLIENT);
        let exchange = exchange(Purpose::Callback, from, to, label, false, sent, verdict);
        let at = exchange.started;
        self.push(at, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    /// Records that our client metadata document was fetched: by the authorization server in use,
    /// as far as can be known.
    pub fn fetched(&mut self, issuer: Option<&str>, fetched: Fetched) {
        let origin = issuer.and_then(origin_of);
        let from = match origin {
            Some(origin) => self.trace.participant(Role::AuthorizationServer, &origin),
            None => self
                .trace
                .participant(Role::Other, &fetched.from.ip().to_string()),
        };
        let verdict = match fetched.response.status {
            200 => Verdict::accepted("our client metadata document"),
            status => Verdict::rejected(format!("status {status}")),
        };
        let sent = Sent {
            request: fetched.request,
            outcome: Outcome::Response(fetched.response),
            started: fetched.at,
            timings: Timings {
                total: fetched.took,
                ..Timings::default()
            },
            connection: None,
            lost: None,
        };
        let to = ParticipantId::CLIENT;
        let exchange = exchange(
            Purpose::ClientMetadata,
            from,
            to,
            "client metadata document",
            false,
            sent,
            Some(verdict),
        );
        let at = exchange.started;
        self.push(
            at,
            Phase::Registration,
            EntryKind::Exchange(Box::new(exchange)),
        );
    }

    fn addressee(&mut self, purpose: &Purpose, request: &Request) -> ParticipantId {
        let origin = origin_of(&request.url).unwrap_or_else(|| request.url.clone());
        let role = match purpose {
            Purpose::IdentityProviderMetadata { .. }
            | Purpose::Token {
                grant: Grant::TokenExchange,
            } => Role::IdentityProvider,
            Purpose::Unrelated | Purpose::Unknown => Role::Other,
            Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::ResourceMetadata { .. } => {
                self.mcp_server_or_other(&origin)
            }
            Purpose::Preflight { of } | Purpose::FromPage { of } if of.is_to_mcp_server() => {
                self.mcp_server_or_other(&origin)
            }
            Purpose::Authorization | Purpose::WithinPage | Purpose::AuthorizationProbe => {
                self.host_of_page(&origin, request)
            }
            _ => Role::AuthorizationServer,
        };
        self.trace.participant(role, &origin)
    }

    /// Whose page it is that a browser asks for on its way.
    fn host_of_page(&self, origin: &str, request: &Request) -> Role {
        let known = |role| {
            let mut all = self.trace.participants.iter();
            all.any(|known| known.role == role && known.origin.as_deref() == Some(origin))
        };
        let roles = [
            Role::AuthorizationServer,
            Role::McpServer,
            Role::IdentityProvider,
        ];
        if let Some(role) = roles.into_iter().find(|role| known(*role)) {
            return role;
        }
        let visits = self.trace.entries.iter().rev();
        let visit = visits.filter_map(|entry| match &entry.kind {
            EntryKind::BrowserOpened(visit) => origin_of(&visit.url),
            _ => None,
        });
        if visit.take(1).any(|sent_to| sent_to == origin) {
            Role::AuthorizationServer
        } else if asks_to_vouch(request) {
            Role::IdentityProvider
        } else {
            Role::Other
        }
    }

    fn mcp_server_or_other(&self, origin: &str) -> Role {
        let own = origin_of(&self.trace.server_url).is_some_and(|own| own == origin);
        if own { Role::McpServer } else { Role::Other }
    }
}

/// The data behind a lock, also after a panic elsewhere, which must not lose the record.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn exchange(
    purpose: Purpose,
    from: ParticipantId,
    to: ParticipantId,
    label: &str,
    edited: bool,
    sent: Sent,
    verdict: Option<Verdict>,
) -> Exchange {
    Exchange {
        purpose,
        from,
        to,
        label: label.into(),
        request: sent.request,
        edited,
        answer_edited: false,
        outcome: sent.outcome,
        started: sent.started,
        timings: sent.timings,
        connection: sent.connection,
        verdict,
        recorded: trace::Recording::default(),
        client_side: None,
        server_side: None,
    }
}

/// Whether an authorization server sends the user on with it, to be logged in there: an
/// authorization request of its own (RFC 6749 section 4.1.1), or one of SAML.
fn asks_to_vouch(request: &Request) -> bool {
    let mut fields = trace::query_pairs(&request.url);
    if request.method == "POST" {
        fields.extend(request.body.text().map(trace::pairs).unwrap_or_default());
    }
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    has("SAMLRequest") || (has("client_id") && (has("response_type") || has("request_uri")))
}

/// The words on a request whose connection the server had closed.
fn sent_again(lost: &Sent) -> Verdict {
    Verdict::moved_on(if lost.request.method == "GET" {
        "sent again on a new connection"
    } else {
        "may have been seen; sent again on a new connection"
    })
}

/// A few words on a page the browser got: where it was sent, or what kind of page it is.
fn page_words(outcome: &Outcome) -> Option<Verdict> {
    let Outcome::Response(response) = outcome else {
        return None;
    };
    if let Some(location) = response.header_value("location") {
        let target = location.split(['?', '#']).next().unwrap_or(location);
        return Some(Verdict::accepted(format!("→ {target}")));
    }
    let media = response.media_type()?;
    Some(match response.status {
        200..=299 => Verdict::accepted(media),
        _ => Verdict::rejected(media),
    })
}
