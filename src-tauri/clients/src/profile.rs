//! What a profile holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trace::{Purpose, Revision};

/// A known client.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// As `--as` takes it.
    pub id: String,
    /// As its users know it.
    pub name: String,
    /// The version that was looked at; empty where it has none that is known.
    pub version: String,
    /// How well what is played is known.
    pub grade: Grade,
    /// It runs at its provider: its redirect URI is not on this machine.
    pub hosted: bool,
    pub facts: Vec<Fact>,
    #[serde(rename = "recognize")]
    pub signs: Signs,
    pub play: Play,
    pub weaknesses: Vec<Weakness>,
}

/// How well a fact is known, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Seen in the traffic of the client itself.
    Proved,
    /// Read in its source.
    Source,
    /// Said by its maker, or by people who saw it.
    Documented,
}

impl Grade {
    /// For a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Source => "read from source",
            Self::Documented => "documented",
        }
    }
}

/// Something that is known of a client.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub what: String,
    pub grade: Grade,
    /// The version or commit that it is of, or the month in which it was said.
    pub version: String,
    pub link: String,
}

/// Something that a client does wrong, or that servers trip over.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Weakness {
    pub what: String,
    /// Which, or the month in which it was said.
    pub versions: String,
    pub link: String,
}

/// What a client is recognised by. Names are compared without regard to case; User-Agents, redirect
/// URIs and client identifiers by their beginning.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Signs {
    pub client_name: Vec<String>,
    pub client_info: Vec<String>,
    pub user_agent: Vec<String>,
    pub redirect_uri: Vec<String>,
    pub client_id: Vec<String>,
}

/// What a client sends, as far as a run can play it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// `client_name` of its registration.
    #[serde(default)]
    pub client_name: Option<String>,
    /// `clientInfo` of its calls.
    #[serde(default)]
    pub client_info: Option<String>,
    /// Where its headers are not known as a whole.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Of calls with a token, where it is another one.
    #[serde(default)]
    pub call_user_agent: Option<String>,
    /// The revision that it speaks; `None` where that follows the server.
    #[serde(default)]
    pub revision: Option<Revision>,
    /// What it asks before anything else, as method and path. A run leaves it out.
    #[serde(default)]
    pub before: Vec<String>,
    /// All headers of its requests, by leg, but for those that say where a request goes, how long
    /// it is, and what is in it. Without `user-agent` a leg has none; a run sends Authscope's then,
    /// and its own `accept` and `accept-encoding` likewise.
    #[serde(default)]
    pub headers: BTreeMap<Leg, BTreeMap<String, String>>,
    /// Without a port: one of the moment.
    pub redirect_uri: String,
    /// Redirect URIs that it registers besides.
    #[serde(default)]
    pub also_registers: Vec<String>,
    /// Further members of its registration.
    #[serde(default)]
    pub registration: Map<String, Value>,
    #[serde(default)]
    pub application_type: Option<String>,
    /// Whether its registration names the scope.
    #[serde(default = "yes")]
    pub registers_scope: bool,
    /// The URL of its client metadata document.
    #[serde(default)]
    pub metadata_document: Option<String>,
    /// Where it looks for resource metadata, in this order.
    pub resource_metadata: Vec<MetadataPlace>,
    /// Where it looks for authorization server metadata, in this order.
    pub server_metadata: Vec<ServerDocument>,
    pub scope: ScopeRule,
    /// The scope that it asks for where nothing names one.
    #[serde(default)]
    pub fallback_scope: Option<String>,
    /// Whether it asks for `offline_access`, too, where the authorization server lists it.
    #[serde(default)]
    pub offline_access: bool,
    /// Whether it sends `resource`.
    #[serde(default = "yes")]
    pub resource: bool,
}

/// A kind of requests that have the same headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// To the MCP server.
    Call,
    ResourceMetadata,
    ServerMetadata,
    Registration,
    Token,
}

impl Leg {
    /// Where a request of this purpose belongs; `None` for requests in which clients hardly differ,
    /// or that a browser sends.
    pub fn of(purpose: &Purpose) -> Option<Self> {
        match purpose {
            Purpose::Challenge { .. } | Purpose::Mcp { .. } => Some(Self::Call),
            Purpose::ResourceMetadata { .. } => Some(Self::ResourceMetadata),
            Purpose::ServerMetadata { .. } => Some(Self::ServerMetadata),
            Purpose::Registration => Some(Self::Registration),
            Purpose::Token { .. } => Some(Self::Token),
            _ => None,
        }
    }
}

impl Play {
    /// The headers of a request; `None` where they are not known as a whole.
    pub fn headers_of(&self, purpose: &Purpose) -> Option<&BTreeMap<String, String>> {
        self.headers.get(&Leg::of(purpose)?)
    }

    /// The `User-Agent` of a request, where it is known.
    pub fn user_agent_of(&self, purpose: &Purpose) -> Option<&str> {
        if let Some(headers) = self.headers_of(purpose) {
            return headers.get("user-agent").map(String::as_str);
        }
        let with_token = matches!(purpose, Purpose::Mcp { .. });
        let of_call = self.call_user_agent.as_ref().filter(|_| with_token);
        of_call.or(self.user_agent.as_ref()).map(String::as_str)
    }
}

fn yes() -> bool {
    true
}

/// A place of resource metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataPlace {
    /// `resource_metadata` of the challenge.
    Challenge,
    PathInserted,
    Root,
}

/// A document of an authorization server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerDocument {
    OauthInserted,
    OidcInserted,
    OidcAppended,
}

/// Where a client takes the scope from; the first that names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeRule {
    /// It asks for no scope.
    None,
    ChallengeThenResource,
    /// All that both name, and then `scopes_supported` of the authorization server.
    ChallengeAndResourceThenServer,
    /// And then `scopes_supported` of the authorization server.
    ChallengeThenResourceThenServer,
}
