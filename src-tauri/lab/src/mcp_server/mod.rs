//! The MCP server: one endpoint for the handshake revisions and the stateless one, behind access
//! tokens.
//!
//! | module | holds |
//! |---|---|
//! | `server` | what it is made of |
//! | `resource_metadata` | protected resource metadata (RFC 9728) |
//! | `access` | who may call, and the challenge for those who may not |
//! | `message` | JSON-RPC and how an answer is sent |
//! | `legacy` | 2025-03-26 to 2025-11-25: handshake, sessions, answers as event streams |
//! | `modern` | 2026-07-28: every request for itself, answers as JSON |
//! | `tools` | the tools, the same for both |

mod access;
mod legacy;
mod message;
mod modern;
mod resource_metadata;
mod server;
mod tools;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{self, HeaderMap};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::Value;

use crate::Misbehaviour;
use crate::origin::{allow_cross_origin, is_local_origin};
use crate::web::{media_type, set, single_page_app};

use server::MODERN;

pub(crate) use server::{McpServer, advertised_resource};

impl McpServer {
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let routes = Router::new()
            .route("/mcp", any(endpoint))
            .route(
                "/.well-known/oauth-protected-resource/mcp",
                get(resource_metadata::path_inserted),
            )
            .route(
                "/.well-known/oauth-protected-resource",
                get(resource_metadata::root),
            )
            .with_state(self.clone());
        allow_cross_origin(routes, self.misbehaviour)
    }
}

async fn endpoint(
    State(server): State<Arc<McpServer>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_local_origin(&headers) {
        // 2026-07-28, Streamable HTTP, Security & Endpoint.
        let error = message::error(None, -32600, "The Origin is not a local one", None);
        return message::as_json(StatusCode::FORBIDDEN, &error);
    }
    if server.misbehaviour == Some(Misbehaviour::NotAnMcpServer) {
        return single_page_app();
    }
    // The token is looked at before the method, so that a client that probes with GET sees the
    // challenge.
    let caller = match server.authenticate(&method, &headers) {
        Ok(caller) => caller,
        Err(denied) => return server.challenge(&denied, &headers),
    };
    match method {
        Method::POST => post(&server, &caller, &headers, &body),
        Method::DELETE => legacy::end_session(&server, &headers),
        _ => method_not_allowed(),
    }
}

fn post(server: &McpServer, caller: &access::Caller, headers: &HeaderMap, body: &[u8]) -> Response {
    let body = match read(headers, body) {
        Ok(body) => body,
        Err((status, code, text)) => {
            return message::as_json(status, &message::error(None, code, &text, None));
        }
    };
    let calls = body
        .as_array()
        .map_or(std::slice::from_ref(&body), Vec::as_slice);
    if let Some(denied) = calls
        .iter()
        .find_map(|call| server.permit(caller, call).err())
    {
        return server.challenge(&denied, headers);
    }
    if server.misbehaviour == Some(Misbehaviour::McpCallFailed) && body["method"] == "tools/list" {
        let error = message::error(body.get("id"), -32603, "Internal error", None);
        return message::as_json(StatusCode::OK, &error);
    }
    let mut body = body;
    if server.misbehaviour == Some(Misbehaviour::JsonRpcEnvelopeWrong)
        && body["method"] == "tools/list"
    {
        body["id"] = Value::from("another");
    }
    let calls = body
        .as_array()
        .map_or(std::slice::from_ref(&body), Vec::as_slice);
    let answer = if is_modern(headers, &body) {
        modern::answer(server, headers, &body)
    } else {
        legacy::answer(server, headers, &body)
    };
    let listed = calls.iter().any(|call| call["method"] == "tools/list");
    if server.options.as_migrates && listed && answer.status().is_success() {
        server.memory().migrated = true;
    }
    answer
}

/// The body of a POST, or the status and the JSON-RPC error that it gets.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, (StatusCode, i64, String)> {
    if media_type(headers) != "application/json" {
        let text = "The Content-Type has to be application/json";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, -32600, text.to_owned()));
    }
    if !accepts_both(headers) {
        let text = "Accept has to list application/json and text/event-stream";
        return Err((StatusCode::NOT_ACCEPTABLE, -32600, text.to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| {
        (
            StatusCode::BAD_REQUEST,
            -32700,
            format!("The body is not JSON: {error}"),
        )
    })
}

/// A request with per-request metadata is of the stateless revision; `initialize` never is
/// (2026-07-28, Versioning, Backward Compatibility).
fn is_modern(headers: &HeaderMap, body: &Value) -> bool {
    if body["method"] == "initialize" {
        return false;
    }
    let named = message::header(headers, "mcp-protocol-version");
    !modern::declared_version(body).is_null()
        || named.is_some_and(|version| MODERN.contains(&version))
}

/// The client "MUST include an Accept header listing both" (Streamable HTTP, Sending Messages).
fn accepts_both(headers: &HeaderMap) -> bool {
    let accepted: Vec<String> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| {
            range
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        })
        .collect();
    let listed = |wanted: &str, group: &str| {
        accepted
            .iter()
            .any(|a| a == wanted || a == group || a == "*/*")
    };
    listed("application/json", "application/*") && listed("text/event-stream", "text/*")
}

fn method_not_allowed() -> Response {
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    set(response.headers_mut(), header::ALLOW, "POST, DELETE");
    response
}
