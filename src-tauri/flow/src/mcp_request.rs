//! Builds requests to the MCP server.

use serde_json::{Value, json};
use trace::{Request, Revision};

use crate::facts::Facts;
use crate::played;
use crate::proof::authorization;
use crate::setup::Setup;

/// A JSON-RPC request or, without `id`, a notification.
pub(crate) fn mcp_request(
    facts: &Facts,
    setup: &Setup,
    method: &str,
    mut params: Value,
    notification: bool,
    token: bool,
) -> Request {
    let modern = facts.revision.is_modern();
    if modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": facts.revision.as_str(),
            "io.modelcontextprotocol/clientInfo": client_info(setup),
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    let mut message = json!({ "jsonrpc": "2.0" });
    if !notification {
        message["id"] = json!(facts.rpc_id);
    }
    message["method"] = json!(method);
    if params.as_object().is_some_and(|params| !params.is_empty()) {
        message["params"] = params;
    }
    let mut request = Request::new("POST", setup.server_url.clone())
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json");
    // From 2025-06-18 on, after `initialize`; in 2026-07-28 on every POST.
    if modern || (method != "initialize" && facts.revision.at_least(Revision::R20250618)) {
        request = request.header("mcp-protocol-version", facts.revision.as_str());
    }
    if modern {
        request = request.header("mcp-method", method);
    }
    if let Some(session) = facts.session_id.as_ref().filter(|_| !modern) {
        request = request.header("mcp-session-id", session);
    }
    if let Some(credentials) = authorization(facts).filter(|_| token) {
        request = request.header("authorization", credentials);
    }
    request.body(message.to_string())
}

pub(crate) fn initialize_params(facts: &Facts, setup: &Setup) -> Value {
    json!({
        "protocolVersion": facts.revision.as_str(),
        "capabilities": {},
        "clientInfo": client_info(setup),
    })
}

fn client_info(setup: &Setup) -> Value {
    let played = played::play(setup).and_then(|play| play.client_info.as_ref());
    let name = played.unwrap_or(&setup.client_name);
    json!({ "name": name, "version": setup.client_version })
}
