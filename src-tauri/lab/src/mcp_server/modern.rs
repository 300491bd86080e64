//! The stateless revision, 2026-07-28: every request carries its version, and headers that mirror
//! its body.

use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::message::{self, accepted, as_json, header};
use super::server::{INSTRUCTIONS, MODERN, VERSIONS, server_info};
use super::{McpServer, tools};

const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;
const INVALID_PARAMS: i64 = -32602;
const METHOD_NOT_FOUND: i64 = -32601;

/// Answers a POST.
pub(super) fn answer(server: &McpServer, headers: &HeaderMap, body: &Value) -> Response {
    if !message::is_message(body) || !body["method"].is_string() {
        let text = "The body has to be one JSON-RPC request or notification";
        return as_json(
            StatusCode::BAD_REQUEST,
            &message::error(None, -32600, text, None),
        );
    }
    let Some(id) = body.get("id") else {
        // This revision defines no notification that a client sends over HTTP, nor their headers.
        return accepted();
    };
    if let Err(error) = check(headers, body, id) {
        return as_json(StatusCode::BAD_REQUEST, &error);
    }
    let (result, cacheable) = match body["method"].as_str() {
        Some("server/discover") => (discovery(), true),
        Some("tools/list") => (json!({ "tools": tools::list(server) }), true),
        Some("tools/call") => match tools::call(server, &body["params"]) {
            Ok(result) => (result, false),
            Err(text) => {
                return as_json(
                    StatusCode::OK,
                    &message::error(Some(id), INVALID_PARAMS, &text, None),
                );
            }
        },
        _ => {
            let error = message::error(Some(id), METHOD_NOT_FOUND, "Method not found", None);
            return as_json(StatusCode::NOT_FOUND, &error);
        }
    };
    as_json(
        StatusCode::OK,
        &message::result(id, complete(result, cacheable)),
    )
}

/// The revision that the request's metadata names.
pub(super) fn declared_version(body: &Value) -> &Value {
    &body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"]
}

/// The checks of Streamable HTTP, Request Metadata, in the order in which a client can mend them.
fn check(headers: &HeaderMap, body: &Value, id: &Value) -> Result<(), Value> {
    let mismatch = |text: String| Err(message::error(Some(id), HEADER_MISMATCH, &text, None));
    let Some(named) = header(headers, "mcp-protocol-version") else {
        return mismatch("Header mismatch: MCP-Protocol-Version is missing".to_owned());
    };
    let Some(declared) = declared_version(body).as_str() else {
        let text = "params._meta has to hold io.modelcontextprotocol/protocolVersion";
        return Err(message::error(Some(id), INVALID_PARAMS, text, None));
    };
    if named != declared {
        return mismatch(format!(
            "Header mismatch: MCP-Protocol-Version header value '{named}' does not match body value '{declared}'"
        ));
    }
    if !MODERN.contains(&declared) {
        let data = json!({ "supported": VERSIONS, "requested": declared });
        let text = "Unsupported protocol version";
        return Err(message::error(
            Some(id),
            UNSUPPORTED_VERSION,
            text,
            Some(data),
        ));
    }
    if !body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].is_object() {
        let text = "params._meta has to hold io.modelcontextprotocol/clientCapabilities";
        return Err(message::error(Some(id), INVALID_PARAMS, text, None));
    }
    let method = body["method"].as_str().unwrap_or_default();
    let mirrored = [
        ("Mcp-Method", Some(method)),
        ("Mcp-Name", named_in_body(method, &body["params"])),
    ];
    for (name, wanted) in mirrored {
        let Some(wanted) = wanted else { continue };
        match header(headers, name).map(|value| decoded(name, value)) {
            Some(Some(value)) if value == wanted => {}
            Some(Some(value)) => {
                return mismatch(format!(
                    "Header mismatch: {name} header value '{value}' does not match body value '{wanted}'"
                ));
            }
            Some(None) => return mismatch(format!("Header mismatch: {name} is not valid Base64")),
            None => return mismatch(format!("Header mismatch: {name} is missing")),
        }
    }
    Ok(())
}

/// What `Mcp-Name` has to mirror, for the methods that need it.
fn named_in_body<'a>(method: &str, params: &'a Value) -> Option<&'a str> {
    match method {
        "tools/call" | "prompts/get" => params["name"].as_str(),
        "resources/read" => params["uri"].as_str(),
        _ => None,
    }
}

/// A header value out of the Base64 form that is allowed for `Mcp-Name` (Value Encoding).
fn decoded(name: &str, value: &str) -> Option<String> {
    let encoded = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match encoded.filter(|_| name == "Mcp-Name") {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

fn discovery() -> Value {
    json!({ "supportedVersions": VERSIONS, "capabilities": { "tools": {} }, "instructions": INSTRUCTIONS })
}

fn complete(mut result: Value, cacheable: bool) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": server_info() });
    if cacheable {
        // The tools are the same for everyone, but only those with a token see them.
        result["ttlMs"] = json!(60_000);
        result["cacheScope"] = json!("private");
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_names() {
        assert_eq!(decoded("Mcp-Name", "echo").as_deref(), Some("echo"));
        assert_eq!(
            decoded("Mcp-Name", "=?base64?ZWNobw==?=").as_deref(),
            Some("echo")
        );
        assert_eq!(decoded("Mcp-Name", "=?base64?%?="), None);
        assert_eq!(
            decoded("Mcp-Method", "=?base64?ZWNobw==?=").as_deref(),
            Some("=?base64?ZWNobw==?=")
        );
    }
}
