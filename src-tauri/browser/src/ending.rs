//! How the watch of a browser ends.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    ByUs,
    ByUser,
}

/// The callback may be here before the browser has told of the redirect that led to it.
const SETTLING: Duration = Duration::from_secs(2);

/// The end that we ask for. The browser replies to a last command after all that it saw before it,
/// and is not waited for longer than [`SETTLING`].
#[derive(Debug, Default)]
pub(crate) struct Ending {
    until: Option<Instant>,
    /// The command whose reply is still awaited.
    last_command: Option<u64>,
}

impl Ending {
    /// Begins with a command that was just sent.
    pub fn begin(&mut self, last_command: u64) {
        self.until = Some(Instant::now() + SETTLING);
        self.last_command = Some(last_command);
    }

    pub fn has_begun(&self) -> bool {
        self.until.is_some()
    }

    /// Takes note of a message of the browser.
    pub fn note(&mut self, message: &Value) {
        let last_command = self.last_command;
        self.last_command = last_command.filter(|id| message["id"] != *id);
    }

    /// Whether the browser has told all that it saw before the end began.
    pub fn has_told_all(&self) -> bool {
        self.has_begun() && self.last_command.is_none()
    }

    /// Comes when the browser is not waited for any longer: never, unless the end has begun.
    pub async fn time_is_up(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}
