//! A run while it is being kept: its journal, and what it becomes when it is over.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use diagnosis::{Finding, RuleCheck};
use formats::{Fresh, Journal};
use tokio::sync::watch;
use trace::{Secret, Trace};

use super::files::{
    JOURNAL, KeptOptions, LOCK, OPTIONS, TRACE, about, file_error, name_of, recover, write_about,
    write_trace,
};
use crate::contract::{AppError, PastRun};
use crate::shown::lock;

/// A run that is being kept.
#[derive(Debug)]
pub struct Keeping {
    /// The folder of all runs.
    runs: PathBuf,
    options: Option<KeptOptions>,
    lab: Option<String>,
    open: Mutex<Option<OpenRun>>,
    /// Why the run is not kept, from the first time on that it could not be written.
    problem: watch::Sender<Option<String>>,
    is_forgotten: AtomicBool,
}

/// The files of a run, from its first entry on.
#[derive(Debug)]
struct OpenRun {
    folder: PathBuf,
    journal: Journal,
    /// The trace file has the whole run.
    is_whole: bool,
    _held: File,
}

impl OpenRun {
    fn begin(runs: &Path, trace: &Trace, typed: &[(String, Secret)]) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:016}-{}-{number}", trace.started.0, std::process::id());
        let folder = runs.join(&id);
        fs::create_dir_all(&folder)?;
        let held = File::create(folder.join(LOCK))?;
        held.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
        })?;
        let journal = Journal::create(&folder.join(JOURNAL), trace, typed)?;
        Ok(Self {
            folder,
            journal,
            is_whole: false,
            _held: held,
        })
    }

    fn append(&mut self, trace: &Trace, typed: &[(String, Secret)]) -> io::Result<()> {
        self.is_whole = false;
        self.journal.append(trace, typed)?;
        // Where somebody deleted the file, what is written to it is lost without an error.
        fs::metadata(self.folder.join(JOURNAL)).map(|_| ())
    }
}

impl Keeping {
    /// Nothing is written before the first entry. `runs` is the folder of all runs.
    pub(super) fn new(runs: PathBuf, options: Option<KeptOptions>, lab: Option<String>) -> Self {
        Self {
            runs,
            options,
            lab,
            open: Mutex::default(),
            problem: watch::Sender::new(None),
            is_forgotten: AtomicBool::new(false),
        }
    }

    /// What a session calls with all that is recorded, before it does anything else.
    pub fn keep(self: &Arc<Self>) -> session::Keep {
        let keeping = self.clone();
        Box::new(move |trace, typed| keeping.take(trace, typed))
    }

    /// The id of the run among the past ones; `None` before its first entry.
    pub fn id(&self) -> Option<String> {
        let open = lock(&self.open);
        open.as_ref().map(|open| name_of(&open.folder))
    }

    /// Deletes what was kept of the run, and keeps no more of it.
    pub fn forget(&self) {
        self.is_forgotten.store(true, Ordering::Relaxed);
        if let Some(mut open) = lock(&self.open).take() {
            open.is_whole = true;
            let folder = open.folder.clone();
            drop(open);
            let _ = fs::remove_dir_all(folder);
        }
    }

    fn take(&self, trace: &Trace, typed: &[(String, Secret)]) {
        if self.is_forgotten.load(Ordering::Relaxed) {
            return;
        }
        let mut open = lock(&self.open);
        let done = match open.as_mut() {
            Some(open) => open.append(trace, typed),
            None => self.begin(trace, typed).map(|begun| *open = Some(begun)),
        };
        if let Err(error) = done {
            // The next run may find room again.
            tracing::warn!(%error, "the journal of the run could not be written");
            self.tell(&error);
        }
    }

    fn begin(&self, trace: &Trace, typed: &[(String, Secret)]) -> io::Result<OpenRun> {
        let begun = OpenRun::begin(&self.runs, trace, typed)?;
        if let Some(options) = &self.options {
            let mut file = Fresh::create(&begun.folder.join(OPTIONS), true)?;
            file.write_all(&serde_json::to_vec_pretty(options)?)?;
            file.finish()?;
        }
        Ok(begun)
    }

    /// Why the run is not kept, in whole sentences, as soon as it could not be written once.
    pub fn problem(&self) -> watch::Receiver<Option<String>> {
        self.problem.subscribe()
    }

    /// Only the first problem: a full disk is full for every entry after it.
    fn tell(&self, error: &io::Error) {
        self.problem.send_if_modified(|problem| {
            let is_first = problem.is_none();
            if is_first {
                *problem = Some(format!(
                    "This run is not being kept: {} could not be written ({error}). The run itself \
                     goes on.",
                    self.runs.display()
                ));
            }
            is_first
        });
    }

    /// Writes the run with its findings, and what the list shows of it. Answers with its id.
    ///
    /// # Errors
    /// [`ErrorCode::File`] when it cannot be written.
    pub fn finish(
        &self,
        trace: &Trace,
        typed: &[(String, Secret)],
        judged: (&[Finding], &[RuleCheck]),
        run: &PastRun,
    ) -> Result<String, AppError> {
        if self.is_forgotten.load(Ordering::Relaxed) {
            return Ok(String::new());
        }
        let mut open = lock(&self.open);
        let begun = match open.as_mut() {
            Some(open) => open,
            None => {
                let begun = self.begin(trace, typed);
                open.insert(begun.map_err(|error| self.not_kept(&self.runs, &error))?)
            }
        };
        let path = begun.folder.join(TRACE);
        let write = || -> io::Result<()> {
            write_trace(&path, trace, typed, judged.0, judged.1)?;
            let last = trace.entries.last().map_or(trace.started, |entry| entry.at);
            let note = about(&begun.folder).map_or_else(String::new, |run| run.note);
            let run = PastRun {
                lab: self.lab.clone(),
                at: trace.started,
                duration: last.since(trace.started),
                note,
                ..run.clone()
            };
            write_about(&begun.folder, &run)
        };
        write().map_err(|error| self.not_kept(&path, &error))?;
        begun.is_whole = true;
        Ok(name_of(&begun.folder))
    }

    fn not_kept(&self, path: &Path, error: &io::Error) -> AppError {
        self.tell(error);
        file_error(path, error)
    }
}

impl Drop for OpenRun {
    fn drop(&mut self) {
        // What has not come to an end is kept from its journal.
        if self.is_whole {
            let _ = fs::remove_file(self.folder.join(JOURNAL));
        } else if let Err(error) = recover(&self.folder) {
            tracing::warn!(%error, "the run could not be kept");
        }
        let _ = fs::remove_file(self.folder.join(LOCK));
    }
}
