//! The commands a session takes, and how it answers.

use flow::Action;
use flow::options::Registration;
use tokio::sync::{mpsc, oneshot};
use trace::{BrowserShows, Outcome, Request};

use crate::breakpoints::Breakpoint;
use crate::error::AppError;

/// What is to be sent again.
#[derive(Debug, Clone)]
pub struct Resend {
    /// The entry of the exchange whose request it is.
    pub seq: u32,
    /// The request as it was changed; `None` for the one that was sent.
    pub request: Option<Request>,
    /// One after the other.
    pub times: u32,
}

pub(crate) enum Command {
    Next,
    Run,
    Pause,
    Stop,
    GoOn,
    Rewind(u32),
    Edit(Option<Request>),
    PasteCallback(String),
    OpenBrowser,
    WatchBrowser,
    BrowserShows(BrowserShows),
    Act(Action),
    ChooseAuthorizationServer(String),
    ChooseRegistration(Registration),
    TokensChanged,
    SetBreakpoints(Vec<Breakpoint>),
    /// With what the flow is to see in place of the answer that is held; `None` for the answer as
    /// it came.
    LetThrough(Option<Box<Outcome>>),
    Resend(Resend),
}

impl Command {
    /// Whether another step comes next after it than before.
    pub fn moves_the_flow(&self) -> bool {
        matches!(
            self,
            Self::GoOn
                | Self::Rewind(_)
                | Self::Act(_)
                | Self::ChooseAuthorizationServer(_)
                | Self::ChooseRegistration(_)
        )
    }
}

pub(crate) type Reply = oneshot::Sender<Result<(), AppError>>;
pub(crate) type Inbox = mpsc::UnboundedReceiver<(Command, Reply)>;

/// The user stopped the run, or nobody holds the session any more.
///
/// Everything that waits returns it as its error, so that `?` leads to the one place that ends the
/// run.
#[must_use = "the run has to be ended"]
pub(crate) struct Stop(pub Option<Reply>);

impl Stop {
    /// Says that the run has ended.
    pub fn answer(self) {
        if let Some(reply) = self.0 {
            // The one who asked need not wait for the answer.
            let _ = reply.send(Ok(()));
        }
    }
}
