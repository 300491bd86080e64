//! Duende IdentityServer.

use crate::finding::Owner;

use super::provider::{Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Duende IdentityServer",
    traits: &[
        Trait::Own(Sign::Path(
            "jwks_uri",
            "",
            "/.well-known/openid-configuration/jwks",
        )),
        Trait::Own(Sign::Says("/home/error")),
        Trait::Shared(Sign::Path("token_endpoint", "", "/connect/token")),
    ],
    usual: &["S08/optional"],
    texts: &[
        text(
            &["invalid_target"],
            "it has no API resource with this name",
            Owner::AuthorizationServer,
            "Duende looks for an ApiResource that is named like the resource.",
            "Add an ApiResource with the name {resource} to IdentityServer, with the \
              scopes of the MCP server.",
        ),
        text(
            &["redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "RedirectUris of a client are compared as a whole.",
            "Add {redirect_uri} to RedirectUris of the client in IdentityServer.",
        ),
        text(
            &["/home/error"],
            "it shows its error page",
            Owner::AuthorizationServer,
            "IdentityServer sends the browser to its error page with 200, most often \
              for a redirect URI or client that it does not know.",
            "Look into IdentityServer's log for this request, and add {redirect_uri} \
              to RedirectUris of the client.",
        ),
        text(
            &["unauthorized_client"],
            "the client may not do this",
            Owner::AuthorizationServer,
            "The client is unknown, disabled, or not allowed the grant.",
            "Let the client in IdentityServer have AllowedGrantTypes \
              authorization_code.",
        ),
        text(
            &["invalid_scope"],
            "the client may not ask for this scope",
            Owner::AuthorizationServer,
            "A client may ask for its AllowedScopes.",
            "Add {scope} to AllowedScopes of the client in IdentityServer.",
        ),
        text(
            &["invalid_client"],
            "it does not accept this client",
            Owner::AuthorizationServer,
            "The client is unknown, or RequireClientSecret is on.",
            "Set RequireClientSecret to false for the client in IdentityServer, or \
              give its secret to this run (--client-secret).",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "Add the package Duende.IdentityServer.Configuration and its endpoint \
              /connect/dcr, or configure a client by hand and give its client ID to \
              this run (--client-id).",
        ),
        because(
            "T15",
            "Duende puts the names of ApiResources into aud.",
            "Add an ApiResource with the name {resource} to IdentityServer, with \
              RequireResourceIndicator for resource isolation.",
        ),
        because(
            "T40",
            "Duende puts the names of ApiResources into aud.",
            "Add an ApiResource with the name {resource} to IdentityServer, with the \
              scopes of the MCP server.",
        ),
        fix(
            "S07",
            "Add {redirect_uri} to RedirectUris of the client in IdentityServer.",
        ),
        because(
            "A31",
            "IdentityServer sends the browser to its error page, most often for a \
              redirect URI or client that it does not know.",
            "Look into IdentityServer's log for this request, and add {redirect_uri} \
              to RedirectUris of the client.",
        ),
    ],
    ..UNKNOWN
};
