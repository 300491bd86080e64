//! The session id of the MCP server.

use trace::Purpose;

use crate::finding::{Finding, Part};
use crate::reading::ExchangeRef;
use crate::wording::excerpt;

/// A session id that clients cannot send back, or more than one.
pub(super) fn wrong(seen: ExchangeRef<'_>, finding: impl FnOnce() -> Finding) -> Option<Finding> {
    const NAME: &str = "Mcp-Session-Id";
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
