//! The fields of DevTools events as a record has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use trace::{FailureKind, Header, Timestamp};

/// The body of a form; `None` where there is one and the browser does not show it.
pub(super) fn posted(request: &Value) -> Option<Vec<u8>> {
    if request["hasPostData"] != true {
        return Some(Vec::new());
    }
    if let Some(entries) = request["postDataEntries"].as_array() {
        let parts = entries
            .iter()
            .map(|entry| STANDARD.decode(entry["bytes"].as_str()?).ok());
        if let Some(parts) = parts.collect::<Option<Vec<_>>>() {
            return Some(parts.concat());
        }
    }
    let text = request["postData"].as_str()?;
    Some(text.as_bytes().to_vec())
}

/// The body of a response, from the answer to the question for it.
pub(super) fn received_body(result: &Value) -> Option<Vec<u8>> {
    let text = result["body"].as_str()?;
    if result["base64Encoded"] == true {
        STANDARD.decode(text).ok()
    } else {
        Some(text.as_bytes().to_vec())
    }
}

/// Several values of one name are one text with a line for each.
pub(super) fn headers(object: &Value) -> Vec<Header> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .flat_map(|(name, value)| {
            let lines = value.as_str().unwrap_or_default().split('\n');
            lines.map(|value| Header::new(name, value))
        })
        .collect()
}

/// The fields as they were sent, where the protocol is a text.
pub(super) fn raw_headers(text: Option<&str>) -> Option<Vec<Header>> {
    let lines = text?.lines().skip(1).filter(|line| !line.is_empty());
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        Some(Header::new(name, value.trim()))
    });
    fields
        .collect::<Option<Vec<_>>>()
        .filter(|all| !all.is_empty())
}

/// When a request was sent.
pub(super) fn started(params: &Value) -> Timestamp {
    let seconds = params["wallTime"].as_f64().unwrap_or_default().max(0.0);
    Timestamp((seconds * 1e6) as u64)
}

/// By the names that Chromium has for errors.
pub(super) fn kind_of_failure(text: &str) -> FailureKind {
    let name = text.strip_prefix("net::ERR_").unwrap_or(text);
    match name {
        "NAME_NOT_RESOLVED" | "NAME_RESOLUTION_FAILED" => FailureKind::Dns,
        "CONNECTION_REFUSED" => FailureKind::Refused,
        "ADDRESS_UNREACHABLE" | "INTERNET_DISCONNECTED" | "NETWORK_ACCESS_DENIED" => {
            FailureKind::Unreachable
        }
        "TIMED_OUT" | "CONNECTION_TIMED_OUT" => FailureKind::Timeout,
        "CONNECTION_RESET" | "CONNECTION_CLOSED" | "EMPTY_RESPONSE" | "CONNECTION_ABORTED" => {
            FailureKind::Reset
        }
        "ABORTED" | "BLOCKED_BY_CLIENT" => FailureKind::Cancelled,
        _ if name.starts_with("CERT_") || name.starts_with("SSL_") => FailureKind::Tls,
        _ if name.contains("PROXY") || name.contains("TUNNEL") => FailureKind::Proxy,
        _ => FailureKind::Protocol,
    }
}
