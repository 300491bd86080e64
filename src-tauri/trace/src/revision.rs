//! The revisions of the Model Context Protocol.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A revision of the MCP specification; later ones compare as greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub enum Revision {
    #[serde(rename = "2025-03-26")]
    R20250326,
    #[serde(rename = "2025-06-18")]
    R20250618,
    #[serde(rename = "2025-11-25")]
    R20251125,
    #[serde(rename = "2026-07-28")]
    R20260728,
}

impl Revision {
    pub const ALL: [Revision; 4] = [
        Self::R20250326,
        Self::R20250618,
        Self::R20251125,
        Self::R20260728,
    ];
    /// The newest one that starts with `initialize`.
    pub const LATEST_LEGACY: Revision = Self::R20251125;
    pub const LATEST: Revision = Self::R20260728;

    pub fn as_str(self) -> &'static str {
        match self {
            Self::R20250326 => "2025-03-26",
            Self::R20250618 => "2025-06-18",
            Self::R20251125 => "2025-11-25",
            Self::R20260728 => "2026-07-28",
        }
    }

    /// Whether this revision is `other` or a later one.
    pub fn at_least(self, other: Revision) -> bool {
        self >= other
    }

    /// Whether requests carry the version themselves and there is no `initialize`
    /// (2026-07-28, basic/versioning, "Modern").
    pub fn is_modern(self) -> bool {
        self.at_least(Self::R20260728)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Revision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.as_str() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::as_str).join(", ");
                format!("revision: expected one of {known}, got \"{text}\"")
            })
    }
}
