//! Past runs: a folder each, with the run as a trace file and what is said of it.
//!
//! | file | what |
//! |---|---|
//! | `journal` | the run as it grows; gone once the trace file has all of it |
//! | `lock` | held by the program that runs it; free when that program is gone |
//! | `run.authscope` | the run with its findings, secrets replaced |
//! | `run.json` | what the list of past runs shows |
//! | `options.json` | what the run was started with, without secrets |
//! | `forgotten` | there while the run can be restored, and is on no list |
//!
//! Several programs may use the folder at once. A file that cannot be read is set aside under
//! another name with a notice, never overwritten, and stops nothing.

mod files;
mod keeping;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use flow::options::Options;
use formats::Opened;
use trace::Timestamp;

use self::files::{
    ABOUT, JOURNAL, KeptOptions, OPTIONS, TRACE, about, is_marked, name_of, recover, set_aside,
    size, trace_format, write_about,
};
pub(crate) use self::files::{MARK, file_error, is_running};
pub use self::keeping::Keeping;
use crate::contract::{AppError, ErrorCode, HistoryLimits, PastRun};
use crate::plain_file;

/// The runs that are kept.
#[derive(Debug, Clone)]
pub struct History {
    folder: PathBuf,
}

/// When the newest run seems to be older than this, the clock is probably wrong.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 3600);

impl History {
    /// The runs in this folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Every past run, newest first, with what the user should be told of those that cannot be
    /// read.
    pub fn list(&self) -> (Vec<PastRun>, Vec<String>) {
        let mut runs = Vec::new();
        let mut notices = Vec::new();
        for folder in self.folders() {
            if is_marked(&folder) {
                continue;
            }
            let about = folder.join(ABOUT);
            let text = match plain_file::read(&about) {
                Ok(text) => text,
                // One that has not come to an end yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // It may be somebody else's, so it stays where it is.
                Err(error) => {
                    let path = about.display();
                    notices.push(format!("A past run could not be read: {path} ({error})."));
                    continue;
                }
            };
            match serde_json::from_slice::<PastRun>(&text) {
                Ok(run) => runs.push(PastRun {
                    id: name_of(&folder),
                    bytes: size(&folder),
                    document: None,
                    ..run
                }),
                Err(error) => notices.push(set_aside(&folder, &error.to_string())),
            }
        }
        runs.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.id.cmp(&a.id)));
        (runs, notices)
    }

    /// Keeps what a program that has ended left behind: its runs become past runs. Returns a notice
    /// for each.
    pub fn recover(&self) -> Vec<String> {
        let mut notices = Vec::new();
        for folder in self.folders() {
            let journal = folder.join(JOURNAL);
            if !journal.exists() || is_running(&folder) || is_marked(&folder) {
                continue;
            }
            match recover(&folder) {
                Ok(Some(run)) => notices.push(format!(
                    "A run of {} was interrupted. It was kept: see the past runs.",
                    run.server_url
                )),
                Ok(None) => {}
                Err(error) => notices.push(set_aside(&folder, &error)),
            }
        }
        notices
    }

    /// What keeps one more run, from its first entry on. `options`: those that it can be run again
    /// with. `lab`: the title of the lab's scenario.
    pub fn keeping(&self, options: Option<&Options>, lab: Option<&str>) -> Keeping {
        let kept = options.map(|options| {
            let bare = options.without_secrets();
            KeptOptions {
                had_secrets: bare != *options,
                options: bare,
            }
        });
        Keeping::new(self.folder.clone(), kept, lab.map(str::to_owned))
    }

    /// The recording of a past run.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when there is none of this id, [`ErrorCode::File`] when it cannot be
    /// read.
    pub fn open(&self, id: &str) -> Result<Opened, AppError> {
        let path = self.folder_of(id)?.join(TRACE);
        let read = || -> Result<Opened, String> {
            let mut file = plain_file::open(&path).map_err(|error| error.to_string())?;
            trace_format()?
                .read(&mut file)
                .map_err(|error| error.to_string())
        };
        read().map_err(|error| AppError {
            code: ErrorCode::File,
            message: format!("{} could not be read: {error}", path.display()),
            hint: None,
        })
    }

    /// What a past run can be run again with: its options, and the title of the lab's scenario.
    ///
    /// # Errors
    /// [`ErrorCode::NotNow`] where they are not kept, or were secrets for a part.
    pub fn to_run_again(&self, id: &str) -> Result<(Options, Option<String>), AppError> {
        let folder = self.folder_of(id)?;
        let kept = plain_file::read(&folder.join(OPTIONS)).ok();
        let kept = kept.and_then(|text| serde_json::from_slice::<KeptOptions>(&text).ok());
        match kept {
            Some(kept) if !kept.had_secrets => {
                Ok((kept.options, about(&folder).and_then(|run| run.lab)))
            }
            Some(_) => Err(not_again(
                "It was started with secrets, and those are not kept.",
            )),
            None => Err(not_again("What it was started with is not kept.")),
        }
    }

    /// Writes the user's note to a past run.
    ///
    /// # Errors
    /// As for [`History::open`].
    pub fn set_note(&self, id: &str, note: &str) -> Result<(), AppError> {
        let folder = self.folder_of(id)?;
        let path = folder.join(ABOUT);
        let write = || -> io::Result<()> {
            let mut run: PastRun = serde_json::from_slice(&plain_file::read(&path)?)?;
            run.note = note.trim().to_owned();
            write_about(&folder, &run)
        };
        write().map_err(|error| file_error(&path, &error))
    }

    /// Forgets one past run.
    ///
    /// # Errors
    /// As for [`History::open`].
    pub fn forget(&self, id: &str) -> Result<(), AppError> {
        let folder = self.folder_of(id)?;
        fs::remove_dir_all(&folder).map_err(|error| file_error(&folder, &error))
    }

    /// Forgets every past run, with what was set aside. What is running now stays.
    ///
    /// # Errors
    /// [`ErrorCode::File`] names the first that could not be deleted; the others are gone.
    pub fn forget_all(&self) -> Result<(), AppError> {
        let mut failed = None;
        for folder in self.all_folders() {
            if is_running(&folder) {
                continue;
            }
            if let Err(error) = fs::remove_dir_all(&folder) {
                failed.get_or_insert(file_error(&folder, &error));
            }
        }
        // Only when it is empty.
        let _ = fs::remove_dir(&self.folder);
        failed.map_or(Ok(()), Err)
    }

    /// Forgets the runs that are older, and the oldest ones while all take more room.
    pub fn limit(&self, limits: &HistoryLimits, now: Timestamp) {
        let oldest = Duration::from_secs(u64::from(limits.days) * 24 * 3600);
        let most = u64::from(limits.megabytes) << 20;
        let runs = self.list().0;
        // A clock that is far off would make all of them old.
        let newest = runs.first().map(|run| now.since(run.at));
        let clock_is_right = newest.is_none_or(|age| age < LONGEST_PAUSE);
        let mut sum = 0;
        for run in runs {
            sum += run.bytes;
            let is_old = clock_is_right && limits.days > 0 && now.since(run.at) > oldest;
            let is_too_much = limits.megabytes > 0 && sum > most;
            let folder = self.folder.join(&run.id);
            if (is_old || is_too_much)
                && !is_running(&folder)
                && let Err(error) = fs::remove_dir_all(&folder)
            {
                tracing::warn!(%error, "a past run could not be forgotten");
            }
        }
    }

    pub(crate) fn folder_of(&self, id: &str) -> Result<PathBuf, AppError> {
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let folder = self.folder.join(id);
        if is_id && folder.join(ABOUT).exists() {
            return Ok(folder);
        }
        Err(AppError {
            code: ErrorCode::Invalid,
            message: format!("run: expected the id of a past run, got \"{id}\""),
            hint: None,
        })
    }

    /// Those of runs, and none that was set aside.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let all = self.all_folders().into_iter();
        all.filter(|folder| folder.extension().is_none()).collect()
    }

    fn all_folders(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter(|path| path.is_dir()).collect()
    }
}

