//! Every type that crosses to TypeScript: what a window sends, and what it gets.
//!
//! Types are defined where they belong; this module lists them. Its test writes their TypeScript
//! definitions and fails when those in `ui/src/host/bindings` were out of date.

use std::time::Duration;

use diagnosis::{BrowserGuide, Level, Owner, Term};
use observe::Rewriting;
use serde::{Deserialize, Serialize};
use trace::{Phase, Timestamp};
use ts_rs::TS;

use crate::observed::Observation;

pub use compare::Comparison;
pub use diagnosis::{Corrected, Finding, Followed, ProbedPage, TokenSeen};
pub use flow::options::{Options, Registration, RegistrationWay, Tables};
pub use flow::{Action, Tool};
pub use session::{
    AppError, BreakOn, Breakpoint, ErrorCode, NextStep, Resend, ServerView, Status, TokenView,
    VaultView,
};

pub use crate::client_files::ClientFile;
pub use crate::client_table::{ClientOutcome, ClientRow};
pub use crate::edge::{ClientDocument, EdgeAnswer, EdgeReport, EdgeRequest};
pub use crate::evidence::NextPiece;
pub use crate::named_servers::{NamedServer, Understood, servers_in};
pub use crate::phases::{PhaseState, Progress};
pub use crate::played_clients::{ClientTable, KnownFact, PlayedRow};
pub use crate::playing::TableRequest;
pub use crate::recording_view::RecordingView;
pub use crate::snippets::Snippet;
pub use crate::tour::{Tour, TourLeg};
pub use crate::update::{FindingsChange, Update};
pub use crate::verdict::{Cause, Ending, RunVerdict};
pub use crate::view::{BreakpointView, Detail, Row, RowKind, View, ViewChange};

/// All the start screen needs, in one answer.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Boot {
    pub version: String,
    /// The options and actions, with their words.
    pub tables: Tables,
    pub lab: Vec<LabScenario>,
    pub settings: Settings,
    /// Newest first.
    pub history: Vec<PastRun>,
    pub vault: VaultView,
    /// Things the user should know at once: a settings file that was set aside, a keychain that is
    /// missing.
    pub notices: Vec<String>,
    /// Where an export is put when nothing else is chosen; ends with a separator.
    pub export_folder: String,
    /// What the run can be exported as.
    pub formats: Vec<ExportFormat>,
    /// How clients are given a URL to be observed at.
    pub snippets: Vec<Snippet>,
    /// How often a request may be repeated at once.
    pub most_copies: u32,
    /// The words of the field, each explained.
    pub terms: Vec<Term>,
    /// What a browser may show that is away, and what to do then.
    pub browser_shows: Vec<BrowserGuide>,
    /// The guided first run.
    pub tour: Tour,
}

/// What the window wants to be observed.
#[derive(Debug, Clone, PartialEq, Deserialize, TS)]
pub struct ObserveRequest {
    /// The server's URL, and how it is reached.
    pub options: Options,
    pub rewriting: RewritingChoice,
    /// `https://host` of the user's own tunnel, for clients elsewhere.
    pub public_url: Option<String>,
    /// Where to listen; null: where the server was observed before.
    pub port: Option<u16>,
}

/// Which addresses are replaced, so that the client keeps talking to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Rewriting")]
pub enum RewritingChoice {
    Everything,
    /// The authorization server is left to the client, unseen.
    McpServer,
    Nothing,
}

impl From<ObserveRequest> for Observation {
    fn from(wanted: ObserveRequest) -> Self {
        Self {
            rewriting: match wanted.rewriting {
                RewritingChoice::Everything => Rewriting::Everything,
                RewritingChoice::McpServer => Rewriting::McpServer,
                RewritingChoice::Nothing => Rewriting::Nothing,
            },
            public_url: wanted.public_url,
            port: wanted.port,
            ..Self::of(wanted.options)
        }
    }
}

