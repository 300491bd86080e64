//! What the MCP server is made of and what its parts share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::authorization_server::AuthorizationServer;
use crate::dpop::ProofGate;
use crate::{LabOptions, Misbehaviour};

/// Every revision this server speaks, newest first.
pub(super) const VERSIONS: &[&str] = &["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"];
/// The stateless ones among them.
pub(super) const MODERN: &[&str] = &["2026-07-28"];

/// The MCP server and what it remembers.
pub(crate) struct McpServer {
    pub(super) origin: String,
    pub(super) url: String,
    pub(super) as_url: String,
    /// The second authorization server's, where there is one.
    pub(super) second_as: Option<String>,
    /// The authorization servers whose tokens it accepts.
    pub(super) authorization_servers: Vec<Arc<AuthorizationServer>>,
    /// The audiences it accepts: its URL, and the identifier it advertises.
    pub(super) audiences: Vec<String>,
    pub(super) misbehaviour: Option<Misbehaviour>,
    pub(super) options: LabOptions,
    pub(super) proofs: ProofGate,
    pub(super) memory: Mutex<Memory>,
}

#[derive(Default)]
pub(super) struct Memory {
    /// Negotiated revision by session id.
    pub(super) sessions: HashMap<String, String>,
    pub(super) notes: Vec<String>,
    /// Whether it belongs to the second authorization server by now.
    pub(super) migrated: bool,
}

impl McpServer {
    pub(crate) fn new(
        origin: &str,
        as_url: &str,
        second_as: Option<&str>,
        authorization_servers: Vec<Arc<AuthorizationServer>>,
        options: &LabOptions,
    ) -> Self {
        let misbehaviour = options.misbehaviour;
        let expected = options.provider.and_then(|setup| setup.expected_audience());
        let url = format!("{origin}/mcp");
        Self {
            origin: origin.to_owned(),
            audiences: [url.clone(), advertised_resource(&url, as_url, misbehaviour)]
                .into_iter()
                .chain(expected.map(str::to_owned))
                .collect(),
            url,
            as_url: as_url.to_owned(),
            second_as: second_as.map(str::to_owned),
            authorization_servers,
            misbehaviour,
            options: options.clone(),
            proofs: ProofGate::new(options.dpop_nonce),
            memory: Mutex::default(),
        }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identifier the resource metadata gives: the MCP server's URL when it is healthy.
pub(crate) fn advertised_resource(
    mcp_url: &str,
    as_url: &str,
    misbehaviour: Option<Misbehaviour>,
) -> String {
    match misbehaviour {
        Some(Misbehaviour::ResourceTrailingSlash) => format!("{mcp_url}/"),
        Some(Misbehaviour::ResourceMismatch) => as_url.to_owned(),
        _ => mcp_url.to_owned(),
    }
}

/// The server's name and version, the same in all revisions.
pub(super) fn server_info() -> Value {
    json!({ "name": "authscope-lab", "title": "Authscope lab", "version": env!("CARGO_PKG_VERSION") })
}

/// What the server says about its tools.
pub(super) const INSTRUCTIONS: &str =
    "echo and add need the scope mcp:read, write_note needs mcp:write.";
