//! What is shown of a document.

use std::time::Duration;

use diagnosis::{Decoded, Finding, PartMeaning, ProbedPage, RuleCheck, StepGuide, probed_page};
use serde::{Deserialize, Serialize};
use session::{
    Breakpoint, NextStep, RegistrationWay, RunState, ServerView, Status, TokenView, VaultView,
};
use trace::{ActionKind, Entry, HowOpened, Phase, Revision, Timestamp, Trace, Verdict};
use ts_rs::TS;

use crate::phases::{PhaseState, phases};
use crate::recording::recorded_status;
use crate::recording_view::RecordingView;
use crate::verdict::RunVerdict;

/// Defines a struct and its change: the same fields, each there only when it is another one than
/// before.
macro_rules! with_change {
    (
        $(#[$about:meta])* $name:ident,
        $(#[$about_change:meta])* $change:ident {
            $($(#[$doc:meta])* $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
        pub struct $name {
            $($(#[$doc])* pub $field: $kind,)*
        }

        $(#[$about_change])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
        pub struct $change {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                #[ts(optional)]
                pub $field: Option<$kind>,
            )*
        }

        impl $name {
            /// What changed. With nothing before, that is everything; `None` when nothing changed.
            pub fn since(&self, before: Option<&Self>) -> Option<$change> {
                let change = $change {
                    $($field: before
                        .is_none_or(|before| before.$field != self.$field)
                        .then(|| self.$field.clone()),)*
                };
                (change != $change::default()).then_some(change)
            }

            /// Applies a change.
            pub fn apply(&mut self, change: $change) {
                $(if let Some(new) = change.$field {
                    self.$field = new;
                })*
            }

            /// The whole that a change against nothing stands for; `None` when a part is missing.
            pub fn from_whole(change: $change) -> Option<Self> {
                Some(Self { $($field: change.$field?,)* })
            }
        }
    };
}

with_change! {
    /// Where a document stands.
    View,
    /// What changed in a [`View`]. A part that is not there has not changed.
    ViewChange {
        server_url: String,
        status: Status,
        /// How it ended and what explains it; null while it is not over.
        verdict: Option<RunVerdict>,
        /// What became of every rule; empty while the run is not over.
        rules: Vec<RuleCheck>,
        /// Runs on without being asked at each request.
        running: bool,
        /// It does something, or waits for the user, that ends when it does: asked about first.
        goes_on: bool,
        /// Where a run waits although it was told to go on.
        breakpoints: Vec<BreakpointView>,
        /// The one at which it waits now.
        at_breakpoint: Option<BreakpointView>,
        phases: Vec<PhaseState>,
        /// What happens when "Next" is pressed; null while something is under way or all is done.
        next: Option<NextStep>,
        /// The revision in use, once it is known.
        revision: Option<Revision>,
        tokens: Vec<TokenView>,
        /// Where tokens are kept; null where there is no run that could get any.
        vault: Option<VaultView>,
        /// "http://127.0.0.1:43117/callback" while the listener is open.
        listening: Option<String>,
        /// The authorization page as it answers without cookies, while the browser is away.
        page: Option<ProbedPage>,
        /// What the MCP server said of itself.
        server: Option<ServerView>,
        /// The authorization servers the resource metadata names.
        authorization_servers: Vec<String>,
        /// The authorization server in use.
        issuer: Option<String>,
        /// What can be asked for now.
        actions: Vec<ActionKind>,
        /// When the flow stopped because it could not register: the other ways that are open.
        registrations: Vec<RegistrationWay>,
        /// How many clients this run registered and can delete again.
        registrations_left: u32,
        /// There is a run behind it, so that steps can be done.
        can_step: bool,
        /// What is known of the recording; null for a run.
        recording: Option<RecordingView>,
        /// The same run can be started once more: it is one, or what it was started with is kept.
        can_run_again: bool,
        /// Why the run is not kept among the past ones; null while nothing keeps it from that.
        not_kept: Option<String>,
    }
}

impl View {
    /// The view of a run that stands here.
    pub(crate) fn of_run(
        trace: &Trace,
        run: &RunState,
        findings: &[Finding],
        ledger: &[RuleCheck],
    ) -> Self {
        let verdict = RunVerdict::of(trace, &run.status, findings);
        Self {
            server_url: trace.server_url.clone(),
            rules: verdict.as_ref().map_or_else(Vec::new, |_| ledger.to_vec()),
            verdict,
            status: run.status.clone(),
            running: run.running,
            goes_on: run.running || run.status.goes_on(),
            breakpoints: run.breakpoints.iter().map(BreakpointView::of).collect(),
            at_breakpoint: run.at_breakpoint.as_ref().map(BreakpointView::of),
            phases: phases(trace, &run.status, run.phase),
            next: run.next.clone(),
            revision: run.revision,
            tokens: run.tokens.clone(),
            vault: Some(run.vault.clone()),
            listening: run.listening.clone(),
            page: page_while_away(trace, &run.status),
            server: run.server.clone(),
            authorization_servers: run.authorization_servers.clone(),
            issuer: run.issuer.clone(),
            actions: run.actions.clone(),
            registrations: run.registrations.clone(),
            registrations_left: run.registrations_left,
            can_step: true,
            recording: None,
            can_run_again: false,
            not_kept: None,
        }
    }

    /// The view of a trace without a run behind it.
    pub(crate) fn of_recording(trace: &Trace, findings: &[Finding], ledger: &[RuleCheck]) -> Self {
        let status = recorded_status(trace);
        let decisions = || trace.live().filter_map(|entry| entry.decision());
        let revision = decisions().filter_map(|decision| match decision {
            trace::Decision::Revision { revision, .. } => Some(*revision),
            _ => None,
        });
        let servers = decisions().filter_map(|decision| match decision {
            trace::Decision::AuthorizationServer { issuer, offered } => {
                Some((issuer.clone(), offered.clone()))
            }
            _ => None,
        });
        let (issuer, authorization_servers) = servers.last().unzip();
        Self {
            server_url: trace.server_url.clone(),
            running: false,
            goes_on: status.goes_on(),
            breakpoints: Vec::new(),
            at_breakpoint: None,
            phases: phases(trace, &status, None),
            next: None,
            revision: revision.last(),
            tokens: Vec::new(),
            vault: None,
            listening: None,
            page: None,
            server: None,
            authorization_servers: authorization_servers.unwrap_or_default(),
            issuer,
            actions: Vec::new(),
            registrations: Vec::new(),
            registrations_left: 0,
            can_step: false,
            recording: None,
            can_run_again: false,
            not_kept: None,
            verdict: RunVerdict::of(trace, &status, findings),
            rules: ledger.to_vec(),
            status,
        }
    }
}

/// A breakpoint, and what it waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BreakpointView {
    pub breakpoint: Breakpoint,
    /// "Before the registration".
    pub words: String,
}

impl BreakpointView {
    fn of(breakpoint: &Breakpoint) -> Self {
        Self {
            breakpoint: breakpoint.clone(),
            words: breakpoint.words(),
        }
    }
}

fn page_while_away(trace: &Trace, status: &Status) -> Option<ProbedPage> {
    matches!(status, Status::AwaitingCallback { .. })
        .then(|| probed_page(trace))
        .flatten()
}

/// A row of the diagram: all that is needed to draw it. Headers and bodies are asked for when it is
/// opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Row {
    pub seq: u32,
    pub at: Timestamp,
    pub branch: u32,
    pub phase: Phase,
    pub kind: RowKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RowKind {
    Exchange {
        /// Participant ids.
        from: u16,
        to: u16,
        method: String,
        /// Path and query, the query shortened to the names of its parameters.
        path: String,
        /// "initialize", "refresh_token", "client_name, 1 redirect URI".
        label: String,
        /// Null when there was no response.
        status: Option<u16>,
        /// The transport's failure in a few words, when there was no response.
        failure: Option<String>,
        verdict: Option<Verdict>,
        #[serde(with = "trace::micros")]
        #[ts(type = "number")]
        duration: Duration,
        edited: bool,
        /// The answer was changed by hand before the flow saw it.
        answer_edited: bool,
    },
    /// The client sent the browser somewhere.
    Browser { path: String, how: HowOpened },
    /// A decision, in one sentence.
    Decision { text: String },
    /// The entries from `to` up to here are abandoned.
    Rewound { to: u32 },
}

/// Everything about one row, asked for when it is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Detail {
    pub entry: Entry,
    /// What the step does and why; null where it is not a step, or not known which.
    pub guide: Option<StepGuide>,
    /// What the known parts of its messages mean.
    pub meanings: Vec<PartMeaning>,
    pub decoded: Vec<Decoded>,
    /// A cURL command that repeats the request; secrets replaced unless asked for.
    pub curl: Option<String>,
    /// The same in JavaScript, with `fetch`.
    pub fetch: Option<String>,
    /// The same in Python, with `requests`.
    pub python: Option<String>,
    /// The request as an HTTP message.
    pub raw: Option<String>,
}
