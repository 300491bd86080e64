//! Carries updates to the window.

use std::sync::{Mutex, PoisonError};

use app::{Follower, Update};
use tauri::WebviewWindow;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;

use crate::attention::Attention;

/// What one message carries.
pub type Updates = Vec<Update>;

/// The task that carries updates to the window; `None` before the window has asked for them.
#[derive(Default)]
pub struct Carrier(Mutex<Option<JoinHandle<()>>>);

impl Carrier {
    /// Carries to this channel, and to no earlier one any more: a window that was reloaded asks
    /// again.
    pub fn carry(&self, mut follower: Follower, channel: Channel<Updates>, window: WebviewWindow) {
        let mut attention = Attention::new(window);
        let carrying = tauri::async_runtime::spawn(async move {
            while let Some(update) = follower.next().await {
                attention.heard(&update);
                if let Err(error) = channel.send(vec![update]) {
                    tracing::warn!(%error, "the window does not listen");
                    return;
                }
            }
        });
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = current.replace(carrying) {
            former.abort();
        }
    }
}
