//! Reports what happened, each change once and in order.

use std::sync::Arc;

use flow::{Flow, Next, Setup};
use tokio::sync::mpsc;
use trace::{Phase, Request};
use vault::{TokenSet, Vault, VaultError};
use wire::Wire;

use crate::breakpoints::Breakpoint;
use crate::ended::ended_message;
use crate::journal::Journal;
use crate::secrets::secrets_in;
use crate::state::{Event, Keep, NextStep, RunState, ServerView, Status, VaultView};
use crate::tokens::Shown;
use crate::typed_secrets::TypedSecrets;

pub(crate) struct Reporter {
    events: mpsc::UnboundedSender<Event>,
    vault: VaultView,
    tokens: Shown,
    /// How many entries and participants were reported already.
    entries: usize,
    participants: usize,
    state: Option<Arc<RunState>>,
    /// The status that was reported last.
    status: Option<Status>,
    /// The redirect URI while a callback is waited for.
    pub listening: Option<String>,
    /// Who is given the record first.
    pub keep: Option<(Keep, TypedSecrets)>,
}

/// Where the session stands, as the runner sees it.
pub(crate) struct Snapshot<'a> {
    pub journal: &'a Journal,
    pub flow: &'a Flow,
    pub next: &'a Next,
    pub status: Option<Status>,
    pub running: bool,
    pub ended: bool,
    pub breakpoints: &'a [Breakpoint],
    pub at_breakpoint: Option<&'a Breakpoint>,
    pub edited: Option<&'a Request>,
    pub setup: &'a Setup,
    /// How many clients of this session are still registered.
    pub registered: usize,
    pub listening: Option<String>,
    pub wire: &'a Wire,
}

impl Reporter {
    pub fn new(events: mpsc::UnboundedSender<Event>, vault: &Vault) -> Self {
        Self {
            events,
            vault: vault_view(vault),
            tokens: Shown::default(),
            entries: 0,
            participants: 0,
            state: None,
            status: None,
            listening: None,
            keep: None,
        }
    }

    /// Keeps what the vault listed.
    pub fn tokens_read(&mut self, vault: &Vault, listed: Result<Vec<TokenSet>, VaultError>) {
        self.vault = vault_view(vault);
        match listed {
            Ok(sets) => self.tokens = Shown::of(&sets),
            // Those that were read before are still shown, with the reason beside them.
            Err(error) => {
                tracing::warn!(%error, "tokens could not be listed");
                self.vault.problem = Some(error.to_string());
            }
        }
    }

    pub fn last_status(&self) -> Option<Status> {
        self.status.clone()
    }

    /// Reports what is new, if anything is.
    pub fn send(&mut self, now: Snapshot<'_>) {
        let trace = &now.journal.trace;
        let entries = trace.entries[self.entries..].to_vec();
        self.entries = trace.entries.len();
        let participants =
            (trace.participants.len() != self.participants).then(|| trace.participants.clone());
        self.participants = trace.participants.len();
        if let Some((keep, typed)) = &mut self.keep
            && (!entries.is_empty() || participants.is_some())
        {
            keep(trace, &typed.all());
        }
        let state = Arc::new(self.state(&now));
        self.status = now.status;
        let state = (self.state.as_ref() != Some(&state)).then(|| {
            self.state = Some(state.clone());
            state
        });
        if entries.is_empty() && participants.is_none() && state.is_none() {
            return;
        }
        // Nobody listening means that the document is closed; then the run ends, too.
        let _ = self.events.send(Event {
            entries,
            participants,
            state,
        });
    }

    fn state(&self, now: &Snapshot<'_>) -> RunState {
        let facts = &now.flow.facts;
        let status = now.status.clone().unwrap_or_else(|| match now.next {
            _ if now.ended => Status::Ended {
                message: ended_message(&now.journal.trace),
            },
            Next::Send(_) | Next::SendBoth(_) | Next::Browse(_) | Next::Listen => Status::Ready,
            Next::Stopped {
                code,
                message,
                can_go_on,
            } => Status::Stopped {
                code: *code,
                message: message.clone(),
                can_go_on: *can_go_on,
            },
            Next::Done { message } => Status::Done {
                message: message.clone(),
            },
        });
        let next = if status == Status::Ready {
            next_step(now)
        } else {
            None
        };
        let persistent = self.vault.persistent;
        let current = facts.tokens.as_ref();
        let known = facts.server.name.is_some() || !facts.server.tools.is_empty();
        RunState {
            running: now.running,
            breakpoints: now.breakpoints.to_vec(),
            at_breakpoint: now.at_breakpoint.cloned(),
            phase: phase(now.next),
            next,
            revision: facts.era_known.then_some(facts.revision),
            tokens: self.tokens.views(current, persistent),
            vault: self.vault.clone(),
            listening: self.listening.clone().or_else(|| now.listening.clone()),
            server: known.then(|| ServerView {
                name: facts.server.name.clone(),
                version: facts.server.version.clone(),
                tools: facts.server.tools.clone(),
            }),
            authorization_servers: facts
                .resource_metadata
                .as_ref()
                .map(|metadata| metadata.authorization_servers.clone())
                .unwrap_or_default(),
            issuer: facts.issuer.clone(),
            actions: match &status {
                Status::Done { .. } | Status::Stopped { .. } => now.flow.actions(now.setup),
                _ => Vec::new(),
            },
            registrations: now.flow.registration_ways(now.setup),
            registrations_left: now.registered as u32,
            status,
        }
    }
}

/// What is shown of a vault.
pub fn vault_view(vault: &Vault) -> VaultView {
    let status = vault.status();
    VaultView {
        name: status.name,
        persistent: status.persistent,
        problem: status.problem,
    }
}

fn phase(next: &Next) -> Option<Phase> {
    match next {
        Next::Send(plan) | Next::Browse(plan) => Some(plan.phase),
        Next::SendBoth(plans) => Some(plans[0].phase),
        Next::Listen | Next::Stopped { .. } | Next::Done { .. } => None,
    }
}

fn next_step(now: &Snapshot<'_>) -> Option<NextStep> {
    let (plan, browser) = match now.next {
        Next::Send(plan) => (plan, false),
        Next::SendBoth(plans) => (&plans[0], false),
        Next::Browse(plan) => (plan, true),
        _ => return None,
    };
    let request = match now.edited {
        Some(edited) => edited.clone(),
        None if browser => plan.request.clone(),
        None => now.wire.complete(&plan.request),
    };
    let in_its_places = secrets_in(&request, &plan.purpose)
        .into_iter()
        .map(|(_, value)| value);
    let mut secrets: Vec<String> = plan
        .credentials
        .iter()
        .map(|credential| credential.value.expose().to_owned())
        .chain(in_its_places)
        .filter(|value| !value.is_empty())
        .collect();
    secrets.sort_unstable();
    secrets.dedup();
    Some(NextStep {
        guide: diagnosis::step_guide(&plan.purpose),
        meanings: diagnosis::part_meanings_of_request(&plan.purpose, &request),
        phase: plan.phase,
        title: plan.title.clone(),
        why: plan.why.clone(),
        request,
        secrets,
        browser,
        edited: now.edited.is_some(),
    })
}
