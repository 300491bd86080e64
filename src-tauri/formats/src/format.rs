//! What a format is, and what it is given to write.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use diagnosis::{Finding, Owner, RuleCheck};
use serde_json::Value;
use trace::{Checked, Secret, Trace};

use crate::fresh::Fresh;
use crate::paste::Piece;
use crate::redact::{Quiet, Redactor, TraceSecrets};

/// A way to write a trace into a file, to read one from a file, or both.
pub trait Format: Sync {
    fn about(&self) -> About;

    /// Writes a few parts at a time, so that the whole document is never held in memory.
    ///
    /// # Errors
    /// What `to` answers to being written to; [`io::ErrorKind::Unsupported`] for a format that is
    /// only read.
    fn write(&self, _export: &Export<'_>, _to: &mut dyn Write) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Reads a trace. One of another program has no flows yet: its exchanges are bare.
    ///
    /// # Errors
    /// [`ReadError`] says what was expected and what came.
    fn read(&self, _file: &mut dyn Read) -> Result<Opened, ReadError> {
        let About { title, .. } = self.about();
        Err(ReadError(format!("{title} files can be written only")))
    }
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub trace: Trace,
    /// What could not be read of it, in whole sentences.
    pub notes: Vec<String>,
    /// What the rules said when it was written, where secrets they look at are replaced since.
    pub judgement: Option<Value>,
    /// What the parts of a pasted text were taken for.
    pub pieces: Vec<Piece>,
    /// Words of a pasted text that may be what a client printed.
    pub words: Vec<String>,
    /// URLs that a pasted text names without a request.
    pub urls: Vec<String>,
}

impl From<Trace> for Opened {
    fn from(trace: Trace) -> Self {
        Self {
            trace,
            notes: Vec::new(),
            judgement: None,
            pieces: Vec::new(),
            words: Vec::new(),
            urls: Vec::new(),
        }
    }
}

impl fmt::Debug for dyn Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about().id)
    }
}

/// What people and programs are shown of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// On the command line and in the window's messages: lower case, no space.
    pub id: &'static str,
    pub title: &'static str,
    /// Without the dot, in lower case. The first is the one a new file gets.
    pub extensions: &'static [&'static str],
    pub media_type: &'static str,
    pub can_read: bool,
    pub can_write: bool,
    /// Secrets are written when they are asked for; the other formats never hold any.
    pub holds_secrets: bool,
    /// What it is a kind of.
    pub kind: Kind,
    /// What it is good for, in one sentence.
    pub explanation: &'static str,
}

/// Which of the formats belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was sent and received, for programs.
    Recording,
    /// What was found, for people.
    Report,
    /// Only the sequence diagram.
    Diagram,
    /// What one owner has to change.
    BugReport(Owner),
}

/// What is written, and how.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    pub trace: &'a Trace,
    /// Ignored by formats that hold no secrets.
    pub secrets: Secrets,
    /// Secrets that were typed, with their names: see [`Redactor::of`].
    pub typed: &'a [(String, Secret)],
    /// The secrets of this trace with these typed ones, for whoever writes it more than once.
    pub known: Option<&'a TraceSecrets>,
    /// What is said of it, for formats that show or keep it.
    pub judged: Option<Judged<'a>>,
    /// The version of this program.
    pub version: &'a str,
}

/// What is said of a trace.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judged<'a> {
    /// How it ended, in a sentence or two; `None` where it has not.
    pub verdict: Option<&'a str>,
    /// Whether an authenticated MCP answer was reached.
    pub works: bool,
    /// The root cause first.
    pub findings: &'a [Finding],
    /// What became of every rule.
    pub ledger: &'a [RuleCheck],
}

/// Whether secrets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Every secret is replaced; equal secrets by equal pseudonyms.
    #[default]
    Redacted,
    /// As recorded. Only where the user asked for it by name.
    Included,
}

/// Why a file cannot be read, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(pub String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

impl<'a> Export<'a> {
    /// Without secrets.
    pub fn redacted(trace: &'a Trace, version: &'a str) -> Self {
        Self {
            trace,
            secrets: Secrets::Redacted,
            typed: &[],
            known: None,
            judged: None,
            version,
        }
    }

    /// What replaces the secrets, whatever was asked for.
    pub(crate) fn redactor(&self) -> Redactor {
        self.learnt().0
    }

    fn learnt(&self) -> (Redactor, Vec<Quiet>) {
        match self.known {
            Some(known) => known.found(self.trace, self.typed).clone(),
            None => Redactor::with_quiet(self.trace, self.typed),
        }
    }

    /// What was found out from secrets, by the number of the entry. Empty when they are written:
    /// then it can be computed again.
    pub(crate) fn checked(&self) -> HashMap<u32, Checked> {
        match self.secrets {
            Secrets::Redacted => diagnosis::checked(self.trace).into_iter().collect(),
            Secrets::Included => HashMap::new(),
        }
    }

    /// `None` when secrets are written. With it, which bodies need no second reading.
    pub(crate) fn redactor_if_asked(&self) -> (Option<Redactor>, Vec<Quiet>) {
        match self.secrets {
            Secrets::Redacted => {
                let (redactor, quiet) = self.learnt();
                (Some(redactor.keeping_claims()), quiet)
            }
            Secrets::Included => (None, Vec::new()),
        }
    }
}

/// Begins a file to write this format to. With secrets in it, only its owner may read it where the
/// system knows such a thing.
///
/// # Errors
/// What the system answers.
pub fn create(path: &Path, format: &dyn Format, secrets: Secrets) -> io::Result<Fresh> {
    let private = secrets == Secrets::Included && format.about().holds_secrets;
    Fresh::create(path, private)
}
