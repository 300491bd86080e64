//! Where a trace comes from, and whose traffic it is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a trace came about. What is not in a live trace did not happen; what is not in a recording
/// may have been left out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Origin {
    /// A run of this program.
    #[default]
    Live,
    /// Read from a file that another tool, or this one, wrote; the names as the file gives them.
    File {
        tool: Option<String>,
        version: Option<String>,
    },
    /// The traffic of another client, watched while it happened.
    Observed,
    /// Pieces of text that somebody pasted: commands, transcripts, log lines, documents.
    Pasted,
}

/// The program that sent the requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Client {
    /// As it calls itself, or as it is known: "Authscope", "MCP Inspector", "unknown client".
    pub name: String,
    pub version: Option<String>,
    /// What shows that it is this client; empty for our own runs.
    pub evidence: Vec<Evidence>,
}

impl Client {
    /// This program.
    pub fn ours() -> Self {
        Self {
            name: "Authscope".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            evidence: Vec::new(),
        }
    }

    /// A client of which nothing is known.
    pub fn unknown() -> Self {
        Self {
            name: "unknown client".into(),
            version: None,
            evidence: Vec::new(),
        }
    }
}

/// A fact that speaks for a client or a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Evidence {
    /// The entry that shows it; `None` when it is about the trace as a whole.
    pub entry: Option<u32>,
    /// In a few words: `User-Agent "node"`, `host login.microsoftonline.com`.
    pub what: String,
}

/// An option of a run that was set otherwise than it is by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnOption {
    /// As the table of options has it: "resource.is".
    pub id: String,
    /// As the window calls it: "Resource indicator".
    pub title: String,
    /// On the command line, with its dashes; `None` where there is no flag.
    pub flag: Option<String>,
    /// What was chosen, for numbers, choices and the names of pairs. Texts are not kept here: what
    /// was sent shows them.
    pub value: Option<String>,
}

impl OwnOption {
    const PATIENCE: &str = "observe.patience";

    /// After how many seconds a client that was watched is taken to have given up.
    pub fn patience(seconds: u64) -> Self {
        Self {
            id: Self::PATIENCE.into(),
            title: "Patience".into(),
            flag: Some("--patience".into()),
            value: Some(seconds.to_string()),
        }
    }

    /// The seconds, where it is the patience.
    pub fn as_patience(&self) -> Option<u64> {
        let value = self.value.as_ref().filter(|_| self.id == Self::PATIENCE);
        value?.parse().ok()
    }
}

/// Number of a flow in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct FlowId(pub u16);

impl FlowId {
    /// The flow of a live run, which has one.
    pub const FIRST: Self = Self(0);

    pub(crate) fn first() -> Option<Self> {
        Some(Self::FIRST)
    }
}

/// One attempt to reach one MCP server. A recording may hold several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowInfo {
    pub id: FlowId,
    /// The URL of its MCP server; `None` when the recording does not show it.
    pub server_url: Option<String>,
}
