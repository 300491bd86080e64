//! The preflights of a trace.

use trace::{Purpose, Response};

use crate::finding::Owner;
use crate::reading::{ExchangeRef, Reading};

/// The preflights to the servers of this owner.
pub(crate) fn preflights<'a>(
    reading: &Reading<'a>,
    owner: Owner,
) -> impl Iterator<Item = ExchangeRef<'a>> {
    use trace::CrossOrigin::{McpEndpoint, ResourceMetadata};
    reading.sent_for(move |purpose| {
        let Purpose::Preflight { of } = purpose else {
            return false;
        };
        matches!(of, McpEndpoint | ResourceMetadata) == (owner == Owner::McpServer)
    })
}

pub(crate) fn is_redirect(response: &Response) -> bool {
    (300..400).contains(&response.status)
}
