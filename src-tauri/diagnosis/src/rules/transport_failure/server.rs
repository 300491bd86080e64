//! Which server a request goes to.

use trace::{Grant, Purpose};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Server {
    Mcp,
    Authorization,
    IdentityProvider,
}

impl Server {
    pub fn name(self) -> &'static str {
        match self {
            Self::Mcp => "The MCP server",
            Self::Authorization => "The authorization server",
            Self::IdentityProvider => "The identity provider",
        }
    }
}

/// The server that requests of this purpose go to.
pub(super) fn server(purpose: &Purpose) -> Server {
    match purpose {
        Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::ResourceMetadata { .. } => {
            Server::Mcp
        }
        Purpose::Preflight { of } | Purpose::FromPage { of } if of.is_to_mcp_server() => {
            Server::Mcp
        }
        Purpose::IdentityProviderMetadata { .. }
        | Purpose::Token {
            grant: Grant::TokenExchange,
        } => Server::IdentityProvider,
        Purpose::ServerMetadata { .. }
        | Purpose::Registration
        | Purpose::Authorization
        | Purpose::AuthorizationProbe
        | Purpose::Callback
        | Purpose::PushedAuthorization
        | Purpose::DeviceAuthorization
        | Purpose::ClientMetadata
        | Purpose::Introspection { .. }
        | Purpose::Revocation { .. }
        | Purpose::Userinfo
        | Purpose::Jwks
        | Purpose::RegistrationRead
        | Purpose::RegistrationUpdate
        | Purpose::RegistrationDeletion
        | Purpose::Unrelated
        | Purpose::WithinPage
        | Purpose::Copy { .. }
        | Purpose::Unknown
        | Purpose::Preflight { .. }
        | Purpose::FromPage { .. }
        | Purpose::Token { .. } => Server::Authorization,
    }
}
