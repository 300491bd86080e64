//! Scopes that the authorization server does not list.

use super::separators::is_list;
use crate::finding::{Finding, Part};
use crate::reading::{Reading, object, text};
use crate::wording::{excerpt, list};

/// The scopes of OpenID Connect. A list with nothing else is not about what MCP servers need.
const OF_OPENID: [&str; 8] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "groups",
    "roles",
    "offline_access",
];

/// A scope of the resource metadata that the authorization server does not list, although it lists
/// others that the resource metadata names. A scope that was granted shows that the list is only
/// incomplete.
pub(super) fn not_listed(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let (attempt, metadata) = reading.resource_metadata()?;
    let (_, server) = reading.server_metadata()?;
    let listed = server.scopes_supported.as_deref()?;
    let named = metadata.scopes_supported.iter().flatten();
    let named: Vec<&str> = named
        .map(String::as_str)
        .filter(|scope| !OF_OPENID.contains(scope))
        .collect();
    let is_listed = |scope: &str| listed.iter().any(|known| known == scope);
    // Names in common show that the list is about these scopes.
    if !named.iter().any(|scope| is_listed(scope)) {
        return None;
    }
    let granted = |scope: &str| {
        reading.tokens.iter().any(|(seen, _)| {
            let answer = seen.response().and_then(object).unwrap_or_default();
            text(&answer, "scope").is_some_and(|all| all.split(' ').any(|one| one == scope))
        })
    };
    let unknown: Vec<&str> = named
        .into_iter()
        .filter(|scope| !is_listed(scope) && !is_list(scope))
        .filter(|scope| !scope.trim().is_empty() && !scope.contains(' ') && !granted(scope))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let unknown = list(&unknown);
    let shown = excerpt(&unknown);
    Some(
        finding
            .at(attempt.seen.seq, Part::body("/scopes_supported"))
            .message(format!(
                "Clients that ask for all scopes of the resource metadata are refused with \
                 invalid_scope, if the authorization server has no {shown}. A list may leave scopes \
                 out, so it may know it all the same."
            ))
            .expected(excerpt(&format!("scopes among {}", list(listed))))
            .actual(excerpt(&format!(
                "{unknown}; the authorization server lists {}",
                list(listed)
            )))
            .fix(format!(
                "Take {shown} out of scopes_supported of the resource metadata, or create {shown} \
                 at the authorization server."
            )),
    )
}
