//! Files that come from outside the window: dropped on it, opened by the system, named on the
//! command line of this process or of one that was started after it.

use std::path::{Path, PathBuf};

use tokio::sync::{Mutex, mpsc};

/// The files that were given and not yet taken, in order.
pub struct Given {
    giver: mpsc::UnboundedSender<String>,
    waiting: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Given {
    pub fn new() -> Self {
        let (giver, waiting) = mpsc::unbounded_channel();
        Self {
            giver,
            waiting: Mutex::new(waiting),
        }
    }

    pub fn give(&self, path: &Path) {
        // The receiver lives as long as this does.
        let _ = self.giver.send(path.to_string_lossy().into_owned());
    }

    /// The files of a command line, without the program and its flags; relative ones are meant in
    /// this folder.
    pub fn give_arguments(&self, arguments: impl IntoIterator<Item = String>, folder: &Path) {
        let files = arguments.into_iter().skip(1);
        for file in files.filter(|file| !file.starts_with('-')) {
            let path = PathBuf::from(&file);
            let path = if path.is_absolute() {
                path
            } else {
                folder.join(path)
            };
            if path.is_file() {
                self.give(&path);
            }
        }
    }

    /// Waits for the next file.
    pub async fn next(&self) -> String {
        let next = self.waiting.lock().await.recv().await;
        // The giver lives as long as this does.
        next.unwrap_or_default()
    }
}
