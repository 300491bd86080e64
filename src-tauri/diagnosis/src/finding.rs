//! What a rule says.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One judged fact: what is wrong, where it shows, who has to change what, and which sentence says
/// so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// Stable, e.g. "S09".
    pub code: String,
    /// The rule's name, which states the fault: "resource_metadata_parameter_wrong".
    pub rule: String,
    /// Which of the rule's variants it is, e.g. "default"; the catalogue lists them.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub variant: String,
    pub level: Level,
    pub certainty: Certainty,
    pub owner: Owner,
    /// Whom `owner` means here: "the MCP server https://mcp.example".
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub owner_name: String,
    /// The entry that shows it (number in the diagram); none when it is about the run as a whole.
    pub exchange: Option<u32>,
    pub part: Option<Part>,
    /// The verdict in one sentence, without a full stop.
    pub title: String,
    /// What it means for the user, in one to three sentences.
    pub message: String,
    pub expected: Option<String>,
    /// As it was on the wire.
    pub actual: Option<String>,
    /// What to change, addressed to the owner.
    pub fix: String,
    pub spec: SpecReference,
    /// The code of the finding that this one comes of; it is listed above, with nothing but other
    /// consequences of it in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cause: Option<String>,
}

/// Follows the specification's keyword: MUST is an error, SHOULD a warning, all else a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Note,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The traffic shows it and nothing else explains it.
    Certain,
    /// The traffic fits it, but something else may explain it; the message says what.
    Likely,
    /// The rule could not be checked; the message says because of what.
    NotChecked,
}

/// Who has to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The MCP server: its code or its settings.
    McpServer,
    /// The authorization server: its code or its settings.
    AuthorizationServer,
    /// A proxy, gateway or network in between.
    Network,
    /// The client, or what the user told it to do.
    Client,
    /// Nobody: it is as it should be, and worth knowing.
    Nobody,
}

/// The part of the exchange that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Part {
    RequestUrl,
    RequestHeader {
        name: String,
    },
    RequestBody,
    Status,
    ResponseHeader {
        name: String,
    },
    /// A member of the response's JSON body as a JSON pointer (RFC 6901), or the whole body when
    /// empty.
    ResponseBody {
        pointer: String,
    },
}

/// A section of a specification and the sentence meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SpecReference {
    /// "RFC 9728 section 3.3", "MCP 2025-11-25 authorization".
    pub title: String,
    pub url: String,
    /// Word for word.
    pub quote: String,
}
