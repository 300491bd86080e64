//! Ory Hydra.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Ory Hydra",
    hosts: &[Host::Within("projects.oryapis.com")],
    traits: &[
        Trait::Own(Sign::Member("credentials_supported_draft_00")),
        Trait::Own(Sign::Token("ory_at_")),
        Trait::Own(Sign::Says("has not been whitelisted")),
        Trait::Shared(Sign::Path("authorization_endpoint", "/oauth2/", "/auth")),
        Trait::Shared(Sign::Path("jwks_uri", "/.well-known/", "jwks.json")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/unreadable"],
    texts: &[
        text(
            &["has not been whitelisted"],
            "the client may not ask for this audience",
            Owner::AuthorizationServer,
            "An audience has to be listed in the client.",
            "Add {resource} to audience of the OAuth client in Ory.",
        ),
        text(
            &["dynamic registration", "not enabled"],
            "dynamic registration is off",
            Owner::AuthorizationServer,
            "Hydra has it off by default.",
            "Set oidc.dynamic_client_registration.enabled to true in Hydra's \
              configuration.",
        ),
        text(
            &["redirect_uri", "does not match"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the client.",
            "Add {redirect_uri} to redirect_uris of the OAuth client in Ory.",
        ),
        text(
            &["'token_endpoint_auth_method'"],
            "the client is set to authenticate in another way",
            Owner::AuthorizationServer,
            "Hydra accepts only the method that is set for the client.",
            "Set token_endpoint_auth_method of the OAuth client in Ory to none, or register it with \
              that.",
        ),
        text(
            &["not allowed to request scope"],
            "the client may not ask for this scope",
            Owner::AuthorizationServer,
            "The scope is not among those of the client.",
            "Add {scope} to scope of the OAuth client in Ory.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "Set oidc.dynamic_client_registration.enabled to true in Hydra's \
              configuration, or create an OAuth client by hand and give its ID to this \
              run (--client-id).",
        ),
        fix(
            "G03",
            "Set oidc.dynamic_client_registration.enabled to true in Hydra's \
              configuration.",
        ),
        because(
            "T15",
            "Hydra ignores resource: aud is empty unless the client sends audience \
              and has it listed.",
            "List {resource} in audience of the OAuth client in Ory and let the \
              client send audience={resource}, or make the MCP server check client_id \
              and scope instead of aud.",
        ),
        because(
            "T40",
            "Hydra ignores resource, and its access tokens are opaque by default.",
            "Let the MCP server ask the introspection endpoint, or set strategies.access_token \
              to jwt in Hydra's configuration. The MCP server must not insist on aud, which \
              Hydra fills only for a client that sends audience.",
        ),
        fix(
            "R07",
            "Write the issuer with its slash at the end into authorization_servers, \
              as urls.self.issuer has it.",
        ),
        fix(
            "S07",
            "Add {redirect_uri} to redirect_uris of the OAuth client in Ory.",
        ),
    ],
};
