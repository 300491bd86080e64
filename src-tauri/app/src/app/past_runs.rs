//! Past runs: opened, noted, forgotten, run again.

use std::time::{Duration, SystemTime};

use session::{AppError, ErrorCode};
use tokio::task::JoinHandle;
use trace::Timestamp;

use super::App;
use crate::contract::{HistoryLimits, PastRun};
use crate::lab_scenarios;
use crate::open_document::no_scenario;

impl App {
    /// Starts a run as one of an earlier process was started. If that was against the lab, a new
    /// lab is started.
    pub(super) async fn run_past_again(&self, id: &str) -> Result<(), AppError> {
        let (options, lab) = self.history.to_run_again(id)?;
        let Some(title) = lab else {
            return self.begin(options, None).await;
        };
        let mut cards = lab_scenarios::cards().into_iter();
        let card = cards.find(|card| card.title == title);
        let card = card.ok_or_else(|| no_scenario(&title))?;
        self.start(options, Some(&card.slug)).await
    }

    /// Opens a past run as a document, unless it is open, and makes it the current one.
    ///
    /// # Errors
    /// When there is no such run, or its file cannot be read.
    pub async fn open_run(&self, id: &str) -> Result<(), AppError> {
        let known = {
            let open = self.open.lock().await;
            let mut known = open.iter().filter(|open| open.is_run(id));
            known.next().map(|open| open.document.clone())
        };
        let document = match known {
            Some(document) => document,
            None => {
                let opened = self.history.open(id)?;
                let document = self.add_recorded(opened, Some(id.to_owned())).await;
                if self.history.to_run_again(id).is_ok() {
                    document.offer_to_run_again();
                }
                document
            }
        };
        self.current.send_replace(Some(document));
        Ok(())
    }

    /// Writes the user's note to a past run.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be written.
    pub fn note_run(&self, id: &str, note: &str) -> Result<(), AppError> {
        self.history.set_note(id, note)
    }

    /// Forgets one past run. An open document of it stays.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be deleted.
    pub async fn forget_run(&self, id: &str) -> Result<(), AppError> {
        let open = self.open.lock().await;
        let kept = open.iter().filter(|open| open.is_run(id));
        kept.filter_map(|open| open.keeping.as_ref())
            .for_each(|keeping| keeping.forget());
        match self.history.forget(id) {
            Err(error) if error.code == ErrorCode::Invalid && open.iter().any(|o| o.is_run(id)) => {
                Ok(())
            }
            done => done,
        }
    }

    /// Takes a past run off the list, and forgets it after this time unless
    /// [`App::restore_run`] has it back. The answer ends when that is settled.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be written.
    pub async fn forget_run_soon(
        &self,
        id: &str,
        after: Duration,
    ) -> Result<JoinHandle<()>, AppError> {
        let open = self.open.lock().await;
        let kept = open.iter().filter(|open| open.is_run(id));
        let kept_by = kept.filter_map(|open| open.keeping.clone()).collect();
        self.history.forget_soon(id, after, kept_by)
    }

    /// Restores a past run that is about to be forgotten.
    ///
    /// # Errors
    /// When it is gone, or cannot be written.
    pub fn restore_run(&self, id: &str) -> Result<(), AppError> {
        self.history.restore(id)
    }

    /// Forgets the past runs and closes their documents; the current one stays.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub async fn clear_history(&self) -> Result<(), AppError> {
        let current = self.document().ok().map(|document| document.id());
        let mut open = self.open.lock().await;
        for open in open.iter() {
            if let Some(keeping) = &open.keeping {
                keeping.forget();
            }
        }
        open.retain(|open| Some(open.document.id()) == current);
        self.history_notices.lock().await.clear();
        self.history.forget_all()
    }

    /// The past runs, after those that a program left behind were kept and those over the limits
    /// forgotten.
    pub(super) async fn past_runs(&self, limits: HistoryLimits) -> Vec<PastRun> {
        let history = self.history.clone();
        let read = tokio::task::spawn_blocking(move || {
            history.forget_marked();
            let mut notices = history.recover();
            history.limit(&limits, Timestamp::from_system(SystemTime::now()));
            let (runs, unreadable) = history.list();
            notices.extend(unreadable);
            (runs, notices)
        });
        let (mut runs, notices) = read.await.unwrap_or_default();
        self.history_notices.lock().await.extend(notices);
        let open = self.open.lock().await;
        for run in &mut runs {
            let mut documents = open.iter().filter(|open| open.is_run(&run.id));
            run.document = documents.next().map(|open| open.document.id());
        }
        runs
    }
}
