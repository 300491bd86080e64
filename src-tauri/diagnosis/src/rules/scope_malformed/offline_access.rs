//! The scope for a refresh token, which the client asks for where it wants one.

use super::named::{Place, find, quoted};
use crate::finding::Finding;
use crate::reading::{Reading, oauth_error, response_fields, value};
use crate::wording::{excerpt, list};

const NAME: &str = "offline_access";

/// The finding, where the MCP server names it.
pub(super) fn named(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let has_it = |scope: &str| scope.split(' ').any(|name| name == NAME);
    let named = find(
        reading,
        |scope| has_it(scope).then_some(scope),
        |name| name == NAME,
    )?;
    let (place, actual) = match named.place {
        Place::Challenge => ("scope of the challenge", quoted(&named.scope)),
        Place::ResourceMetadata => {
            let (_, metadata) = reading.resource_metadata()?;
            let names = metadata.scopes_supported.as_deref()?;
            let place = "scopes_supported of the resource metadata";
            (place, excerpt(&list(names)))
        }
    };
    Some(
        finding
            .at(named.seq, named.part())
            .message(
                "offline_access asks for a refresh token; no call to the MCP server needs it. \
                 Clients ask for what the MCP server names, and an authorization server that has no \
                 such scope, or not for this client, refuses the login.",
            )
            .expected(format!("{place} without {NAME}"))
            .actual(actual)
            .fix(format!(
                "Take {NAME} out of {place}. Clients add it themselves where the authorization \
                 server lists it."
            )),
    )
}

/// Whether a registration or a login was refused in words that name it.
pub(super) fn is_refused(reading: &Reading<'_>) -> bool {
    let registrations = reading.registrations.iter().any(|seen| {
        let response = seen.response().filter(|response| response.status >= 400);
        let error = response.and_then(oauth_error);
        error.is_some_and(|error| error.words().contains(NAME))
    });
    registrations
        || reading.callbacks.iter().any(|callback| {
            let fields = response_fields(callback.request());
            value(&fields, "error") == Some("invalid_scope")
                && value(&fields, "error_description").is_some_and(|said| said.contains(NAME))
        })
}
