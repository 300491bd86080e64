//! What came of a step.

use trace::{Decision, Failure, StopCode, Verdict, VerdictKind};

use crate::client::Client;
use crate::endpoint::MissingEndpoint;
use crate::state::{Attempt, Flow};
use crate::step::Step;
use crate::tokens::Tokens;

/// What came of a step: the flow after it, and what to record and do.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
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

impl Transition {
    /// To another step.
    pub(crate) fn to(flow: Flow, step: Step, verdict: impl Into<Option<Verdict>>) -> Self {
        let mut transition = Self::nothing(flow);
        transition.verdict = verdict.into();
        transition.flow.step = step;
        transition.flow.attempt = Attempt::default();
        transition
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

    /// Stops for good.
    pub(crate) fn stop(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: impl Into<String>,
    ) -> Self {
        Self::stopped(flow, code, verdict, message.into(), false)
    }

    /// Stops as the specification demands. The user can go on anyway: then the same answer is
    /// judged once more, and `code` is waived.
    pub(crate) fn refuse(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: impl Into<String>,
    ) -> Self {
        Self::stopped(flow, code, verdict, message.into(), true)
    }

    /// Stops because there was no response.
    pub(crate) fn no_response(flow: Flow, failure: &Failure) -> Self {
        let message = failure.message.clone();
        Self::stop(flow, StopCode::Transport, "no response", message)
    }

    /// Stops because the metadata names no endpoint for what comes next.
    pub(crate) fn missing_endpoint(flow: Flow, missing: &MissingEndpoint) -> Self {
        let verdict = format!("no usable {}", missing.name);
        let message = missing.to_string();
        Self::stop(flow, StopCode::MissingEndpoint, &verdict, message)
    }

    pub(crate) fn decided(mut self, decision: impl Into<Option<Decision>>) -> Self {
        self.decisions.extend(decision.into());
        self
    }

    /// Decisions that come before those made already.
    pub(crate) fn after(mut self, earlier: impl IntoIterator<Item = Decision>) -> Self {
        self.decisions.splice(0..0, earlier);
        self
    }

    pub(crate) fn effect(mut self, effect: impl Into<Option<Effect>>) -> Self {
        self.effects.extend(effect.into());
        self
    }

    /// Says also that a limit was reached, in the verdict and where the flow stops.
    pub(crate) fn at_limit(self, limit: &str) -> Self {
        self.remarked(limit, &format!("That is {limit}."))
    }

    /// Says also that the request was sent twice, where the server may have seen both and the
    /// answer to the second is a refusal: a code or a refresh token is good for one request.
    pub fn sent_twice(self) -> Self {
        let refused = self.is_stopped()
            || (self.verdict.as_ref()).is_some_and(|verdict| verdict.kind != VerdictKind::Accepted);
        if !refused {
            return self;
        }
        self.remarked(
            "sent twice",
            "The request was sent twice: the connection of the first was closed before an answer \
             came, and the server may have seen it all the same. What is good for one request only \
             is refused in the second then.",
        )
    }

    /// Adds a few words to the verdict, and a sentence to what is said where the flow stops.
    fn remarked(mut self, words: &str, sentence: &str) -> Self {
        if let Some(verdict) = &mut self.verdict {
            verdict.text = format!("{}, {words}", verdict.text);
        }
        if let Step::Stopped { message, .. } = &mut self.flow.step {
            *message = format!("{message} {sentence}");
            for decision in &mut self.decisions {
                if let Decision::Stopped { message: said, .. } = decision {
                    said.clone_from(message);
                }
            }
        }
        self
    }

    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.flow.step, Step::Stopped { .. })
    }

    fn stopped(
        flow: Flow,
        code: StopCode,
        verdict: &str,
        message: String,
        can_go_on: bool,
    ) -> Self {
        let decision = Decision::Stopped {
            code,
            message: message.clone(),
            can_go_on,
        };
        let step = Step::Stopped {
            code,
            message,
            can_go_on,
        };
        Self::to(flow, step, Verdict::rejected(verdict)).decided(decision)
    }
}
