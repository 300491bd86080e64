//! Tells the window and the command what changed, each change once and in order.

use flow::{Flow, Next, Setup};
use trace::{Decision, EntryKind, Phase, Request, Trace, VerdictKind};
use vault::{TokenSet, Vault, VaultError};
use wire::Wire;

use crate::journal::Journal;
use crate::judging::Judging;
use crate::rows::row;
use crate::tokens::token_view;
use crate::view::{
    NextStep, PhaseState, Progress, RegistrationWay, ServerView, Status, Tool, Update, VaultView,
    View,
};

pub(crate) struct Reporter {
    run: u32,
    judging: Judging,
    vault: VaultView,
    tokens: Vec<TokenSet>,
    /// How many of each were told already.
    rows: usize,
    participants: usize,
    status: Option<Status>,
    /// The redirect URI while a callback is waited for.
    pub listening: Option<String>,
}

/// Where the session stands, as the runner sees it.
pub(crate) struct Situation<'a> {
    pub journal: &'a Journal,
    pub flow: &'a Flow,
    pub next: &'a Next,
    pub status: Option<Status>,
    pub running: bool,
    pub ended: bool,
    pub edited: Option<&'a Request>,
    pub setup: &'a Setup,
    /// How many clients of this session are still registered.
    pub registered: usize,
    pub listening: Option<String>,
    pub wire: &'a Wire,
}

impl Reporter {
    pub fn new(run: u32, judging: Judging, vault: &Vault) -> Self {
        Self {
            run,
            judging,
            vault: vault_view(vault),
            tokens: Vec::new(),
            rows: 0,
            participants: 0,
            status: None,
            listening: None,
        }
    }

    /// Takes in what the vault listed.
    pub fn tokens_read(&mut self, vault: &Vault, listed: Result<Vec<TokenSet>, VaultError>) {
        self.vault = vault_view(vault);
        match listed {
            Ok(tokens) => self.tokens = tokens,
            Err(error) => tracing::warn!(%error, "tokens could not be listed"),
        }
    }

    /// Makes the next report tell everything.
    pub fn forget(&mut self) {
        (self.rows, self.participants) = (0, 0);
        self.judging.forget();
    }

    /// Waits until everything reported so far was told, with its findings.
    pub async fn told(&self) {
        self.judging.told().await;
    }

    pub fn last_status(&self) -> Option<Status> {
        self.status.clone()
    }

    pub fn send(&mut self, now: Situation<'_>) {
        let trace = &now.journal.trace;
        let rows: Vec<_> = trace.entries[self.rows..]
            .iter()
            .map(|entry| row(entry))
            .collect();
        self.rows = trace.entries.len();
        let participants =
            (trace.participants.len() != self.participants).then(|| trace.participants.clone());
        self.participants = trace.participants.len();
        let view = self.view(&now);
        self.status = now.status;
        let update = Update {
            run: self.run,
            rows,
            participants,
            findings: None,
            view,
        };
        self.judging.tell(update, trace.entries.len());
    }

    fn view(&self, now: &Situation<'_>) -> View {
        let trace = &now.journal.trace;
        let facts = &now.flow.facts;
        let status = now.status.clone().unwrap_or_else(|| match now.next {
            _ if now.ended => Status::Ended,
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
        View {
            server_url: trace.server_url.clone(),
            running: now.running,
            phases: phases(trace, &status, now.next),
            next,
            revision: facts.era_known.then_some(facts.revision),
            tokens: self
                .tokens
                .iter()
                .map(|set| token_view(set, current, persistent))
                .collect(),
            vault: self.vault.clone(),
            listening: self.listening.clone().or_else(|| now.listening.clone()),
            server: known.then(|| ServerView {
                name: facts.server.name.clone(),
                version: facts.server.version.clone(),
                tools: facts.server.tools.iter().map(tool_view).collect(),
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
            registrations: now
                .flow
                .registration_ways(now.setup)
                .into_iter()
                .map(registration_way)
                .collect(),
            registrations_left: now.registered as u32,
            status,
        }
    }
}

fn registration_way(way: flow::RegistrationWay) -> RegistrationWay {
    match way {
        flow::RegistrationWay::Cimd => RegistrationWay::Cimd,
        flow::RegistrationWay::Dcr => RegistrationWay::Dcr,
        flow::RegistrationWay::Preregistered => RegistrationWay::Preregistered,
    }
}

fn tool_view(tool: &flow::Tool) -> Tool {
    Tool {
        name: tool.name.clone(),
        title: tool.title.clone(),
        description: tool.description.clone(),
        input_schema: tool.input_schema.clone(),
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

fn next_step(now: &Situation<'_>) -> Option<NextStep> {
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
    Some(NextStep {
        phase: plan.phase,
        title: plan.title.clone(),
        why: plan.why.clone(),
        request,
        browser,
        edited: now.edited.is_some(),
    })
}

/// The phases of every run, and the others once they have happened.
fn phases(trace: &Trace, status: &Status, next: &Next) -> Vec<PhaseState> {
    let live: Vec<_> = trace.live().collect();
    let current = match (next, status) {
        (Next::Send(plan) | Next::Browse(plan), _) => Some(plan.phase),
        (Next::SendBoth(plans), _) => Some(plans[0].phase),
        (_, Status::Stopped { .. }) => live.last().map(|entry| entry.phase),
        _ => None,
    };
    let seen = |phase: Phase| live.iter().filter(move |entry| entry.phase == phase);
    let farthest = live
        .iter()
        .filter(|entry| entry.exchange().is_some())
        .map(|entry| entry.phase)
        .max();
    let open = live
        .iter()
        .any(|entry| matches!(entry.decision(), Some(Decision::NoAuthorizationNeeded)));
    let extra = [Phase::Refresh, Phase::StepUp, Phase::Extra];
    let shown = Phase::MAIN.into_iter().chain(extra).filter(|phase| {
        Phase::MAIN.contains(phase) || seen(*phase).next().is_some() || current == Some(*phase)
    });
    let state = |phase: Phase| {
        let exchanges = seen(phase)
            .filter(|entry| matches!(entry.kind, EntryKind::Exchange(_)))
            .count() as u32;
        let done = matches!(status, Status::Done { .. });
        let refused = || {
            let last = seen(phase).filter_map(|entry| entry.exchange()).next_back();
            last.and_then(|exchange| exchange.verdict.as_ref())
                .is_some_and(|it| it.kind == VerdictKind::Rejected)
        };
        let progress = match status {
            Status::Stopped { .. } if current == Some(phase) => Progress::Failed,
            Status::Ended if exchanges == 0 => Progress::Pending,
            _ if current == Some(phase) => Progress::Active,
            _ if exchanges > 0 && refused() => Progress::Failed,
            _ if exchanges > 0 => Progress::Passed,
            _ if done || open || farthest.is_some_and(|farthest| farthest > phase) => {
                Progress::Skipped
            }
            _ => Progress::Pending,
        };
        PhaseState {
            phase,
            title: phase.title().into(),
            progress,
            exchanges,
        }
    };
    shown.map(state).collect()
}
