//! The handshake revisions, 2025-03-26 to 2025-11-25 (Streamable HTTP with sessions).

use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::message::{self, accepted, as_event_stream, as_json, header};
use super::server::{INSTRUCTIONS, VERSIONS, server_info};
use super::{McpServer, tools};
use crate::jwt::random_text;

const SESSION: &str = "mcp-session-id";
/// The handshake revisions, newest first.
const LEGACY: &[&str] = VERSIONS.split_at(1).1;

/// Answers a POST.
pub(super) fn answer(server: &McpServer, headers: &HeaderMap, body: &Value) -> Response {
    if body["method"] == "initialize" {
        return initialize(server, body);
    }
    let revision = match session_revision(server, headers) {
        Ok(revision) => revision,
        Err(response) => return *response,
    };
    let messages: Vec<&Value> = match body {
        // Batches came and went with this revision (2025-03-26, Transports, Sending Messages to the
        // Server).
        Value::Array(batch) if revision == "2025-03-26" && !batch.is_empty() => {
            batch.iter().collect()
        }
        one => vec![one],
    };
    if !messages.iter().all(|message| message::is_message(message)) {
        return refuse(
            StatusCode::BAD_REQUEST,
            -32600,
            "The body is not a JSON-RPC message of this revision",
        );
    }
    let answers: Vec<Value> = messages
        .into_iter()
        .filter_map(|message| reply(server, message))
        .collect();
    if answers.is_empty() {
        accepted()
    } else {
        as_event_stream(&answers)
    }
}

/// Answers a DELETE: the client is done with its session.
pub(super) fn end_session(server: &McpServer, headers: &HeaderMap) -> Response {
    match session_revision(server, headers) {
        Ok(_) => {
            let id = header(headers, SESSION).unwrap_or_default();
            server.memory().sessions.remove(id);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => *response,
    }
}

fn initialize(server: &McpServer, body: &Value) -> Response {
    let Some(id) = body.get("id").filter(|_| message::is_message(body)) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            -32600,
            "initialize has to be a JSON-RPC request",
        );
    };
    let Some(asked) = body["params"]["protocolVersion"].as_str() else {
        let error = message::error(Some(id), -32602, "params.protocolVersion is missing", None);
        return as_event_stream([&error]);
    };
    // An unknown version is answered with the newest one of this handshake.
    let revision = LEGACY
        .iter()
        .find(|known| **known == asked)
        .unwrap_or(&LEGACY[0]);
    let answer = message::result(
        id,
        json!({
            "protocolVersion": revision,
            "capabilities": { "tools": { "listChanged": false } },
            "serverInfo": server_info(),
            "instructions": INSTRUCTIONS,
        }),
    );
    let session = random_text();
    server
        .memory()
        .sessions
        .insert(session.clone(), (*revision).to_owned());
    let mut response = as_event_stream([&answer]);
    if let Ok(session) = HeaderValue::try_from(session) {
        response.headers_mut().insert(SESSION, session);
    }
    response
}

/// The revision that the request's session negotiated.
fn session_revision(server: &McpServer, headers: &HeaderMap) -> Result<String, Box<Response>> {
    let refuse = |status, code, text: &str| Err(Box::new(refuse(status, code, text)));
    if let Some(named) = header(headers, "mcp-protocol-version")
        && !LEGACY.contains(&named)
    {
        let data = json!({ "supported": VERSIONS, "requested": named });
        let error = message::error(None, -32022, "Unsupported protocol version", Some(data));
        return Err(Box::new(as_json(StatusCode::BAD_REQUEST, &error)));
    }
    let Some(session) = header(headers, SESSION) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            -32000,
            "Mcp-Session-Id is missing; initialize first",
        );
    };
    match server.memory().sessions.get(session) {
        Some(revision) => Ok(revision.clone()),
        None => refuse(
            StatusCode::NOT_FOUND,
            -32001,
            "The session is unknown or over; initialize again",
        ),
    }
}

fn reply(server: &McpServer, message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let params = &message["params"];
    Some(match message["method"].as_str()? {
        "ping" => message::result(id, json!({})),
        "tools/list" => message::result(id, json!({ "tools": tools::list(server) })),
        "tools/call" => match tools::call(server, params) {
            Ok(result) => message::result(id, result),
            Err(text) => message::error(Some(id), -32602, &text, None),
        },
        _ => message::error(Some(id), -32601, "Method not found", None),
    })
}

fn refuse(status: StatusCode, code: i64, text: &str) -> Response {
    as_json(status, &message::error(None, code, text, None))
}
