//! The task that runs a session: it alone moves the flow, sends, and appends to the trace.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use flow::{Client, Effect, Flow, Hand, Judged, Next, Plan, Seen, Setup};
use tokio::sync::{mpsc, watch};
use trace::{Decision, Failure, FailureKind, Outcome, Phase, Request, StopCode, Timestamp, Timings};
use vault::Vault;
use wire::{CallbackListener, Sent, Wire};

use crate::contract::{AppError, ErrorCode};
use crate::course::Course;
use crate::documents::Documents;
use crate::journal::Journal;
use crate::judging::Judging;
use crate::options::{Action, ClientMetadata, Options, Registration};
use crate::report::Reporter;
use crate::rows::action_title;
use crate::session::{Command, Reply, lock};
use crate::view::{Status, Update};
use crate::{setup, tokens};

pub(crate) type Inbox = mpsc::UnboundedReceiver<(Command, Reply)>;

pub(crate) struct Runner {
    pub options: Options,
    pub setup: Setup,
    pub wire: Wire,
    pub vault: Vault,
    pub journal: Arc<Mutex<Journal>>,
    pub flow: Course,
    pub listener: Option<CallbackListener>,
    /// Our client metadata document, where we serve it ourselves.
    pub documents: Option<Documents>,
    /// Clients registered in this session, on whatever branch, that can be deleted again.
    registered: Vec<Client>,
    /// What the approver does at a device's verification page.
    pub visited: Option<mpsc::UnboundedReceiver<Sent>>,
    pub edited: Option<Request>,
    pub running: bool,
    pub ended: bool,
    pub reporter: Reporter,
    resting: watch::Sender<bool>,
}

/// How a wait ended.
enum Waited {
    Long,
    Paused,
    BrokenOff,
}

/// What a command that came in the middle of a step means for it.
pub(crate) enum Meanwhile {
    GoOn,
    BreakOff,
}

impl Runner {
    pub async fn new(
        options: Options,
        vault: Vault,
        run: u32,
        updates: mpsc::UnboundedSender<Update>,
        resting: watch::Sender<bool>,
    ) -> Result<Self, AppError> {
        let mut setup = setup::setup(&options)?;
        let wire = Wire::new(&setup::wire_settings(&options)).map_err(|error| invalid(error.to_string()))?;
        let documents = Documents::open(&options.client_metadata)?;
        if let Some(documents) = &documents {
            setup.client_metadata_url = Some(documents.url().to_owned());
        }
        setup.certificate_thumbprint = wire.client_certificate_thumbprint();
        tokens::check_callback(&options.callback)?;
        let stored = match options.use_stored_token {
            true => tokens::stored(&vault, &setup, &options).await,
            false => None,
        };
        let flow = match stored {
            Some((tokens, client)) => Flow::with_stored(&setup, tokens, client),
            None => Flow::new(&setup),
        };
        let journal = Arc::new(Mutex::new(Journal::new(&setup.server_url, now())));
        let reporter = Reporter::new(run, Judging::start(journal.clone(), updates), &vault);
        Ok(Self {
            options,
            setup,
            wire,
            vault,
            journal,
            flow: flow.into(),
            listener: None,
            documents,
            registered: Vec::new(),
            visited: None,
            edited: None,
            running: false,
            ended: false,
            reporter,
            resting,
        })
    }

    pub fn journal(&self) -> Arc<Mutex<Journal>> {
        self.journal.clone()
    }

    /// Lives until the session's handle is dropped.
    pub async fn live(mut self, mut inbox: Inbox) {
        self.reporter.read_tokens(&self.vault).await;
        if let Some(revision) = self.setup.revision {
            let decision = Decision::Revision {
                revision,
                why: "as chosen".into(),
            };
            lock(&self.journal).decide(now(), Phase::Challenge, decision);
        }
        if let Some(tokens) = &self.flow.facts.tokens {
            let expired = tokens.expired(now());
            let decision = Decision::StoredTokenUsed { expired };
            lock(&self.journal).decide(now(), Phase::Challenge, decision);
        }
        lock(&self.journal).mark(self.flow.state());
        self.report(None);
        loop {
            if self.running && self.step(&mut inbox).await {
                continue;
            }
            self.running = false;
            self.report(None);
            self.reporter.told().await;
            self.resting.send_replace(true);
            let Some((command, reply)) = inbox.recv().await else {
                return;
            };
            self.resting.send_replace(false);
            let (result, steps) = self.obey(command).await;
            self.reporter.told().await;
            let _ = reply.send(result);
            if steps {
                self.step(&mut inbox).await;
            }
        }
    }

