//! Says that a run wants its user while the window is behind others: the task bar marks it, and
//! nothing pops up.

use app::{Status, Update};
use tauri::{UserAttentionType, WebviewWindow};

/// Watches the updates of one window.
pub struct Attention {
    window: WebviewWindow,
    /// The browser had the user when it was last heard of.
    away: bool,
}

impl Attention {
    pub fn new(window: WebviewWindow) -> Self {
        Self {
            window,
            away: false,
        }
    }

    pub fn heard(&mut self, update: &Update) {
        let Some(status) = update.view.as_ref().and_then(|view| view.status.as_ref()) else {
            return;
        };
        let wanted = wants_the_user(status, self.away);
        self.away = matches!(status, Status::AwaitingCallback { .. });
        // What was there before the window asked is not news.
        let news = !update.whole;
        if wanted && news && !self.window.is_focused().unwrap_or(true) {
            let _ = self
                .window
                .request_user_attention(Some(UserAttentionType::Informational));
        }
    }
}

/// A run that goes on by itself, or that waits for the browser, does not want the user here.
fn wants_the_user(status: &Status, was_away: bool) -> bool {
    match status {
        Status::AnswerHeld { .. }
        | Status::AwaitingKeychain
        | Status::AwaitingDevice { .. }
        | Status::Stopped { .. }
        | Status::Done { .. } => true,
        Status::Ready => was_away,
        Status::Sending
        | Status::Resending { .. }
        | Status::AwaitingCallback { .. }
        | Status::Observing { .. }
        | Status::Ended { .. } => false,
    }
}
