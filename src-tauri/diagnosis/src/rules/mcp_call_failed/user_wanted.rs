//! A call for which the user has to open a page of the server first (URL elicitation).

use serde_json::Value;

use crate::finding::{Finding, Part};
use crate::reading::ExchangeRef;
use crate::wording::excerpt;

/// The JSON-RPC error that says so.
pub(super) const CODE: i64 = -32042;

pub(super) fn finding(
    finding: Finding,
    call: ExchangeRef<'_>,
    message: &str,
    data: &Value,
) -> Finding {
    let first = data.pointer("/elicitations/0");
    let of = |name| {
        first
            .and_then(|one| one.get(name)?.as_str())
            .unwrap_or_default()
    };
    let (url, why) = (excerpt(of("url")), excerpt(of("message")));
    let place = match url.as_str() {
        "" => "the page that the server names",
        url => url,
    };
    finding
        .at(call.seq, Part::body("/error"))
        .message(
            "The server took the token. For this call it needs something of the user at a page of \
             its own, such as a login at the service behind it (URL elicitation). Clients that do \
             not know this show a failed call.",
        )
        .actual(format!("JSON-RPC error {CODE}: {} {why} {url}", excerpt(message)).trim_end())
        .fix(format!(
            "Open {place}, do what it asks, and call again. Where clients do not show it, let the \
             MCP server say in the text of its error what the user has to do."
        ))
}
