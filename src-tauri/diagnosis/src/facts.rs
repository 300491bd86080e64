//! What a flow went by: its revision, its authorization server and client, where it stopped, what
//! the user asked for. Taken from the decisions of a trace; [`crate::derived`] takes the same from
//! the traffic of a trace that has none.

use std::borrow::Cow;

use trace::{ActionKind, Decision, Grant, Revision, StopCode};

/// What a flow went by. Each list is in the order of the trace, and what is at an entry holds from
/// the next one on.
pub(crate) struct Facts<'a> {
    /// The revision decided last; the latest before any was, as the flow has it.
    pub revision: Revision,
    /// Whether the default endpoints of 2025-03-26 are used instead of metadata.
    pub default_endpoints: bool,
    pub issuers: Vec<(u32, Cow<'a, str>)>,
    pub clients: Vec<(u32, ClientFact<'a>)>,
    pub step_ups: Vec<StepUp>,
    /// Grants that were chosen.
    pub grants: Vec<(u32, Grant)>,
    pub stops: Vec<Stop<'a>>,
    /// The end of the last tool call that was asked for.
    pub tool_called: Option<u32>,
    pub actions: Vec<Action>,
    /// For each action that ends the life of tokens: where it begins, and the latest end of those
    /// up to here.
    deadly: Vec<(u32, u32)>,
}

/// The client that the flow acts as.
pub(crate) struct ClientFact<'a> {
    pub client_id: Cow<'a, str>,
    /// As in `token_endpoint_auth_methods_supported`; none when it is not known.
    pub auth_method: Option<Cow<'a, str>>,
}

/// The flow authorizes once more.
pub(crate) struct StepUp {
    pub seq: u32,
    /// For more scope, and not for another login.
    pub for_scope: bool,
}

/// Where the flow stopped.
pub(crate) struct Stop<'a> {
    /// What led to it is before this entry.
    pub seq: u32,
    pub code: StopCode,
    /// What the flow said of it; empty when nothing is known.
    pub said: &'a str,
}

/// What a user asked for, and the entries between which it was done.
pub(crate) struct Action {
    pub kind: ActionKind,
    pub begin: u32,
    /// The end of the trace, while it is not done.
    pub end: u32,
}

impl Action {
    /// Whether tokens may not live on after it.
    fn is_deadly(&self) -> bool {
        matches!(
            self.kind,
            ActionKind::ReuseRotated
                | ActionKind::RefreshTwice
                | ActionKind::RevokeAndTry
                | ActionKind::Revoke
                | ActionKind::ReplayCode
                | ActionKind::DeleteRegistration
        )
    }
}

impl<'a> Facts<'a> {
    pub fn none() -> Self {
        Self {
            revision: Revision::LATEST,
            default_endpoints: false,
            issuers: Vec::new(),
            clients: Vec::new(),
            step_ups: Vec::new(),
            grants: Vec::new(),
            stops: Vec::new(),
            tool_called: None,
            actions: Vec::new(),
            deadly: Vec::new(),
        }
    }

    /// The facts as the decisions of a trace have them.
    pub fn decided(decisions: &[(u32, &'a Decision)]) -> Self {
        let mut facts = Self::none();
        for (seq, decision) in decisions {
            facts.take(*seq, decision);
        }
        facts.index_actions();
        facts
    }

    fn take(&mut self, seq: u32, decision: &'a Decision) {
        match decision {
            Decision::Revision { revision, .. } => self.revision = *revision,
            Decision::DefaultEndpoints { .. } => self.default_endpoints = true,
            Decision::AuthorizationServer { issuer, .. } => {
                self.issuers.push((seq, Cow::Borrowed(issuer)));
            }
            Decision::Client {
                client_id,
                auth_method,
                ..
            } => {
                let client = ClientFact {
                    client_id: Cow::Borrowed(client_id),
                    auth_method: Some(Cow::Borrowed(auth_method)),
                };
                self.clients.push((seq, client));
            }
            Decision::Grant { grant, .. } => self.grants.push((seq, *grant)),
            Decision::StepUp { scope, .. } => self.step_ups.push(StepUp {
                seq,
                for_scope: scope.is_some(),
            }),
            Decision::Stopped { code, message, .. } => self.stops.push(Stop {
                seq,
                code: *code,
                said: message,
            }),
            Decision::Action { action } => self.actions.push(Action {
                kind: *action,
                begin: seq,
                end: u32::MAX,
            }),
            Decision::ActionDone { action, .. } => {
                if *action == ActionKind::CallTool {
                    self.tool_called = Some(seq);
                }
                if let Some(action) = self.actions.last_mut() {
                    action.end = action.end.min(seq);
                }
            }
            _ => {}
        }
    }

    fn index_actions(&mut self) {
        let actions = std::mem::take(&mut self.actions);
        for action in actions.iter().filter(|action| action.is_deadly()) {
            self.end_tokens(action.begin, action.end);
        }
        self.actions = actions;
    }

    /// Records that tokens which existed between these entries may not live on. To be called in
    /// order.
    pub fn end_tokens(&mut self, begin: u32, end: u32) {
        let latest = self.deadly.last().map_or(0, |(_, end)| *end);
        self.deadly.push((begin, latest.max(end)));
    }

    /// Whether an action may have ended the life of tokens that were issued at one entry and used
    /// at a later one.
    pub fn killed_on_the_way(&self, issued: u32, used: u32) -> bool {
        let begun = self.deadly.partition_point(|(begin, _)| *begin < used);
        let last = self.deadly[..begun].last();
        last.is_some_and(|(_, end)| issued < *end)
    }

    /// What the user had asked for when this entry was written.
    pub fn action_at(&self, seq: u32) -> Option<ActionKind> {
        let before = self.actions.partition_point(|action| action.begin < seq);
        let action = self.actions[..before].last()?;
        (seq < action.end).then_some(action.kind)
    }
}
