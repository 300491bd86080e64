//! The requests of a trace that a browser sends for a page of another origin.

use trace::{Purpose, Response};

use crate::finding::Owner;
use crate::reading::{ExchangeRef, Reading};

/// The preflights to the servers of this owner.
pub(crate) fn preflights<'a>(
    reading: &Reading<'a>,
    owner: Owner,
) -> impl Iterator<Item = ExchangeRef<'a>> {
    reading.sent_for(move |purpose| {
        matches!(purpose, Purpose::Preflight { of }
            if of.is_to_mcp_server() == (owner == Owner::McpServer))
    })
}

/// The requests themselves.
pub(crate) fn from_pages<'a>(
    reading: &Reading<'a>,
    owner: Owner,
) -> impl Iterator<Item = ExchangeRef<'a>> {
    reading.sent_for(move |purpose| {
        matches!(purpose, Purpose::FromPage { of }
            if of.is_to_mcp_server() == (owner == Owner::McpServer))
    })
}

pub(crate) fn is_redirect(response: &Response) -> bool {
    (300..400).contains(&response.status)
}

/// The names in the header fields of this name.
pub(crate) fn names(response: &Response, header: &str) -> Vec<String> {
    let values = response
        .header_values(header)
        .flat_map(|value| value.split(','));
    let names = values.map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}
