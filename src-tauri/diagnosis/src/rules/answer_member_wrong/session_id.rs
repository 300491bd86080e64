//! The session id of the MCP server.

use trace::Purpose;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, method};
use crate::replaced::is_replaced;
use crate::wording::excerpt;

const NAME: &str = "Mcp-Session-Id";

/// A session id that clients cannot send back, or more than one.
pub(super) fn wrong(seen: ExchangeRef<'_>, finding: impl FnOnce() -> Finding) -> Option<Finding> {
    if !matches!(
        seen.exchange.purpose,
        Purpose::Challenge { .. } | Purpose::Mcp { .. }
    ) {
        return None;
    }
    let response = seen.response_with_headers()?;
    let ids: Vec<&str> = response.header_values(NAME).collect();
    let visible = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
    let (actual, why, fix) = match ids.as_slice() {
        [] => return None,
        [first, others @ ..] if others.iter().any(|other| other != first) => (
            format!("{} different ones in one answer", ids.len()),
            "Clients send one of them back, or both as one text, and the server knows only one.",
            "Send Mcp-Session-Id once. Look at whether a proxy adds one of its own.",
        ),
        [id, ..] if !visible(id) => (
            format!("{NAME}: \"{}\"", excerpt(id)),
            "A session id is visible ASCII without blanks. Clients refuse another one, or send it \
             back changed, and then the server does not know the session.",
            "Make the session id of letters and digits, such as a UUID, or send none.",
        ),
        _ => return None,
    };
    Some(
        finding()
            .title_with([NAME])
            .at(seen.seq, Part::response_header(NAME))
            .message(why)
            .expected("one session id of visible ASCII characters (0x21 to 0x7E), or none")
            .actual(actual)
            .fix(fix),
    )
}

/// A session id that is another one than that of the request it answers.
pub(super) fn changed(reading: &Reading<'_>, finding: impl FnOnce() -> Finding) -> Option<Finding> {
    // `initialize` begins a session, whatever the client still had.
    let calls = reading.calls.iter();
    let mut calls = calls.filter(|call| method(**call) != "initialize");
    let (call, sent, got) = calls.find_map(|call| {
        let sent = call.request().header_value(NAME)?;
        let got = call.response_with_headers()?.header_value(NAME)?;
        (sent != got && !is_replaced(sent) && !is_replaced(got)).then_some((call, sent, got))
    })?;
    Some(
        finding()
            .title_with([NAME])
            .at(call.seq, Part::response_header(NAME))
            .message(
                "The answer belongs to another session than the request. Clients that take the id \
                 of the latest answer go on in a session that was never initialized; the others \
                 stay in the old one. Several instances without common sessions look so.",
            )
            .expected(format!("{NAME}: {}, or none", excerpt(sent)))
            .actual(format!("{NAME}: {}", excerpt(got)))
            .fix(
                "Send Mcp-Session-Id with the result of initialize alone, or the id of the request. \
                 Let all instances know every session.",
            ),
    )
}
