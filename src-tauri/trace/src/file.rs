//! The saved form of a trace, with its version.
//!
//! | version | since | what changed |
//! |---|---|---|
//! | 1 | 0.1.0 | first |

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::entry::Trace;

/// The version this program writes. It reads this one and every earlier one.
pub const VERSION: u32 = 1;

/// Why a file is not a trace that can be read.
#[derive(Debug)]
pub enum FileError {
    /// Not JSON, or a field is not as expected; the text names it.
    Malformed(String),
    /// Written by a later program.
    Newer { found: u64 },
    /// It does not say that it is a trace.
    NotATrace,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "not a readable trace: {what}"),
            Self::Newer { found } => write!(f, "version: expected at most {VERSION}, got {found}"),
            Self::NotATrace => f.write_str("authscope_trace: expected a version number, got none"),
        }
    }
}

impl std::error::Error for FileError {}

pub fn to_json(trace: &Trace) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        authscope_trace: u32,
        #[serde(flatten)]
        trace: &'a Trace,
    }
    // A trace holds no map with keys that are not strings, so writing it cannot fail.
    serde_json::to_string(&File {
        authscope_trace: VERSION,
        trace,
    })
    .unwrap_or_default()
}

/// # Errors
/// [`FileError`] says which field is wrong, or that the file is from a later version.
pub fn from_json(text: &str) -> Result<Trace, FileError> {
    #[derive(Deserialize)]
    struct Version {
        authscope_trace: Option<u64>,
    }
    let malformed = |error: serde_json::Error| FileError::Malformed(error.to_string());
    let version: Version = serde_json::from_str(text).map_err(malformed)?;
    match version.authscope_trace {
        None => Err(FileError::NotATrace),
        Some(found) if found > u64::from(VERSION) => Err(FileError::Newer { found }),
        Some(_) => serde_json::from_str(text).map_err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_trace_is_read_back_and_a_later_version_is_named() {
        let trace = Trace::new("https://mcp.example/mcp", Timestamp(5));
        let json = to_json(&trace);
        assert_eq!(from_json(&json).unwrap(), trace);
        let newer = json.replace("\"authscope_trace\":1", "\"authscope_trace\":9");
        assert_eq!(
            from_json(&newer).unwrap_err().to_string(),
            "version: expected at most 1, got 9"
        );
        assert!(matches!(from_json("{}"), Err(FileError::NotATrace)));
        assert!(matches!(from_json("{"), Err(FileError::Malformed(_))));
    }
}