/// A format the run can be exported in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportFormat {
    pub id: String,
    pub title: String,
    /// Of a new file, without the dot.
    pub extension: String,
    /// One sentence.
    pub explanation: String,
    /// Secrets can be written.
    pub holds_secrets: bool,
    /// What it is a kind of.
    pub kind: FormatKind,
    /// For a bug report: to whom.
    pub owner: Option<Owner>,
}

/// Which of the formats belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FormatKind {
    /// What was sent and received, for programs.
    Recording,
    /// What was found, for people.
    Report,
    /// Only the sequence diagram.
    Diagram,
    /// What one owner has to change.
    BugReport,
}

impl ExportFormat {
    /// Null for a format that is only read.
    pub fn of(about: &formats::About) -> Option<Self> {
        let (kind, owner) = match about.kind {
            formats::Kind::Recording => (FormatKind::Recording, None),
            formats::Kind::Report => (FormatKind::Report, None),
            formats::Kind::Diagram => (FormatKind::Diagram, None),
            formats::Kind::BugReport(owner) => (FormatKind::BugReport, Some(owner)),
        };
        about.can_write.then(|| Self {
            id: about.id.into(),
            title: about.title.into(),
            extension: about.extensions.first().copied().unwrap_or_default().into(),
            explanation: about.explanation.into(),
            holds_secrets: about.holds_secrets,
            kind,
            owner,
        })
    }
}

/// A card of the lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LabScenario {
    /// "healthy", another healthy one's name, the misbehaviour's, or the provider's set-up.
    pub slug: String,
    /// Null for the healthy ones and for providers.
    pub code: Option<String>,
    /// Where in the flow it goes wrong; null for the healthy ones and for providers.
    pub phase: Option<Phase>,
    /// The title of the phase, or the provider that the lab plays; null for the healthy ones.
    pub group: Option<String>,
    /// A provider is played.
    pub is_provider: bool,
    /// Among the first to offer: a healthy one, and what goes wrong most.
    pub common: bool,
    pub title: String,
    /// One sentence.
    pub sentence: String,
    /// None: nothing is wrong in it.
    pub level: Option<diagnosis::Level>,
}

/// Kept in the settings file. No secret ever is: a client secret of `options` is left out when it
/// is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    pub theme: Theme,
    /// How much of the past is kept.
    pub history: HistoryLimits,
    /// What the next run starts with, the server's URL included.
    pub options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// How much of the past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct HistoryLimits {
    /// Older runs are forgotten; 0 for no limit.
    pub days: u32,
    /// Of all runs together; the oldest are forgotten first. 0 for no limit.
    pub megabytes: u32,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            days: 90,
            megabytes: 200,
        }
    }
}

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PastRun {
    /// Names it in commands; empty while it is not on the disk.
    #[serde(default)]
    pub id: String,
    pub server_url: String,
    /// The title of the lab's scenario that it ran against.
    #[serde(default)]
    pub lab: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// From its first entry to its last.
    #[serde(default, with = "trace::micros")]
    #[ts(type = "number")]
    pub duration: Duration,
    pub result: PastResult,
    /// The verdict in words.
    pub summary: String,
    /// What the user wrote to it.
    #[serde(default)]
    pub note: String,
    /// On the disk.
    #[serde(default)]
    #[ts(type = "number")]
    pub bytes: u64,
    /// The document of the run, while this process still has it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub document: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PastResult {
    /// An authenticated MCP answer was reached, without a warning or an error.
    Passed,
    /// Reached, with findings.
    Warned,
    Failed,
    /// The user ended it before.
    Ended,
    /// The program ended before the run did.
    Interrupted,
}

impl PastRun {
    /// What is remembered of a run; null while it is not over.
    pub fn of(view: &View, findings: &[Finding], document: u32, at: Timestamp) -> Option<Self> {
        let verdict = view.verdict.as_ref()?;
        let warned = findings.iter().any(|finding| finding.level > Level::Note);
        let result = match verdict.ending {
            Ending::Works if !warned => PastResult::Passed,
            Ending::Works | Ending::WorksBut => PastResult::Warned,
            Ending::Stopped => PastResult::Failed,
            Ending::Ended => PastResult::Ended,
        };
        Some(Self {
            result,
            summary: verdict.text.clone(),
            document: Some(document),
            ..Self::begun(&view.server_url, at)
        })
    }