    /// One step. False when there is none to do.
    async fn step(&mut self, inbox: &mut Inbox) -> bool {
        if self.ended {
            return false;
        }
        match &*self.flow.next(&self.setup, now()) {
            Next::Send(plan) => return self.send(plan.clone(), inbox).await,
            Next::SendBoth(plans) => self.send_both(plans).await,
            Next::Browse(plan) => self.browse(plan.clone(), inbox).await,
            Next::Listen | Next::Stopped { .. } | Next::Done { .. } => return false,
        }
        true
    }

    /// False when it was not sent after all.
    async fn send(&mut self, mut plan: Plan, inbox: &mut Inbox) -> bool {
        if let Some(not_before) = plan.not_before {
            match self.wait(not_before, inbox).await {
                // What in the request tells the time is told anew after a long wait.
                Waited::Long => {
                    if let Next::Send(renewed) = &*self.flow.next(&self.setup, now()) {
                        plan = renewed.clone();
                    }
                }
                Waited::Paused => return false,
                Waited::BrokenOff => {
                    self.end(plan.phase);
                    return false;
                }
            }
        }
        let edited = self.edited.take();
        let request = edited
            .clone()
            .unwrap_or_else(|| self.wire.complete(&plan.request));
        self.report(Some(Status::Sending));
        let started = now();
        let wire = self.wire.clone();
        let sending = wire.send(request.clone());
        tokio::pin!(sending);
        let sent = loop {
            tokio::select! {
                sent = &mut sending => break Some(sent),
                Some((command, reply)) = inbox.recv() => {
                    if let Meanwhile::BreakOff = self.meanwhile(command, reply) {
                        break None;
                    }
                }
            }
        };
        let broken_off = sent.is_none();
        let sent = sent.unwrap_or_else(|| cancelled(request, started));
        let judged = match broken_off {
            true => None,
            false => {
                let seen = Seen::Answer {
                    request: &sent.request,
                    outcome: &sent.outcome,
                };
                Some(judge(&self.flow, &self.setup, seen))
            }
        };
        let verdict = judged.as_ref().and_then(|judged| judged.verdict.clone());
        self.record_fetches();
        self.record_visits();
        lock(&self.journal).sent(&plan, edited.is_some(), sent, verdict);
        match judged {
            Some(judged) => self.take(judged, plan.phase).await,
            None => self.end(plan.phase),
        }
        true
    }

    /// Sends two requests at the same time.
    async fn send_both(&mut self, plans: &[Plan; 2]) {
        self.edited = None;
        self.report(Some(Status::Sending));
        let [first, second] = plans;
        let send = |plan: &Plan| {
            let (wire, request) = (self.wire.clone(), self.wire.complete(&plan.request));
            async move { wire.send(request).await }
        };
        let (one, other) = tokio::join!(send(first), send(second));
        let seen = Seen::Answers([&one.outcome, &other.outcome]);
        let judged = judge(&self.flow, &self.setup, seen);
        {
            let mut journal = lock(&self.journal);
            journal.sent(first, false, one, judged.verdict.clone());
            journal.sent(second, false, other, judged.second_verdict.clone());
        }
        self.take(judged, first.phase).await;
    }

