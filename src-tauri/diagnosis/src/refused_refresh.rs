//! Refresh requests that were refused.

use trace::Grant;

use crate::fields::{object, text};
use crate::reading::{ExchangeRef, Reading};

/// A refresh request that was answered with an OAuth error.
pub(crate) struct RefusedRefresh<'a> {
    pub seen: ExchangeRef<'a>,
    pub status: u16,
    pub error: String,
    /// Empty when there is none.
    pub description: String,
}

/// Every refresh request that was answered with an OAuth error.
pub(crate) fn refused_refreshes<'a>(reading: &Reading<'a>) -> Vec<RefusedRefresh<'a>> {
    let refreshes = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::RefreshToken);
    let refused = refreshes.filter_map(|(seen, _)| {
        let response = seen.response().filter(|response| response.status >= 400)?;
        let answer = object(response)?;
        Some(RefusedRefresh {
            seen: *seen,
            status: response.status,
            error: text(&answer, "error")?.into(),
            description: text(&answer, "error_description")
                .unwrap_or_default()
                .into(),
        })
    });
    refused.collect()
}