    /// A run that began then, and was interrupted.
    pub fn begun(server_url: &str, at: Timestamp) -> Self {
        Self {
            id: String::new(),
            server_url: server_url.into(),
            lab: None,
            at,
            duration: Duration::ZERO,
            result: PastResult::Interrupted,
            summary: String::new(),
            note: String::new(),
            bytes: 0,
            document: None,
        }
    }

    /// Whether a word is in what is shown of it. In lower case.
    pub fn has(&self, word: &str) -> bool {
        let lab = self.lab.as_deref().unwrap_or_default();
        let all = [&self.server_url, lab, &self.summary, &self.note];
        all.iter().any(|text| text.to_lowercase().contains(word))
    }
}

/// A token set with its secrets, for the one who asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RevealedToken {
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            history: HistoryLimits::default(),
            options: Options::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use trace::Request;
    use ts_rs::{Config, ExportError};

    use super::*;
    use crate::told_to_beginners::told_to_beginners;

    /// Everything a command takes or answers, and what an update is made of; the types within them
    /// follow. The tables themselves are for the window's tests.
    fn export_to(folder: &Path) -> Result<(), ExportError> {
        let config = Config::from_env().with_out_dir(folder);
        Boot::export_all(&config)?;
        Update::export_all(&config)?;
        View::export_all(&config)?;
        Detail::export_all(&config)?;
        Options::export_all(&config)?;
        Settings::export_all(&config)?;
        Action::export_all(&config)?;
        ObserveRequest::export_all(&config)?;
        Registration::export_all(&config)?;
        Request::export_all(&config)?;
        trace::Outcome::export_all(&config)?;
        Breakpoint::export_all(&config)?;
        RevealedToken::export_all(&config)?;
        Comparison::export_all(&config)?;
        AppError::export_all(&config)?;
        Corrected::export_all(&config)?;
        Followed::export_all(&config)?;
        TokenSeen::export_all(&config)?;
        RecordingView::export_all(&config)?;
        Understood::export_all(&config)?;
        ClientFile::export_all(&config)?;
        ClientTable::export_all(&config)?;
        TableRequest::export_all(&config)?;
        EdgeRequest::export_all(&config)?;
        EdgeReport::export_all(&config)?;
        let tables = serde_json::to_string_pretty(&Tables::all()).expect("tables are JSON") + "\n";
        fs::write(folder.join("tables.json"), tables)?;
        let guide =
            serde_json::to_string_pretty(&told_to_beginners()).expect("the guide is JSON") + "\n";
        Ok(fs::write(folder.join("guide.json"), guide)?)
    }

    /// The files below a folder, by their path in it.
    fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let Ok(entries) = fs::read_dir(&next) else {
                continue;
            };
            for entry in entries.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let (Ok(name), Ok(text)) =
                    (path.strip_prefix(folder), fs::read_to_string(&path))
                {
                    found.insert(name.to_owned(), text);
                }
            }
        }
        found
    }

    #[test]
    fn export_bindings_are_up_to_date() {
        let bindings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/host/bindings");
        let fresh = std::env::temp_dir().join(format!("authscope-bindings-{}", std::process::id()));
        let _ = fs::remove_dir_all(&fresh);
        export_to(&fresh).expect("every type can be written as TypeScript");
        let (old, new) = (files(&bindings), files(&fresh));
        let _ = fs::remove_dir_all(&fresh);
        let stale: Vec<&PathBuf> = old
            .keys()
            .chain(new.keys())
            .filter(|name| old.get(*name) != new.get(*name))
            .collect();
        if stale.is_empty() {
            return;
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            fs::remove_file(bindings.join(name)).expect("a binding can be removed");
        }
        export_to(&bindings).expect("every type can be written as TypeScript");
        panic!("{stale:?} were out of date. They are not now: add them to the change.");
    }
}
