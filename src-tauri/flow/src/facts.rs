//! What a flow knows so far.

use trace::{ResourceMetadata, Revision, Secret, ServerMetadata, StopCode, Timestamp};

/// What a flow knows so far. Identifiers are the text that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The revision whose rules apply; the latest until something tells otherwise.
    pub revision: Revision,
    /// The server's era is known: no other one is tried.
    pub era_known: bool,
    /// `resource_metadata` of the challenge, when it is an absolute http(s) URL.
    pub resource_metadata_url: Option<String>,
    /// `scope` of the latest challenge.
    pub challenged_scope: Option<String>,
    /// A 401 was seen.
    pub challenged: bool,
    pub resource_metadata: Option<ResourceMetadata>,
    /// The issuer chosen, byte for byte as the resource metadata names it.
    pub issuer: Option<String>,
    pub server_metadata: Option<ServerMetadata>,
    pub redirect_uri: Option<String>,
    pub client: Option<Client>,
    pub authorization: Option<Authorization>,
    pub code: Option<Secret>,
    pub tokens: Option<Tokens>,
    /// `Mcp-Session-Id` (2025-11-25 basic/transports, "Session Management").
    pub session_id: Option<String>,
    pub server: ServerFacts,
    /// The refusals the user passed by.
    pub waived: Vec<StopCode>,
    /// A redirect being followed: where to, and how many there were.
    pub redirect: Option<(String, u8)>,
    /// Tokens obtained since the flow last reached its end: a server that takes none of them must not keep it going.
    pub renewals: u8,
    /// The next JSON-RPC id.
    pub rpc_id: u32,
}

/// The client the flow acts as.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// `none`, `client_secret_basic`, `client_secret_post` (RFC 7591 section 2).
    pub auth_method: String,
    pub by: RegisteredBy,
    /// The redirect URI it was registered with.
    pub redirect_uri: Option<String>,
    /// The whole registration answer (RFC 7591 section 3.2.1); it holds secrets.
    pub registration: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisteredBy {
    /// The user's own arrangement with the authorization server.
    Hand,
    Dcr,
}

/// An authorization request under way (2026-07-28 basic/authorization, "Authorization Response Validation": the
/// issuer is recorded with the verifier and the state).
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    pub state: Secret,
    pub code_verifier: Secret,
    pub issuer: Option<String>,
    pub scope: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub id_token: Option<Secret>,
    pub token_type: String,
    pub scope: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub obtained_at: Timestamp,
    /// The MCP server has accepted the access token at least once.
    pub accepted: bool,
    /// It came from the keychain, not from this run.
    pub stored: bool,
    /// The issuer that issued it.
    pub issuer: Option<String>,
}

impl Tokens {
    /// Whether the access token's time is over, as far as the server said when that is.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What the MCP server said of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerFacts {
    pub name: Option<String>,
    pub version: Option<String>,
    pub tools: Vec<Tool>,
}

/// A tool as `tools/list` names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// `inputSchema`, as it came.
    pub input_schema: serde_json::Value,
}

impl Facts {
    pub(crate) fn new(revision: Option<Revision>) -> Self {
        Self {
            revision: revision.unwrap_or(Revision::LATEST),
            era_known: revision.is_some(),
            resource_metadata_url: None,
            challenged_scope: None,
            challenged: false,
            resource_metadata: None,
            issuer: None,
            server_metadata: None,
            redirect_uri: None,
            client: None,
            authorization: None,
            code: None,
            tokens: None,
            session_id: None,
            server: ServerFacts::default(),
            waived: Vec::new(),
            redirect: None,
            renewals: 0,
            rpc_id: 1,
        }
    }

    /// The resource indicator: what the metadata says, else the server's URL (RFC 8707 section 2). None before
    /// 2025-06-18, which has no such parameter.
    pub(crate) fn resource(&self, server_url: &str) -> Option<String> {
        if !self.revision.at_least(Revision::R20250618) {
            return None;
        }
        let named = self
            .resource_metadata
            .as_ref()
            .and_then(|metadata| metadata.resource.clone());
        Some(named.unwrap_or_else(|| server_url.into()))
    }

    pub(crate) fn waives(&self, code: StopCode) -> bool {
        self.waived.contains(&code)
    }
}
