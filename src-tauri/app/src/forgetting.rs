//! Past runs that are about to be forgotten: until then they can be restored.
//!
//! A mark in a run's folder takes it off the list. What is left marked when the program ends is
//! forgotten by the next one.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;

use crate::contract::AppError;
use crate::history::{History, Keeping, MARK, file_error, is_running};

/// How long a run can be restored.
pub const UNDO: Duration = Duration::from_secs(10);

impl History {
    /// Takes a past run off the list, and forgets it after a while unless it is restored. The
    /// answer ends when it is gone, or is known to stay.
    ///
    /// # Errors
    /// As for [`History::open`].
    pub(crate) fn forget_soon(
        &self,
        id: &str,
        after: Duration,
        kept_by: Vec<Arc<Keeping>>,
    ) -> Result<JoinHandle<()>, AppError> {
        let path = self.folder_of(id)?.join(MARK);
        // A later mark delays the end.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let mine = since.unwrap_or_default().as_nanos().to_string();
        fs::write(&path, &mine).map_err(|error| file_error(&path, &error))?;
        let (history, id) = (self.clone(), id.to_owned());
        Ok(tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if fs::read_to_string(&path).is_ok_and(|mark| mark == mine) {
                kept_by.iter().for_each(|keeping| keeping.forget());
                // A run that was still being kept is deleted at once.
                let _ = history.forget(&id);
            }
        }))
    }

    /// Puts a past run back on the list.
    ///
    /// # Errors
    /// As for [`History::open`]: it may be gone by now.
    pub(crate) fn restore(&self, id: &str) -> Result<(), AppError> {
        let path = self.folder_of(id)?.join(MARK);
        match fs::remove_file(&path) {
            Err(error) if path.exists() => Err(file_error(&path, &error)),
            _ => Ok(()),
        }
    }

    /// Forgets the runs that a program which has ended did not get to forget.
    pub(crate) fn forget_marked(&self) {
        for folder in self.folders() {
            let marked = fs::metadata(folder.join(MARK)).and_then(|mark| mark.modified());
            let age = marked.ok().and_then(|marked| marked.elapsed().ok());
            let is_over = age.is_some_and(|age| age > UNDO * 2);
            if is_over
                && !is_running(&folder)
                && let Err(error) = fs::remove_dir_all(&folder)
            {
                tracing::warn!(%error, "a past run could not be forgotten");
            }
        }
    }
}
