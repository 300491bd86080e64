//! PingOne.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "PingOne",
    hosts: &[
        Host::Is("auth.pingone.com"),
        Host::Is("auth.pingone.eu"),
        Host::Is("auth.pingone.asia"),
        Host::Is("auth.pingone.ca"),
        Host::Is("auth.pingone.com.au"),
        Host::Is("auth.pingone.sg"),
    ],
    traits: &[
        Trait::Own(Sign::Says("May not request scopes for multiple resources")),
        Trait::Own(Sign::Says("code: INVALID_DATA")),
        Trait::Shared(Sign::Path("authorization_endpoint", "", "/as/authorize")),
        Trait::Shared(Sign::Path("token_endpoint", "", "/as/token")),
        Trait::Shared(Sign::Path("jwks_uri", "", "/as/jwks")),
        Trait::Shared(Sign::Claim("env", "")),
    ],
    cannot: &[Cannot::Register],
    usual: &["S08/optional"],
    texts: &[
        text(
            &["may not request scopes for multiple resources"],
            "the scopes belong to several resources",
            Owner::McpServer,
            "A request may not mix scopes of PingOne with those of a custom resource.",
            "Name only scopes of the MCP server's custom resource in scopes_supported \
              and the challenge.",
        ),
        text(
            &["redirect_uri|redirect uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "PingOne compares redirect URIs with those of the application.",
            "In the PingOne admin console, under the application, Configuration, add \
              {redirect_uri} to Redirect URIs.",
        ),
        text(
            &["invalid_scope|scopes"],
            "the application may not ask for this scope",
            Owner::AuthorizationServer,
            "A scope has to be granted to the application.",
            "In the PingOne admin console, under the application, Resources, grant \
              {scope} of the custom resource.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the PingOne admin console, under Applications, create an OIDC \
              application of type Native, and give its client ID to this run \
              (--client-id).",
        ),
        because(
            "T15",
            "PingOne puts the audience of the custom resource into aud, whose scopes \
              were asked for.",
            "In the PingOne admin console, under Applications, Resources, create a \
              custom resource with the audience {resource} and grant its scopes to the \
              application.",
        ),
        because(
            "T40",
            "PingOne puts the audience of the custom resource into aud, whose scopes \
              were asked for.",
            "In the PingOne admin console, under Applications, Resources, create a \
              custom resource with the audience {resource} and grant its scopes to the \
              application.",
        ),
        fix(
            "S07",
            "In the PingOne admin console, under the application, Configuration, add \
              {redirect_uri} to Redirect URIs.",
        ),
        fix(
            "A30/scope_unknown",
            "In the PingOne admin console, under the application, Resources, grant \
              {scope} of the custom resource.",
        ),
        fix(
            "S01",
            "Write https://auth.pingone.com/ENVIRONMENT/as into \
              authorization_servers, with your region's domain.",
        ),
    ],
};
