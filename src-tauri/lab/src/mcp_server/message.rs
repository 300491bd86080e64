//! JSON-RPC messages, and how an answer is sent.

use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::web::{answer, json_answer};

/// A response with a result.
pub(super) fn result(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// A response with an error; without `id` when the request's could not be read.
pub(super) fn error(id: Option<&Value>, code: i64, text: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": text });
    if let Some(data) = data {
        error["data"] = data;
    }
    match id {
        Some(id) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
        None => json!({ "jsonrpc": "2.0", "error": error }),
    }
}

/// Whether this is a JSON-RPC request, notification or response.
pub(super) fn is_message(value: &Value) -> bool {
    let has_answer = value.get("result").is_some() || value.get("error").is_some();
    value["jsonrpc"] == "2.0"
        && (value["method"].is_string() || has_answer)
        && matches!(
            value.get("id"),
            None | Some(Value::String(_) | Value::Number(_))
        )
}

pub(super) fn as_json(status: StatusCode, message: &Value) -> Response {
    json_answer(status, message)
}

/// An event stream of these messages, which ends after the last.
pub(super) fn as_event_stream<'a>(messages: impl IntoIterator<Item = &'a Value>) -> Response {
    let events: String = messages
        .into_iter()
        .map(|message| format!("event: message\ndata: {message}\n\n"))
        .collect();
    answer(StatusCode::OK, "text/event-stream", events)
}

/// What a notification gets.
pub(super) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
