//! The task that runs a session: it alone moves the flow, sends, and appends to the trace.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use flow::{Client, Effect, Flow, Hand, Judged, Next, Seen, Setup};
use tokio::sync::{mpsc, watch};
use trace::{Decision, Phase, Request, StopCode, Timestamp};
use vault::Vault;
use wire::{CallbackListener, Sent, Wire};

use crate::contract::{AppError, ErrorCode};
use crate::course::Course;
use crate::documents::Documents;
use crate::journal::Journal;
use crate::judging::Judging;
use crate::options::Options;
use crate::report::Reporter;
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
    pub registered: Vec<Client>,
    /// What the approver does at a device's verification page.
    pub visited: Option<mpsc::UnboundedReceiver<Sent>>,
    pub edited: Option<Request>,
    pub running: bool,
    pub ended: bool,
    pub reporter: Reporter,
    resting: watch::Sender<bool>,
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
        let wire = Wire::new(&setup::wire_settings(&options))
            .map_err(|error| invalid(error.to_string()))?;
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
        let registered = flow.facts.registered.clone();
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
            registered,
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
        if let Some(thumbprint) = self.setup.certificate_thumbprint.clone() {
            let decision = Decision::ClientCertificate { thumbprint };
            lock(&self.journal).decide(now(), Phase::Challenge, decision);
        }
        if let Some(tokens) = &self.flow.facts.tokens {
            let expired = tokens.expired(now());
            let decision = Decision::StoredTokenUsed {
                expired,
                issuer: tokens.issuer.clone(),
                resource: Some(self.setup.server_url.clone()),
            };
            lock(&self.journal).decide(now(), Phase::Challenge, decision);
        }
        lock(&self.journal).mark(self.flow.state());
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
        // A request that leaves at once is told of with what led to it.
        let leaves = matches!(&*self.flow.next(&self.setup, now()), Next::Send(plan) if plan.not_before.is_none());
        if !(self.running && leaves) {
            self.report(None);
        }
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
                self.registered
                    .retain(|client| client.client_id != client_id);
            }
            Effect::OpenBrowser { url } => self.show_verification_page(url, phase),
        }
        self.reporter.read_tokens(&self.vault).await;
    }

    pub fn end(&mut self, phase: Phase) {
        self.ended = true;
        self.running = false;
        self.listener = None;
        lock(&self.journal).decide(now(), phase, Decision::Ended);
        self.report(None);
    }

    /// The phase the flow is in, or was in last.
    pub fn phase(&mut self) -> Phase {
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
