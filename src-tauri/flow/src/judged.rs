//! What came of a step.

use trace::{Decision, StopCode, Verdict};

use crate::facts::{Client, Tokens};
use crate::flow::Flow;
use crate::step::Step;

/// What came of a step: the flow after it, and what to record and do.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub flow: Flow,
    /// For the exchange that was judged.
    pub verdict: Option<Verdict>,
    /// For the second of two that were sent at once.
    pub second_verdict: Option<Verdict>,
    /// In the order they were made.
    pub decisions: Vec<Decision>,
    pub effects: Vec<Effect>,
}

/// What is to be done besides sending.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Keep the tokens, with the client they were issued to.
    Store {
        issuer: String,
        tokens: Box<Tokens>,
        client: Box<Client>,
    },
    /// Forget what is kept for this issuer and client.
    Forget { issuer: String, client_id: String },
    /// This client was registered, and can be deleted again (RFC 7592).
    Registered { client: Box<Client> },
    /// It was deleted.
    Unregistered { client_id: String },
    /// The user is to go there; nothing is waited for.
    OpenBrowser { url: String },
}

impl Judged {
    pub(crate) fn go(flow: Flow, step: Step, verdict: Verdict) -> Self {
        let mut judged = Self::stay(flow, verdict);
        judged.flow.step = step;
        judged.flow.facts.redirect = None;
        judged
    }

    /// The same step again, with other facts.
    pub(crate) fn stay(flow: Flow, verdict: Verdict) -> Self {
        Self {
            verdict: Some(verdict),
            ..Self::nothing(flow)
        }
    }

    /// Nothing was to be judged.
    pub(crate) fn nothing(flow: Flow) -> Self {
        Self {
            flow,
            verdict: None,
            second_verdict: None,
            decisions: Vec::new(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn decided(mut self, decision: Decision) -> Self {
        self.decisions.push(decision);
        self
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Stops for good.
    pub(crate) fn stop(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: impl Into<String>,
    ) -> Self {
        Self::stopped(flow, code, verdict, message.into(), None)
    }

    /// Stops where the specification says so, unless the user has said to go on: then this is
    /// `otherwise`.
    pub(crate) fn stop_unless_waived(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: impl Into<String>,
        otherwise: Judged,
    ) -> Self {
        if flow.facts.waives(code) {
            return otherwise;
        }
        Self::stopped(
            flow,
            code,
            verdict,
            message.into(),
            Some(Box::new(otherwise)),
        )
    }

    pub(crate) fn stopped(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: String,
        otherwise: Option<Box<Judged>>,
    ) -> Self {
        let can_go_on = otherwise.is_some();
        let decision = Decision::Stopped {
            code,
            message: message.clone(),
            can_go_on,
        };
        Self::go(
            flow,
            Step::Stopped {
                code,
                message,
                otherwise,
            },
            Verdict::rejected(verdict),
        )
        .decided(decision)
    }
}