    /// Lets the time pass until a request may be sent.
    async fn wait(&mut self, until: Timestamp, inbox: &mut Inbox) -> Waited {
        let status = self.waiting_status(until);
        self.report(Some(status));
        let timer = tokio::time::sleep(until.since(now()));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => return Waited::Long,
                Some((command, reply)) = inbox.recv() => {
                    let paused = matches!(command, Command::Pause);
                    let opened = matches!(command, Command::OpenBrowser);
                    if opened {
                        let _ = reply.send(self.open_verification_page());
                        continue;
                    }
                    match self.meanwhile(command, reply) {
                        Meanwhile::BreakOff => return Waited::BrokenOff,
                        Meanwhile::GoOn if paused => return Waited::Paused,
                        Meanwhile::GoOn => {}
                    }
                }
            }
        }
    }

    fn waiting_status(&self, next_poll: Timestamp) -> Status {
        match &self.flow.facts.device {
            Some(device) => Status::AwaitingDevice {
                user_code: device.user_code.clone(),
                verification_uri: device.verification_uri.clone(),
                verification_uri_complete: device.verification_uri_complete.clone(),
                deadline: device.expires_at,
                next_poll,
            },
            None => Status::Sending,
        }
    }

    /// Records who fetched our client metadata document in the meantime.
    pub fn record_fetches(&mut self) {
        let Some(documents) = &mut self.documents else {
            return;
        };
        let issuer = self.flow.facts.issuer.as_deref();
        while let Some(fetched) = documents.fetched() {
            lock(&self.journal).fetched(issuer, fetched);
        }
    }

    /// Takes over what a step came to, and opens the listener when that is what comes next.
    pub async fn take(&mut self, judged: Judged, phase: Phase) {
        self.decide(judged, phase).await;
        while *self.flow.next(&self.setup, now()) == Next::Listen {
            let opened = self.listen();
            if let (Some(documents), Ok(redirect_uri)) = (&self.documents, &opened) {
                documents.show(&self.setup, Some(redirect_uri));
            }
            let judged = match opened {
                Ok(redirect_uri) => judge(
                    &self.flow,
                    &self.setup,
                    Seen::Listening {
                        redirect_uri: &redirect_uri,
                    },
                ),
                Err(message) => judge(
                    &self.flow,
                    &self.setup,
                    Seen::Failed {
                        code: StopCode::ListenerFailed,
                        message: &message,
                    },
                ),
            };
            self.decide(judged, Phase::Registration).await;
        }
        lock(&self.journal).mark(self.flow.state());
        self.report(None);
    }

    async fn decide(&mut self, judged: Judged, phase: Phase) {
        for decision in judged.decisions {
            lock(&self.journal).decide(now(), phase, decision);
        }
        self.flow = judged.flow.into();
        for effect in judged.effects {
            self.carry_out(effect, phase).await;
        }
    }

    async fn carry_out(&mut self, effect: Effect, phase: Phase) {
        match effect {
            Effect::Store {
                issuer,
                tokens,
                client,
            } => {
                let set = tokens::token_set(&self.setup.server_url, issuer, *tokens, *client);
                let place = match self.vault.put(set).await {
                    Ok(()) => self.vault.status().name,
                    Err(error) => format!("memory for this run only: {error}"),
                };
                lock(&self.journal).decide(now(), phase, Decision::TokensStored { place });
            }
            Effect::Forget { issuer, client_id } => {
                let key = vault::Key {
                    issuer,
                    resource: self.setup.server_url.clone(),
                    client_id,
                };
                if let Err(error) = self.vault.delete(&key).await {
                    tracing::warn!(%error, "tokens could not be deleted");
                }
            }
            Effect::Registered { client } => self.registered.push(*client),
            Effect::Unregistered { client_id } => {
                self.registered.retain(|client| client.client_id != client_id);
            }
            Effect::OpenBrowser { url } => self.show_verification_page(url, phase),
        }
        self.reporter.read_tokens(&self.vault).await;
    }

    /// Carries out a command between two steps. True with it: a step is to be done.
    async fn obey(&mut self, command: Command) -> (Result<(), AppError>, bool) {
        let next = self.flow.next(&self.setup, now());
        let has_step = matches!(*next, Next::Send(_) | Next::SendBoth(_) | Next::Browse(_)) && !self.ended;
        let nothing_to_do = || not_now("There is no step to do: the run is over.");
        match command {
            Command::Next if has_step => (Ok(()), true),
            Command::Run if has_step => {
                self.running = true;
                (Ok(()), false)
            }
            Command::Next | Command::Run => (Err(nothing_to_do()), false),
            Command::Pause => (Ok(()), false),
            Command::Stop => {
                if !self.ended {
                    let phase = self.phase();
                    self.end(phase);
                }
                (Ok(()), false)
            }
            Command::GoOn => match self.flow.to_owned().go_on_anyway().filter(|_| !self.ended) {
                Some(judged) => {
                    let phase = self.phase();
                    self.take(judged, phase).await;
                    (Ok(()), false)
                }
                None => (
                    Err(not_now(
                        "The flow has not stopped at a place where one can go on.",
                    )),
                    false,
                ),
            },
            Command::Rewind(seq) => (self.rewind(seq), false),
            Command::Edit(request) => (self.edit(request, has_step), false),
            Command::PasteCallback(_) | Command::OpenBrowser => {
                (Err(not_now("No callback is being waited for.")), false)
            }
            Command::Act(action) => (self.act(action).await, false),
            Command::ChooseAuthorizationServer(issuer) => {
                (self.choose_authorization_server(issuer).await, false)
            }
            Command::ChooseRegistration(registration) => {
                (self.choose_registration(registration).await, false)
            }
            Command::Replay => {
                self.reporter.forget();
                self.report(None);
                (Ok(()), false)
            }
            Command::TokensChanged => {
                self.reporter.read_tokens(&self.vault).await;
                self.report(None);
                (Ok(()), false)
            }
        }
    }

    /// Answers a command that came while a request was under way.
    pub fn meanwhile(&mut self, command: Command, reply: Reply) -> Meanwhile {
        let (result, meanwhile) = match command {
            Command::Stop => (Ok(()), Meanwhile::BreakOff),
            Command::Pause => {
                self.running = false;
                (Ok(()), Meanwhile::GoOn)
            }
            Command::Run => {
                self.running = true;
                (Ok(()), Meanwhile::GoOn)
            }
            Command::TokensChanged => (Ok(()), Meanwhile::GoOn),
            Command::Replay => {
                self.reporter.forget();
                self.report(self.reporter.last_status());
                (Ok(()), Meanwhile::GoOn)
            }
            _ => (Err(not_now("A request is under way.")), Meanwhile::GoOn),
        };
        let _ = reply.send(result);
        meanwhile
    }

    async fn act(&mut self, action: Action) -> Result<(), AppError> {
        let kind = action.kind;
        let action = flow::Action {
            kind,
            call: action.call.as_ref().map(setup::call),
        };
        let mut flow = self.flow.to_owned();
        flow.facts.registered.clone_from(&self.registered);
        let begun = flow.act(&self.setup, action);
        let begun = begun.ok_or_else(|| not_now(&format!("{}: not possible here.", action_title(kind))))?;
        self.ended = false;
        self.take(begun, Phase::Extra).await;
        self.running = matches!(
            *self.flow.next(&self.setup, now()),
            Next::Send(_) | Next::SendBoth(_) | Next::Browse(_)
        );
        Ok(())
    }

    async fn choose_authorization_server(&mut self, issuer: String) -> Result<(), AppError> {
        let chosen = self
            .flow
            .clone()
            .with_authorization_server(&issuer)
            .filter(|_| !self.ended);
        let offered = "authorization server: expected one that the resource metadata names, got";
        let chosen = chosen.ok_or_else(|| invalid(format!("{offered} \"{issuer}\"")))?;
        self.setup.issuer = Some(issuer);
        self.edited = None;
        self.take(chosen, Phase::ServerMetadata).await;
        Ok(())
    }

    async fn choose_registration(&mut self, chosen: Registration) -> Result<(), AppError> {
        let registration = setup::registration(&chosen)?;
        if registration == flow::Registration::Cimd
            && self.documents.is_none()
            && self.setup.client_metadata_url.is_none()
        {
            // Nothing was arranged for it: we serve the document ourselves.
            let here = ClientMetadata {
                serve: true,
                ..ClientMetadata::default()
            };
            self.documents = Documents::open(&here)?;
            self.setup.client_metadata_url = self
                .documents
                .as_ref()
                .map(|documents| documents.url().to_owned());
        }
        let again = self.flow.to_owned().registering_anew().filter(|_| !self.ended);
        let again = again.ok_or_else(|| not_now("There is no authorization server to register with yet."))?;
        self.setup.registration = registration;
        self.options.registration = chosen;
        self.edited = None;
        self.take(again, Phase::Registration).await;
        Ok(())
    }

    fn rewind(&mut self, seq: u32) -> Result<(), AppError> {
        let gone = format!("row {seq}: expected a row of the present branch, got one that is not");
        let flow = lock(&self.journal)
            .rewind(seq, now())
            .ok_or_else(|| invalid(gone))?;
        let flow = Flow::clone(&flow).renewed(&mut Hand {
            now: now(),
            random: &mut random,
        });
        self.flow = flow.into();
        self.edited = None;
        self.ended = false;
        self.listener = None;
        lock(&self.journal).mark(self.flow.state());
        self.report(None);
        Ok(())
    }

    fn edit(&mut self, request: Option<Request>, has_step: bool) -> Result<(), AppError> {
        if !has_step {
            return Err(not_now("There is no request to change."));
        }
        if let Some(request) = &request {
            wire::check(request).map_err(invalid)?;
        }
        self.edited = request;
        self.report(None);
        Ok(())
    }

    pub fn end(&mut self, phase: Phase) {
        self.ended = true;
        self.running = false;
        self.listener = None;
        lock(&self.journal).decide(now(), phase, Decision::Ended);
        self.report(None);
    }

    /// The phase the flow is in, or was in last.
    fn phase(&mut self) -> Phase {
        match &*self.flow.next(&self.setup, now()) {
            Next::Send(plan) | Next::Browse(plan) => plan.phase,
            Next::SendBoth(plans) => plans[0].phase,
            _ => lock(&self.journal)
                .trace
                .entries
                .last()
                .map_or(Phase::Challenge, |entry| entry.phase),
        }
    }

    /// Tells what changed. `status` is for what is under way; none: what the flow says.
    pub fn report(&mut self, status: Option<Status>) {
        let next = self.flow.next(&self.setup, now());
        let journal = lock(&self.journal);
        self.reporter.send(crate::report::Situation {
            journal: &journal,
            flow: &self.flow,
            next: &next,
            status,
            running: self.running,
            ended: self.ended,
            edited: self.edited.as_ref(),
            setup: &self.setup,
            registered: self.registered.len(),
            listening: self
                .listener
                .as_ref()
                .map(|listener| listener.redirect_uri().to_owned()),
            wire: &self.wire,
        });
    }
}

/// Judges with the real clock and real dice.
pub(crate) fn judge(flow: &Flow, setup: &Setup, seen: Seen<'_>) -> Judged {
    flow.clone().judge(
        setup,
        seen,
        &mut Hand {
            now: now(),
            random: &mut random,
        },
    )
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

pub(crate) fn invalid(message: impl Into<String>) -> AppError {
    AppError {
        code: ErrorCode::Invalid,
        message: message.into(),
        hint: None,
    }
}

pub(crate) fn not_now(message: &str) -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: message.into(),
        hint: None,
    }
}

pub(crate) fn random(bytes: &mut [u8]) {
    use rand::RngCore as _;
    rand::rng().fill_bytes(bytes);
}

fn cancelled(request: Request, started: Timestamp) -> Sent {
    let failure = Failure {
        kind: FailureKind::Cancelled,
        message: "Broken off by the user.".into(),
    };
    let total = now().since(started);
    Sent {
        request,
        outcome: Outcome::Failure(failure),
        started,
        timings: Timings {
            total,
            ..Timings::default()
        },
        connection: None,
    }
}
