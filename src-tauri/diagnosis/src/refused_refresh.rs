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

/// Whether an error description says of the refresh token that it is no longer good.
pub(crate) fn says_that_the_token_is_dead(description: &str) -> bool {
    let description = description.to_ascii_lowercase();
    let about_it = description.contains("refresh token") || description.contains("refresh_token");
    let dead = [
        "invalid",
        "expired",
        "revoked",
        "unknown",
        "not found",
        "does not exist",
        "not valid",
        "no longer",
        "already used",
        "already been used",
        "not recognized",
    ];
    // Of a parameter it may say the same, and then the request is what is wrong.
    let about_the_request = ["parameter", "missing", "required"];
    about_it
        && dead.iter().any(|word| description.contains(word))
        && !about_the_request
            .iter()
            .any(|word| description.contains(word))
}
