//! The client that the flow acts as.

use jose::SigningKey;
use trace::Secret;

use crate::endpoint::Endpoint;

/// The client the flow acts as.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// For `private_key_jwt` and signed request objects.
    pub private_key: Option<SigningKey>,
    /// `none`, `client_secret_basic`, `client_secret_post`, `private_key_jwt` (RFC 7591 section 2).
    pub auth_method: String,
    /// The issuer it is known to: credentials are never used with another one (2026-07-28
    /// basic/authorization/client-registration). `None` when the user arranged it and did not say.
    pub issuer: Option<String>,
    pub by: RegisteredBy,
    /// The redirect URI it was registered with.
    pub redirect_uri: Option<String>,
    /// The whole registration answer (RFC 7591 section 3.2.1); it holds secrets.
    pub registration: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisteredBy {
    /// The user's own arrangement with the authorization server.
    Hand,
    Dcr,
    /// The client_id is the URL of our metadata document.
    Cimd,
}

/// Where a registration is managed, and with which token (RFC 7592 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Management {
    pub endpoint: Endpoint,
    /// The registration access token.
    pub token: Secret,
}

impl Client {
    /// Where its registration is managed; `None` when the server gave no way to.
    pub fn management(&self) -> Option<Management> {
        let answer = self.registration.as_ref()?;
        let name = "registration_client_uri";
        Some(Management {
            endpoint: Endpoint::read(name, answer[name].as_str()).ok()?,
            token: Secret::new(answer["registration_access_token"].as_str()?),
        })
    }
}
