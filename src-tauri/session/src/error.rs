//! The errors a session answers with.

use crate::contract::{AppError, ErrorCode};

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
