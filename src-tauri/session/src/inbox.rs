//! The commands a session takes, and how it answers.

use flow::Action;
use flow::options::Registration;
use tokio::sync::{mpsc, oneshot};
use trace::{BrowserShows, Request};

use crate::error::AppError;

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
    BrowserShows(BrowserShows),
    Act(Action),
    ChooseAuthorizationServer(String),
    ChooseRegistration(Registration),
    TokensChanged,
}

pub(crate) type Reply = oneshot::Sender<Result<(), AppError>>;
pub(crate) type Inbox = mpsc::UnboundedReceiver<(Command, Reply)>;

/// The user stopped the run, or nobody holds the session any more.
///
/// It is the error of everything that waits, so that `?` leads to the one place that ends the run.
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
