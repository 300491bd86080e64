//! Our client metadata document.

use serde_json::{Value, json};
use trace::Grant;

use crate::options::GrantChoice;
use crate::setup::Setup;

/// What is served where `client_id` is the document's own URL
/// (draft-ietf-oauth-client-id-metadata-document-00 section 4): compared byte for byte with the URL
/// it is read from.
pub fn client_document(setup: &Setup, client_id: &str, redirect_uri: Option<&str>) -> Value {
    let grants = match setup.grant {
        GrantChoice::DeviceCode => [Grant::DeviceCode, Grant::RefreshToken],
        _ => [Grant::AuthorizationCode, Grant::RefreshToken],
    };
    let redirect_uris: Vec<&str> = redirect_uri.into_iter().collect();
    json!({
        "client_id": client_id,
        "client_name": setup.client_name,
        "redirect_uris": redirect_uris,
        "grant_types": grants.map(Grant::grant_type),
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
}
