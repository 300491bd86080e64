//! Refresh requests that were refused.

use trace::Grant;

use crate::fields::oauth_error;
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
        let answer = oauth_error(response)?;
        Some(RefusedRefresh {
            seen: *seen,
            status: response.status,
            error: answer.error,
            description: answer.description.unwrap_or_default(),
        })
    });
    refused.collect()
}
