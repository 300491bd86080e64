//! WorkOS AuthKit.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "WorkOS AuthKit",
    hosts: &[Host::Within("authkit.app"), Host::Is("signin.workos.com")],
    traits: &[
        Trait::Own(Sign::Claim("aud", "client_01")),
        Trait::Shared(Sign::Path("registration_endpoint", "/oauth2/", "/register")),
        Trait::Shared(Sign::Path(
            "introspection_endpoint",
            "/oauth2/",
            "/introspection",
        )),
        Trait::Shared(Sign::Path("jwks_uri", "/oauth2/", "/jwks")),
    ],
    texts: &[
        text(
            &["invalid_target|invalid resource|unknown resource"],
            "it has no resource indicator for this MCP server",
            Owner::AuthorizationServer,
            "AuthKit accepts only the resource indicators that are set for its MCP servers.",
            "In the WorkOS dashboard, under Connect, Configuration, MCP resource \
              indicators, add {resource}.",
        ),
        text(
            &["redirect uri|redirect-uri|redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the client.",
            "In the WorkOS dashboard, add {redirect_uri} to the redirect URIs of the \
              client.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the WorkOS dashboard, under Connect, Configuration, enable Client ID \
              Metadata Document or Dynamic Client Registration.",
        ),
        fix(
            "G03",
            "In the WorkOS dashboard, under Connect, Configuration, enable Dynamic \
              Client Registration, and register with token_endpoint_auth_method none.",
        ),
        because(
            "T15",
            "AuthKit puts an audience of the whole environment into the token when no \
              resource indicator is set for the MCP server.",
            "In the WorkOS dashboard, under Connect, Configuration, MCP resource \
              indicators, add {resource}.",
        ),
        because(
            "T40",
            "AuthKit puts an audience of the whole environment into the token when no \
              resource indicator is set for the MCP server.",
            "In the WorkOS dashboard, under Connect, Configuration, MCP resource \
              indicators, add {resource}.",
        ),
        fix(
            "S01",
            "Write the AuthKit domain that the WorkOS dashboard shows under Connect, \
              Configuration into authorization_servers: {issuer} is not a domain that \
              WorkOS serves now.",
        ),
        fix(
            "S07",
            "In the WorkOS dashboard, add {redirect_uri} to the redirect URIs of the \
              client.",
        ),
        fix(
            "T41",
            "In the WorkOS dashboard, look at this client under Connect: a client \
              that registered itself has client_secret_basic by default, so register \
              it with token_endpoint_auth_method none.",
        ),
    ],
    ..UNKNOWN
};
