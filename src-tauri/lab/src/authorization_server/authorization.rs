//! What a grant is about.

use serde_json::Value;

/// What was asked for and is granted: the content of a code, and then of a grant.
#[derive(Debug, Clone, Default)]
pub(super) struct Authorization {
    pub(super) client_id: String,
    pub(super) subject: String,
    pub(super) scope: Vec<String>,
    pub(super) resources: Vec<String>,
    /// The `authorization_details` (RFC 9396), an array.
    pub(super) details: Option<Value>,
    pub(super) nonce: Option<String>,
    /// How the person was authenticated.
    pub(super) acr: Option<&'static str>,
    /// When the person logged in; `None` for a client on its own behalf.
    pub(super) auth_time: Option<u64>,
}
