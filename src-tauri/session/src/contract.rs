//! What the window knows besides the run: lab scenarios, settings, past runs, errors.

use diagnosis::{Finding, Level};
use serde::{Deserialize, Serialize};
use trace::Timestamp;
use ts_rs::TS;

use crate::options::Options;
use crate::view::{Status, VaultView, View};

/// All the start screen needs, in one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Boot {
    pub version: String,
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
}

impl ExportFormat {
    /// None for a format that is only read.
    pub fn of(about: &formats::About) -> Option<Self> {
        about.can_write.then(|| Self {
            id: about.id.into(),
            title: about.title.into(),
            extension: about.extensions.first().copied().unwrap_or_default().into(),
            explanation: about.explanation.into(),
            holds_secrets: about.holds_secrets,
        })
    }
}

/// A card of the lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LabScenario {
    /// "healthy", another healthy one's name, or the misbehaviour's.
    pub slug: String,
    /// None for the healthy ones.
    pub code: Option<String>,
    pub title: String,
    /// One sentence.
    pub sentence: String,
    /// None: nothing is wrong in it.
    pub level: Option<diagnosis::Level>,
}

/// Kept in the settings file. No secret ever is: a client secret of `options` is left out when it
/// is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct Settings {
    pub theme: Theme,
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PastRun {
    pub server_url: String,
    pub at: Timestamp,
    pub result: PastResult,
    /// "Reached tools/list · 1 warning", or the verdict of the worst finding.
    pub summary: String,
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
}

impl PastRun {
    /// What is remembered of a run; none while it is not over.
    pub fn of(view: &View, findings: &[Finding], at: Timestamp) -> Option<Self> {
        let count = |level: Level| {
            findings
                .iter()
                .filter(|finding| finding.level == level)
                .count()
        };
        let (errors, warnings) = (count(Level::Error), count(Level::Warning));
        let worst = findings
            .iter()
            .filter(|finding| finding.level > Level::Note)
            .max_by_key(|finding| finding.level);
        let counted = |number: usize, what: &str| match number {
            0 => String::new(),
            1 => format!(" · 1 {what}"),
            more => format!(" · {more} {what}s"),
        };
        let (result, summary) = match &view.status {
            Status::Done { message } => {
                let result = if worst.is_some() {
                    PastResult::Warned
                } else {
                    PastResult::Passed
                };
                (
                    result,
                    format!(
                        "{message}{}{}",
                        counted(errors, "error"),
                        counted(warnings, "warning")
                    ),
                )
            }
            Status::Stopped { message, .. } => (
                PastResult::Failed,
                worst.map_or(message.clone(), |finding| finding.title.clone()),
            ),
            Status::Ended => (PastResult::Ended, "Ended by the user".into()),
            Status::Ready
            | Status::Sending
            | Status::AwaitingKeychain
            | Status::AwaitingCallback { .. }
            | Status::AwaitingDevice { .. } => return None,
        };
        Some(Self {
            server_url: view.server_url.clone(),
            at,
            result,
            summary,
        })
    }
}

/// What the window and the command are told when something cannot be done. Nothing compares texts:
/// `code` is for programs, the rest for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[ts(export)]
#[error("{message}")]
pub struct AppError {
    pub code: ErrorCode,
    /// Names the field, what was expected and what came.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A value the user gave is not usable; `message` names the field.
    Invalid,
    /// The command does not fit where the session stands.
    NotNow,
    /// A file could not be read or written.
    File,
    /// The keychain refused.
    Vault,
    /// A port could not be opened.
    Listen,
    /// No browser could be started.
    Browser,
}

/// A token set with its secrets, for the one who asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevealedToken {
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            options: Options::default(),
        }
    }
}
