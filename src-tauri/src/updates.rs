//! Carries a session's updates to the window, in order, none left out.

use std::sync::{Arc, Mutex, PoisonError};

use session::Update;
use tauri::ipc::Channel;
use tokio::sync::mpsc::UnboundedReceiver;

/// What one message carries.
pub type Updates = Vec<Update>;

/// How many updates one message carries at most: a message of this size is still drawn in one
/// frame.
const MOST_AT_ONCE: usize = 500;

/// The window's channel; none before the window has asked for it.
#[derive(Clone, Default)]
pub struct Window(Arc<Mutex<Option<Channel<Updates>>>>);

impl Window {
    pub fn set(&self, channel: Channel<Updates>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
    }

    /// Sends until the session is gone; `seen` is shown each update first.
    pub async fn carry(
        self,
        mut updates: UnboundedReceiver<Update>,
        mut seen: impl FnMut(&Update),
    ) {
        let mut batch = Vec::new();
        while updates.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
            batch.iter().for_each(&mut seen);
            let batch = std::mem::take(&mut batch);
            let channel = self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            // A window that was reloaded asks again and is then told everything from the start.
            if let Some(Err(error)) = channel.map(|channel| channel.send(batch)) {
                tracing::warn!(%error, "the window does not listen");
            }
        }
    }
}
