//! What is kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use trace::{Secret, Timestamp};

/// Whose tokens, for what, from whom. Compared byte for byte. None of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    pub issuer: String,
    pub resource: String,
    pub client_id: String,
}

/// The answer to a token request (RFC 6749 section 5.1), and the client it was given to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenSet {
    pub key: Key,
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub id_token: Option<Secret>,
    pub token_type: String,
    /// As granted; `None` when the answer did not say.
    pub scope: Option<String>,
    /// `None` when the answer did not say.
    pub expires_at: Option<Timestamp>,
    pub obtained_at: Timestamp,
    /// The private key the tokens are bound to, PEM (RFC 9449).
    #[serde(default)]
    pub dpop_key: Option<Secret>,
    /// What refreshing needs.
    pub client: ClientCredentials,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientCredentials {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// `token_endpoint_auth_method` (RFC 7591 section 2).
    pub auth_method: String,
    /// The registration's answer as it came (RFC 7591 section 3.2.1). It holds secrets.
    pub registration: Option<serde_json::Value>,
    pub redirect_uri: Option<String>,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("auth_method", &self.auth_method)
            .field(
                "registration",
                &self.registration.as_ref().map(|_| "(redacted)"),
            )
            .field("redirect_uri", &self.redirect_uri)
            .finish()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn set(client_id: &str, token: &str) -> TokenSet {
        TokenSet {
            key: Key {
                issuer: "https://as.example".into(),
                resource: "https://mcp.example/mcp".into(),
                client_id: client_id.into(),
            },
            access_token: Secret::new(token),
            refresh_token: Some(Secret::new("hush-refresh")),
            id_token: None,
            token_type: "Bearer".into(),
            scope: Some("tools".into()),
            expires_at: Some(Timestamp(7)),
            obtained_at: Timestamp(3),
            dpop_key: None,
            client: ClientCredentials {
                client_id: client_id.into(),
                client_secret: Some(Secret::new("hush-secret")),
                auth_method: "client_secret_basic".into(),
                registration: Some(
                    serde_json::json!({ "registration_access_token": "hush-registration" }),
                ),
                redirect_uri: None,
            },
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", set("client-1", "hush-access"));
        assert!(
            shown.contains("client-1") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
