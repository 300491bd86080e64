//! Tokens, and the key they are bound to.

use jose::SigningKey;
use trace::{Secret, Timestamp};

#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub id_token: Option<Secret>,
    pub token_type: String,
    pub scope: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub obtained_at: Timestamp,
    /// The MCP server has accepted the access token at least once.
    pub accepted: bool,
    /// It came by a refresh.
    pub refreshed: bool,
    /// It came from the keychain, not from this run.
    pub stored: bool,
    /// The issuer that issued it.
    pub issuer: Option<String>,
    /// The key it is bound to (RFC 9449).
    pub dpop_key: Option<SigningKey>,
}

impl Tokens {
    /// Whether the access token has expired, as far as the server said when it does.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// The key that tokens are bound to, and the servers' nonces (RFC 9449).
#[derive(Debug, Clone, PartialEq)]
pub struct Dpop {
    pub key: SigningKey,
    /// The nonce that the authorization server gave last (section 8).
    pub server_nonce: Option<String>,
    /// The nonce that the MCP server gave last (section 9).
    pub resource_nonce: Option<String>,
}

impl Dpop {
    pub fn with_key(key: SigningKey) -> Self {
        Self {
            key,
            server_nonce: None,
            resource_nonce: None,
        }
    }
}
