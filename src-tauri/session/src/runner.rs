//! The task that runs a session: it alone moves the flow, sends, and appends to the trace.

use std::sync::{Arc, Mutex};

use flow::{Client, Effect, Flow, Next, Setup, StepOutcome, Transition};
use tokio::sync::{mpsc, watch};
use trace::{Decision, Phase, Request, StopCode};
use vault::{Key, TokenSet, Vault};
use wire::{BrowserMemory, CallbackListener, Wire};

use crate::breakpoints::{Breakpoint, KnownFindings};
use crate::documents::Documents;
use crate::env::{judge, now};
use crate::error::{AppError, invalid};
use crate::inbox::{Inbox, Stop};
use crate::journal::{Journal, lock};
use crate::report::Reporter;
use crate::state::{Event, Status};
use crate::typed_secrets::TypedSecrets;
use crate::visit::Visit;
use crate::{setup, tokens};
use flow::options::Options;

pub(crate) struct Runner {
    pub options: Options,
    pub setup: Setup,
    pub wire: Wire,
    pub vault: Vault,
    pub journal: Arc<Mutex<Journal>>,
    pub flow: Arc<Flow>,
    pub listener: Option<CallbackListener>,
    /// Our client metadata document, where we serve it ourselves.
    pub documents: Option<Documents>,
    /// Clients registered in this session, on whatever branch, that can be deleted again.
    pub registered: Vec<Client>,
    /// What the approver remembers.
    pub browser: BrowserMemory,
    /// The approver at a device's verification page.
    pub visit: Option<Visit>,
    pub edited: Option<Request>,
    pub breakpoints: Vec<Breakpoint>,
    /// Where the run waits; it goes on from there without meeting it again.
    pub at_breakpoint: Option<Breakpoint>,
    /// Of a breakpoint at findings.
    pub known_findings: KnownFindings,
    pub running: bool,
    /// The user stopped the run before its end.
    pub ended: bool,
    pub typed_secrets: TypedSecrets,
    pub reporter: Reporter,
    pub inbox: Inbox,
    pub resting: watch::Sender<bool>,
}

/// A change of what the vault holds.
enum VaultChange {
    Keep(Box<TokenSet>),
    Forget(Key),
}

impl Runner {
    pub fn new(
        options: Options,
        vault: Vault,
        events: mpsc::UnboundedSender<Event>,
        inbox: Inbox,
        resting: watch::Sender<bool>,
    ) -> Result<Self, AppError> {
        let mut setup = setup::setup(&options)?;
        // What is set because a client is played was not chosen by the user.
        let own = setup::checked(&options)?.own();
        // From here on the options are those that were checked.
        let options = setup.options.clone();
        let wire = Wire::new(&setup::wire_settings(&options))
            .map_err(|error| invalid(error.to_string()))?;
        let documents = Documents::open(&options)?;
        if let Some(documents) = &documents {
            setup.client_metadata_url = Some(documents.url().to_owned());
        }
        setup.certificate_thumbprint = wire.client_certificate_thumbprint();
        let typed_secrets = TypedSecrets::default();
        typed_secrets.learn(&options, &setup);
        let mut journal = Journal::new(&setup.server_url, now());
        journal.trace.own_options = own;
        if let Some(profile) = setup.profile {
            journal.play(profile);
        }
        let journal = Arc::new(Mutex::new(journal));
        let reporter = Reporter::new(events, &vault);
        Ok(Self {
            options,
            flow: Flow::new(&setup).into(),
            setup,
            wire,
            vault,
            journal,
            listener: None,
            documents,
            registered: Vec::new(),
            browser: BrowserMemory::default(),
            visit: None,
            edited: None,
            breakpoints: Vec::new(),
            at_breakpoint: None,
            known_findings: KnownFindings::default(),
            running: false,
            ended: false,
            typed_secrets,
            reporter,
            inbox,
            resting,
        })
    }

    pub fn journal(&self) -> Arc<Mutex<Journal>> {
        self.journal.clone()
    }

