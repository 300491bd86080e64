//! Takes secrets off the clipboard again: everything that runs can read it, some systems keep its
//! history, and the next paste may go anywhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tauri::AppHandle;
use tokio::task::JoinHandle;
use trace::Secret;

/// How long a secret stays.
const STAYS: Duration = Duration::from_secs(60);

/// Empties the clipboard if it holds this text and nothing else was copied since.
type Remove = dyn Fn(&Secret) + Send + Sync;

/// The secret that was copied last.
pub struct Copied {
    stays: Duration,
    remove: Arc<Remove>,
    last: Mutex<Option<(Secret, JoinHandle<()>)>>,
}

impl Copied {
    pub fn new(program: &AppHandle) -> Self {
        let program = program.clone();
        Self::with(STAYS, move |secret| {
            system::remove(&program, secret.clone())
        })
    }

    fn with(stays: Duration, remove: impl Fn(&Secret) + Send + Sync + 'static) -> Self {
        Self {
            stays,
            remove: Arc::new(remove),
            last: Mutex::default(),
        }
    }

    /// This secret is on the clipboard now. Whatever was there before is not; and what is copied
    /// once more has its whole time again.
    pub fn secret(&self, secret: Secret) {
        let (stays, remove, copied) = (self.stays, self.remove.clone(), secret.clone());
        let wait = tokio::spawn(async move {
            tokio::time::sleep(stays).await;
            remove(&copied);
        });
        if let Some((_, before)) = self.last().replace((secret, wait)) {
            before.abort();
        }
    }

    /// The program ends, and nobody is there after the minute.
    pub fn end(&self) {
        if let Some((secret, waiting)) = self.last().take()
            && !waiting.is_finished()
        {
            waiting.abort();
            (self.remove)(&secret);
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<(Secret, JoinHandle<()>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// WebKit and this program share the clipboard of GTK. Another connection to the display, as
/// libraries open it, is not always told under Wayland what is on it.
#[cfg(target_os = "linux")]
mod system {
    use tauri::AppHandle;
    use trace::Secret;

    pub(super) fn remove(program: &AppHandle, secret: Secret) {
        let _ = program.run_on_main_thread(move || {
            let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
            clipboard.request_text(move |clipboard, text| {
                if text == Some(secret.expose()) {
                    clipboard.set_text("");
                }
            });
        });
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use tauri::AppHandle;
    use trace::Secret;

    pub(super) fn remove(_: &AppHandle, secret: Secret) {
        let Ok(mut clipboard) = arboard::Clipboard::new() else {
            return;
        };
        // Windows ends lines in its own way.
        let there = clipboard.get_text().unwrap_or_default();
        let is_there = there.replace("\r\n", "\n") == secret.expose();
        if is_there && let Err(error) = clipboard.clear() {
            tracing::warn!(%error, "a secret could not be taken off the clipboard");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    /// What was removed, in turn.
    fn watched(stays: Duration) -> (Copied, Receiver<String>) {
        let (send, removed) = channel();
        let remove = move |secret: &Secret| {
            let _ = send.send(secret.expose().to_owned());
        };
        (Copied::with(stays, remove), removed)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_secret_is_removed_once_when_its_time_is_over() {
        let (copied, removed) = watched(Duration::ZERO);
        copied.secret("first".into());
        assert_eq!(removed.recv_timeout(LONG).as_deref(), Ok("first"));
        copied.secret("second".into());
        assert_eq!(removed.recv_timeout(LONG).as_deref(), Ok("second"));
    }

    #[tokio::test]
    async fn only_the_last_one_is_waited_for_and_the_end_of_the_program_waits_for_none() {
        let (copied, removed) = watched(LONG);
        copied.end();
        copied.secret("first".into());
        copied.secret("second".into());
        copied.end();
        copied.end();
        assert_eq!(removed.try_iter().collect::<Vec<_>>(), ["second"]);
    }
}
