//! Refusals for a header that the request carried.

use crate::finding::Finding;
use crate::reading::ExchangeRef;

/// What clients send with each call, and what servers ask for by name.
const HEADERS: [&str; 6] = [
    "content-type",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "accept",
];

const MISSING: [&str; 6] = [
    "missing",
    "required",
    "must accept",
    "must be",
    "must include",
    "not found",
];

/// The header that the server says is missing, where it was sent.
pub(super) fn lost_header(call: ExchangeRef<'_>, said: &str) -> Option<&'static str> {
    let said = said.to_ascii_lowercase();
    let is_missed = MISSING.iter().any(|words| said.contains(words));
    let named = HEADERS.into_iter().find(|name| said.contains(name))?;
    let sent = call.request().header_value(named)?;
    // One that names a value which was not sent is right.
    let has_all = ["application/json", "text/event-stream"]
        .iter()
        .all(|value| !said.contains(value) || sent.contains(value));
    let is_as_wanted = match named {
        "content-type" | "accept" => {
            has_all && (said.contains("application/json") || said.contains("missing"))
        }
        // A session or a revision that is not known is named as well.
        _ => !["unknown", "invalid", "unsupported", "not found"]
            .iter()
            .any(|words| said.contains(words)),
    };
    (is_missed && is_as_wanted).then_some(named)
}

pub(super) fn finding(finding: Finding, name: &str) -> Finding {
    finding
        .message(format!(
            "The request carried {name}, and by its words the server did not get it. Most likely a \
             proxy in front removes or replaces the header; a framework that reads it otherwise \
             looks the same."
        ))
        .fix(format!(
            "Let what stands in front of the MCP server pass {name} on unchanged, and log what the \
             server gets."
        ))
}
