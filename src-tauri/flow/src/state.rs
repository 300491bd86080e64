//! A flow as a plain value.

use trace::{Outcome, Request, Timestamp};

use crate::consent::Consent;
use crate::facts::Facts;
use crate::plan::StepOutcome;
use crate::step::Step;

/// Where a flow stands and what it knows: a plain value. Going back is picking an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub step: Step,
    pub facts: Facts,
    /// What happened to the present request so far.
    pub(crate) attempt: Attempt,
    /// What the flow stopped at, where the user can go on anyway.
    pub(crate) refused: Option<Box<Refused>>,
}

/// What happened to the request of a step so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub redirect: Option<Redirect>,
    /// It was repeated with a nonce (RFC 9449 section 8): it is not repeated again.
    pub repeated: bool,
}

/// A redirect being followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    /// Its target.
    pub url: String,
    /// How many there were, this one included.
    pub hops: u32,
    /// One of them led to another origin: no credential goes along from then on, not even when a
    /// later one leads back.
    pub left_origin: bool,
}

/// What the flow refused: where it stood, and what it saw then. Going on anyway is judging that
/// once more, with the refusal waived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refused {
    Seen {
        flow: Flow,
        seen: Seen,
        at: Timestamp,
    },
    /// The request that comes next: it would carry a credential to where it must not go without
    /// consent.
    Held { flow: Flow, consent: Consent },
}

/// A [`StepOutcome`] that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Answer { request: Request, outcome: Outcome },
    Listening { redirect_uri: String },
    Callback { request: Request },
}

impl Flow {
    /// The same place with other facts.
    pub(crate) fn at(step: Step, facts: Facts) -> Self {
        Self {
            step,
            facts,
            attempt: Attempt::default(),
            refused: None,
        }
    }
}

impl Seen {
    /// `None` when nothing was refused.
    pub fn of(outcome: StepOutcome<'_>) -> Option<Self> {
        Some(match outcome {
            StepOutcome::Answer { request, outcome } => Self::Answer {
                request: request.clone(),
                outcome: outcome.clone(),
            },
            StepOutcome::Listening { redirect_uri } => Self::Listening {
                redirect_uri: redirect_uri.into(),
            },
            StepOutcome::Callback { request } => Self::Callback {
                request: request.clone(),
            },
            StepOutcome::Answers(_) | StepOutcome::Failed { .. } => return None,
        })
    }

    pub fn outcome(&self) -> StepOutcome<'_> {
        match self {
            Self::Answer { request, outcome } => StepOutcome::Answer { request, outcome },
            Self::Listening { redirect_uri } => StepOutcome::Listening { redirect_uri },
            Self::Callback { request } => StepOutcome::Callback { request },
        }
    }
}
