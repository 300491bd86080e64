//! What a token is asked for with.

use trace::{Grant, Secret, Timestamp};

use crate::endpoint::Endpoint;

/// An authorization request under way (2026-07-28 basic/authorization, "Authorization Response
/// Validation": the issuer is recorded with the verifier and the state).
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    /// The authorization endpoint.
    pub endpoint: Endpoint,
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Secret,
    pub code_verifier: Secret,
    /// As the authorization server's metadata names it.
    pub issuer: Option<String>,
    pub scope: Option<String>,
    /// OpenID Connect Core 1.0 section 3.1.2.1; sent when `openid` is in the scope.
    pub nonce: Secret,
}

/// A device authorization under way (RFC 8628 section 3.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub device_code: Secret,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_at: Timestamp,
    /// Seconds between two polls.
    pub interval: u64,
    pub next_poll: Timestamp,
}

/// What a token request carries.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenGrant {
    Code {
        code: Secret,
        authorization: Box<Authorization>,
    },
    ClientCredentials,
    DeviceCode(Box<Device>),
    /// RFC 7523 section 2.1.
    Assertion(Secret),
}

impl TokenGrant {
    pub fn kind(&self) -> Grant {
        match self {
            Self::Code { .. } => Grant::AuthorizationCode,
            Self::ClientCredentials => Grant::ClientCredentials,
            Self::DeviceCode(_) => Grant::DeviceCode,
            Self::Assertion(_) => Grant::JwtBearer,
        }
    }

    /// What the token request has for this grant alone.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Code {
                code,
                authorization,
            } => vec![
                ("code", code.expose().into()),
                ("redirect_uri", authorization.redirect_uri.clone()),
                ("code_verifier", authorization.code_verifier.expose().into()),
            ],
            Self::ClientCredentials => Vec::new(),
            Self::DeviceCode(device) => vec![("device_code", device.device_code.expose().into())],
            Self::Assertion(assertion) => vec![("assertion", assertion.expose().into())],
        }
    }

    /// The title of the token request, why it is sent, and its label.
    pub(crate) fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Code { .. } => (
                "Exchange the code for a token",
                "The code and the code verifier together prove that this is the client that asked.",
                "authorization_code",
            ),
            Self::ClientCredentials => (
                "Get a token with the client's credentials",
                "The client acts for itself: no user is asked.",
                "client_credentials",
            ),
            Self::DeviceCode(_) => (
                "Ask whether the user has approved",
                "The server answers authorization_pending until the code was entered and approved.",
                "device_code",
            ),
            Self::Assertion(_) => (
                "Exchange the assertion for a token",
                "Somebody the authorization server trusts vouches for the user or the program.",
                "jwt-bearer",
            ),
        }
    }
}

/// An authorization code that was exchanged for tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct RedeemedCode {
    pub code: Secret,
    pub authorization: Authorization,
}
