//! Endpoints that another member makes necessary, and that are not there.

use serde_json::Value;
use trace::{Document, Grant};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, ServerTry};

/// Requests have to be pushed, and nothing says where to.
pub(super) fn to_push(
    finding: Finding,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    const MEMBER: &str = "pushed_authorization_request_endpoint";
    const REQUIRES: &str = "require_pushed_authorization_requests";
    if document.get(REQUIRES) != Some(&Value::Bool(true)) || document.contains_key(MEMBER) {
        return None;
    }
    Some(
        finding
            .title_with([MEMBER])
            .at(attempt.seen.seq, Part::body(&format!("/{REQUIRES}")))
            .message(
                "The document says that authorization requests have to be pushed, and does not say \
                 where to. Clients that go by it cannot send any.",
            )
            .expected(format!("{MEMBER} beside {REQUIRES}"))
            .actual(format!("\"{REQUIRES}\": true, and no {MEMBER}"))
            .fix(format!(
                "Add {MEMBER}, or take {REQUIRES} out where requests need not be pushed."
            )),
    )
}

/// The device grant was chosen and is listed, and nothing says where it begins.
pub(super) fn for_devices(
    finding: Finding,
    reading: &Reading<'_>,
    attempt: &ServerTry<'_>,
    document: &Document,
) -> Option<Finding> {
    const MEMBER: &str = "device_authorization_endpoint";
    const LISTS: &str = "grant_types_supported";
    let (_, chosen) = reading.chosen_grant()?;
    let name = Grant::DeviceCode.grant_type();
    let listed = document.get(LISTS)?.as_array()?;
    let is_listed = listed.iter().any(|one| one == name);
    if chosen != Grant::DeviceCode || !is_listed || document.contains_key(MEMBER) {
        return None;
    }
    Some(
        finding
            .title_with([MEMBER])
            .at(attempt.seen.seq, Part::body(&format!("/{LISTS}")))
            .message(
                "The device grant is listed, and the document does not say where it begins. Clients \
                 cannot ask for a code.",
            )
            .expected(format!("{MEMBER} beside {name} in {LISTS}"))
            .actual(format!("no {MEMBER}"))
            .fix(format!("Add {MEMBER}, or take {name} out of {LISTS}.")),
    )
}
