//! The files of one past run, written and read.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use diagnosis::{Finding, RuleCheck};
use flow::options::Options;
use formats::{Export, Format, Fresh, Journal, Judged};
use serde::{Deserialize, Serialize};
use trace::{Secret, Trace};

use crate::contract::{AppError, ErrorCode, PastRun};
use crate::plain_file;

/// A file of this name is there while a run can be restored.
pub(crate) const MARK: &str = "forgotten";

pub(super) const JOURNAL: &str = "journal";
pub(super) const LOCK: &str = "lock";
pub(super) const TRACE: &str = "run.authscope";
pub(super) const ABOUT: &str = "run.json";
pub(super) const OPTIONS: &str = "options.json";

/// What a run was started with, as far as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptOptions {
    pub options: Options,
    /// There were secrets among them.
    pub had_secrets: bool,
}

/// Makes a past run of the journal in this folder. `None` when the trace file has all of it
/// already.
pub(super) fn recover(folder: &Path) -> Result<Option<PastRun>, String> {
    let path = folder.join(JOURNAL);
    let text = |error: io::Error| error.to_string();
    let mut file = plain_file::open(&path).map_err(text)?;
    let opened = Journal::read(&mut file).map_err(|error| error.to_string())?;
    let trace = &opened.trace;
    let kept = plain_file::open(&folder.join(TRACE)).ok();
    let kept = kept.and_then(|mut file| {
        let opened = trace_format().ok()?.read(&mut file).ok()?;
        Some(opened.trace.entries.len())
    });
    let is_known = about(folder).is_some();
    let run = if is_known && kept.is_some_and(|kept| kept >= trace.entries.len()) {
        None
    } else {
        let judged = diagnosis::judgement(trace);
        let status = crate::recording::recorded_status(trace);
        let verdict = crate::verdict::RunVerdict::of(trace, &status, &judged.findings);
        let last = trace.entries.last().map_or(trace.started, |entry| entry.at);
        let before = about(folder);
        let run = PastRun {
            server_url: bare_url(&trace.server_url),
            summary: verdict.map_or_else(String::new, |verdict| verdict.text),
            duration: last.since(trace.started),
            lab: before.as_ref().and_then(|run| run.lab.clone()),
            note: before.map_or_else(String::new, |run| run.note),
            ..PastRun::begun("", trace.started)
        };
        let (findings, ledger) = (&judged.findings, &judged.ledger);
        write_trace(&folder.join(TRACE), trace, &[], findings, ledger).map_err(text)?;
        write_about(folder, &run).map_err(text)?;
        Some(run)
    };
    fs::remove_file(&path).map_err(text)?;
    let _ = fs::remove_file(folder.join(LOCK));
    Ok(run)
}

/// The format that runs are kept in.
pub(super) fn trace_format() -> Result<&'static dyn Format, String> {
    formats::format("authscope").ok_or_else(|| "there is no format for it".to_owned())
}

pub(super) fn write_trace(
    path: &Path,
    trace: &Trace,
    typed: &[(String, Secret)],
    findings: &[Finding],
    ledger: &[RuleCheck],
) -> io::Result<()> {
    let export = Export {
        typed,
        judged: Some(Judged {
            findings,
            ledger,
            ..Judged::default()
        }),
        ..Export::redacted(trace, env!("CARGO_PKG_VERSION"))
    };
    let mut file = Fresh::create(path, true)?;
    let format = trace_format().map_err(io::Error::other)?;
    format.write(&export, &mut file)?;
    file.finish()
}

pub(super) fn write_about(folder: &Path, run: &PastRun) -> io::Result<()> {
    let run = PastRun {
        server_url: bare_url(&run.server_url),
        id: String::new(),
        document: None,
        ..run.clone()
    };
    let mut file = Fresh::create(&folder.join(ABOUT), true)?;
    file.write_all(&serde_json::to_vec_pretty(&run)?)?;
    file.finish()
}

/// Without the parts of a URL that may hold secrets.
fn bare_url(url: &str) -> String {
    Options::for_server(url).without_secrets().server_url
}

pub(super) fn about(folder: &Path) -> Option<PastRun> {
    serde_json::from_slice(&plain_file::read(&folder.join(ABOUT)).ok()?).ok()
}

/// Whether a program that is still there runs it.
pub(crate) fn is_running(folder: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(folder.join(LOCK)) else {
        return false;
    };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

pub(super) fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

pub(super) fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = files.filter_map(|file| file.metadata().ok());
    sizes.map(|metadata| metadata.len()).sum()
}

/// Moves a folder that cannot be read out of the way. Returns the notice.
pub(super) fn set_aside(folder: &Path, error: &str) -> String {
    let mut names = (1..u32::MAX).map(|number| folder.with_extension(format!("damaged-{number}")));
    let aside = names.find(|name| !name.exists());
    let aside = aside.unwrap_or_else(|| folder.with_extension("damaged"));
    match fs::rename(folder, &aside) {
        Ok(()) => format!(
            "A past run could not be read ({error}). It was set aside as {}.",
            aside.display()
        ),
        Err(moving) => {
            format!("A past run could not be read ({error}) nor set aside ({moving}).")
        }
    }
}

/// Whether the run in this folder is about to be forgotten.
pub(super) fn is_marked(folder: &Path) -> bool {
    folder.join(MARK).exists()
}

pub(crate) fn file_error(path: &Path, error: &io::Error) -> AppError {
    AppError {
        code: ErrorCode::File,
        message: format!("{} could not be written: {error}", path.display()),
        hint: Some("Make room there, or allow it to be written.".into()),
    }
}