    /// Lives until the session's handle is dropped.
    pub async fn live(mut self) {
        if let Err(stop) = self.prepare().await {
            self.end(stop).await;
        }
        loop {
            if self.running && !self.breaks() {
                match self.step().await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(stop) => self.end(stop).await,
                }
            }
            self.running = false;
            self.report(None);
            self.resting.send_replace(true);
            let Some((command, reply)) = self.inbox.recv().await else {
                return;
            };
            self.resting.send_replace(false);
            let steps = match self.command_at_rest(command).await {
                Ok((result, steps)) => {
                    let _ = reply.send(result);
                    steps
                }
                Err(stop) => {
                    self.end(stop).await;
                    let _ = reply.send(Ok(()));
                    false
                }
            };
            if steps {
                match self.step().await {
                    // A breakpoint that the user reaches step by step does not stop the run again
                    // when it goes on.
                    Ok(_) if !self.running => drop(self.breaks()),
                    Ok(_) => {}
                    Err(stop) => self.end(stop).await,
                }
            }
        }
    }

    /// Records what is settled before the first request, and takes the tokens that are kept.
    async fn prepare(&mut self) -> Result<(), Stop> {
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
        let vault = self.vault.clone();
        let listed = self.attend_keychain(vault.list()).await?;
        let stored = match &listed {
            Ok(sets) if self.options.use_stored_token => {
                tokens::stored(sets, &self.setup, &self.options)
            }
            _ => None,
        };
        self.reporter.tokens_read(&vault, listed);
        if let Some((tokens, client)) = stored {
            let expired = tokens.expired(now());
            let decision = Decision::StoredTokenUsed {
                expired,
                issuer: tokens.issuer.clone(),
                resource: Some(self.setup.server_url.clone()),
            };
            self.flow = Flow::with_stored(&self.setup, tokens, client, now()).into();
            self.registered.clone_from(&self.flow.facts.registered);
            lock(&self.journal).decide(now(), Phase::Challenge, decision);
        }
        lock(&self.journal).mark(self.flow.clone());
        Ok(())
    }

    /// One step. False when there is none to do.
    async fn step(&mut self) -> Result<bool, Stop> {
        if self.ended {
            return Ok(false);
        }
        self.at_breakpoint = None;
        match &self.flow.next(&self.setup) {
            Next::Send(plan) => return self.send(plan.clone()).await,
            Next::SendBoth(plans) => self.send_both(plans).await?,
            Next::Browse(plan) => self.browse(plan.clone()).await?,
            Next::Listen | Next::Stopped { .. } | Next::Done { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// Takes over what a step came to, and opens the listener when that is what comes next.
    pub async fn take(&mut self, judged: Transition, phase: Phase) -> Result<(), Stop> {
        self.decide(judged, phase).await?;
        while self.flow.next(&self.setup) == Next::Listen {
            let opened = self.listen();
            if let (Some(documents), Ok(redirect_uri)) = (&self.documents, &opened) {
                documents.show(&self.setup, Some(redirect_uri));
            }
            let seen = match &opened {
                Ok(redirect_uri) => StepOutcome::Listening { redirect_uri },
                Err(message) => StepOutcome::Failed {
                    code: StopCode::ListenerFailed,
                    message,
                },
            };
            let judged = judge(&self.flow, &self.setup, seen);
            self.decide(judged, Phase::Registration).await?;
        }
        lock(&self.journal).mark(self.flow.clone());
        let next = self.flow.next(&self.setup);
        if matches!(next, Next::Stopped { .. } | Next::Done { .. }) {
            // The end is reported as such, not as a run that goes on.
            self.running = false;
            // Nothing is to come back now; where the user goes on, it is opened again.
            self.listener = None;
        }
        // A request that is sent at once is reported together with what led to it.
        let sends_at_once = matches!(&next, Next::Send(plan) if plan.not_before.is_none());
        if !(self.running && sends_at_once) {
            self.report(None);
        }
        Ok(())
    }

    async fn decide(&mut self, judged: Transition, phase: Phase) -> Result<(), Stop> {
        for decision in judged.decisions {
            lock(&self.journal).decide(now(), phase, decision);
        }
        self.flow = judged.flow.into();
        let mut changes = Vec::new();
        for effect in judged.effects {
            match effect {
                Effect::Store {
                    issuer,
                    tokens,
                    client,
                } => {
                    let set = tokens::token_set(&self.setup.server_url, issuer, *tokens, *client);
                    changes.push(VaultChange::Keep(Box::new(set)));
                }
                Effect::Forget { issuer, client_id } => changes.push(VaultChange::Forget(Key {
                    issuer,
                    resource: self.setup.server_url.clone(),
                    client_id,
                })),
                Effect::Registered { client } => self.registered.push(*client),
                Effect::Unregistered { client_id } => {
                    self.registered
                        .retain(|client| client.client_id != client_id);
                }
                Effect::OpenBrowser { url } => self.show_verification_page(url, phase),
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.change_vault(changes, phase).await
    }

    async fn change_vault(&mut self, changes: Vec<VaultChange>, phase: Phase) -> Result<(), Stop> {
        let to_keep = changes
            .iter()
            .filter(|change| matches!(change, VaultChange::Keep(_)))
            .count();
        let vault = self.vault.clone();
        // A task of its own: what was begun is finished also when the user stops the run meanwhile,
        // so that no tokens get lost.
        let work = tokio::spawn(async move {
            let mut kept = Vec::new();
            for change in changes {
                match change {
                    VaultChange::Keep(set) => kept.push(vault.put(*set).await),
                    VaultChange::Forget(key) => {
                        if let Err(error) = vault.delete(&key).await {
                            tracing::warn!(%error, "tokens could not be deleted");
                        }
                    }
                }
            }
            (kept, vault.list().await)
        });
        let name = self.vault.status().name;
        let answered = self.attend_keychain(work).await;
        let places = match &answered {
            Ok(Ok((kept, _))) => kept
                .iter()
                .map(|kept| match kept {
                    Ok(()) => name.clone(),
                    Err(error) => format!("memory for this run only: {error}"),
                })
                .collect(),
            Ok(Err(broken)) => vec![format!("memory for this run only: {broken}"); to_keep],
            Err(_) => vec![format!("{name}, which had not answered when the run ended"); to_keep],
        };
        for place in places {
            lock(&self.journal).decide(now(), phase, Decision::TokensStored { place });
        }
        if let Ok((_, listed)) = answered? {
            self.reporter.tokens_read(&self.vault, listed);
        }
        Ok(())
    }

    /// Ends a run that was stopped by the user; one that is over already stays as it is.
    async fn end(&mut self, stop: Stop) {
        self.running = false;
        self.listener = None;
        let phase = self.phase();
        if let Some(visit) = &mut self.visit {
            visit.end().await;
        }
        self.record_visits();
        self.record_fetches();
        self.visit = None;
        let next = self.flow.next(&self.setup);
        if !self.ended && !matches!(&next, Next::Stopped { .. } | Next::Done { .. }) {
            self.ended = true;
            lock(&self.journal).decide(now(), phase, Decision::Ended);
        }
        self.report(None);
        stop.answer();
    }

    /// The phase the flow is in, or was in last.
    pub fn phase(&mut self) -> Phase {
        match &self.flow.next(&self.setup) {
            Next::Send(plan) | Next::Browse(plan) => plan.phase,
            Next::SendBoth(plans) => plans[0].phase,
            _ => lock(&self.journal)
                .trace
                .entries
                .last()
                .map_or(Phase::Challenge, |entry| entry.phase),
        }
    }

    /// Reports what changed. `status` is for what is under way; without it the flow says.
    pub fn report(&mut self, status: Option<Status>) {
        let next = self.flow.next(&self.setup);
        let journal = lock(&self.journal);
        self.reporter.send(crate::report::Snapshot {
            journal: &journal,
            flow: &self.flow,
            next: &next,
            status,
            running: self.running,
            ended: self.ended,
            breakpoints: &self.breakpoints,
            at_breakpoint: self.at_breakpoint.as_ref(),
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
