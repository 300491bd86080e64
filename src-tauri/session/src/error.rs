//! Why something cannot be done.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why something cannot be done, for a front-end. Nothing compares texts: `code` is for
/// programs, the rest for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
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

/// A value that cannot be used: `message` names the field, what was expected and what came.
pub(crate) fn invalid(message: impl Into<String>) -> AppError {
    AppError {
        code: ErrorCode::Invalid,
        message: message.into(),
        hint: None,
    }
}

/// A command that does not fit where the session stands.
pub(crate) fn not_now(message: &str) -> AppError {
    AppError {
        code: ErrorCode::NotNow,
        message: message.into(),
        hint: None,
    }
}