fn not_again(why: &str) -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: format!("This run cannot be run again from here. {why}"),
        hint: Some("Start it from the start screen.".into()),
    }
}

#[cfg(test)]
mod tests {
    use trace::Trace;

    use super::*;

    fn history(name: &str) -> History {
        let folder = std::env::temp_dir().join(format!("history-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        History::new(folder)
    }

    /// A run that was kept, a day after the epoch and later.
    fn kept(history: &History, day: u64) -> String {
        let at = Timestamp(day * 24 * 3600 * 1_000_000);
        let trace = Trace::new("https://mcp.example/mcp", at);
        let run = PastRun::begun("https://mcp.example/mcp", at);
        let keeping = history.keeping(None, None);
        keeping.finish(&trace, &[], (&[], &[]), &run).unwrap()
    }

    #[test]
    fn a_file_of_a_run_that_is_cut_anywhere_stops_nothing() {
        let history = history("cut");
        kept(&history, 1);
        for name in [ABOUT, TRACE] {
            let whole = fs::read(history.folder.join(kept(&history, 2)).join(name)).unwrap();
            for end in (0..whole.len()).step_by(7) {
                let id = kept(&history, 3);
                let path = history.folder.join(&id).join(name);
                fs::write(&path, &whole[..end]).unwrap();
                let _ = history.open(&id);
                let (runs, notices) = history.list();
                assert!(runs.iter().any(|run| run.id != id), "{name} to {end}");
                let is_listed = runs.iter().any(|run| run.id == id);
                assert_eq!(
                    is_listed,
                    notices.is_empty(),
                    "{name} to {end}: {notices:?}"
                );
                if is_listed {
                    assert!(
                        history.open(&id).is_err() || name == ABOUT,
                        "{name} to {end}"
                    );
                    history.forget(&id).unwrap();
                }
                assert_eq!(history.list().1, [""; 0], "told once");
            }
        }
        fs::remove_dir_all(&history.folder).unwrap();
    }

    #[test]
    fn what_may_not_be_read_is_told_and_stays() {
        let history = history("unreadable");
        let (good, odd) = (kept(&history, 1), kept(&history, 2));
        let about = history.folder.join(&odd).join(ABOUT);
        fs::remove_file(&about).unwrap();
        fs::create_dir(&about).unwrap();
        let (runs, notices) = history.list();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].id, good);
        assert!(notices[0].contains("could not be read"), "{notices:?}");
        assert!(about.is_dir());
        fs::remove_dir_all(&history.folder).unwrap();
    }

    #[test]
    fn a_clock_that_is_far_off_costs_no_past_run() {
        let history = history("clock");
        let limits = HistoryLimits {
            days: 30,
            ..HistoryLimits::default()
        };
        let day = |day: u64| Timestamp(day * 24 * 3600 * 1_000_000);
        for day in [100, 200] {
            kept(&history, day);
        }
        for (now, left) in [(0, 2), (200 + 40_000, 2), (229, 1), (250, 0)] {
            history.limit(&limits, day(now));
            assert_eq!(history.list().0.len(), left, "on day {now}");
        }
        fs::remove_dir_all(&history.folder).unwrap();
    }
}
