//! Logto.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Recipe, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Logto",
    hosts: &[Host::Within("logto.app")],
    traits: &[
        Trait::Own(Sign::Says("resource indicator is missing, or unknown")),
        Trait::Own(Sign::Holds("issuer", "logto")),
        Trait::Shared(Sign::IssuerPath("/oidc")),
        Trait::Shared(Sign::Path("authorization_endpoint", "/oidc/", "/auth")),
        Trait::Shared(Sign::Path("token_endpoint", "/oidc/", "/token")),
    ],
    cannot: &[Cannot::Register],
    usual: &["T15/unreadable"],
    texts: &[
        text(
            &["resource indicator is missing, or unknown|invalid_target"],
            "it has no API resource with this identifier",
            Owner::AuthorizationServer,
            "Logto looks for an API resource whose identifier is the resource asked \
              for.",
            "In the Logto console, under API resources, create one with the \
              identifier {resource}.",
        ),
        text(
            &["redirect_uri did not match"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the app.",
            "In the Logto console, under Applications, this app, add {redirect_uri} \
              to Redirect URIs.",
        ),
        text(
            &["client is invalid"],
            "it does not know this client",
            Owner::Client,
            "There is no app with this ID.",
            "Give this run the app ID of an application of this tenant (--client-id).",
        ),
        text(
            &["requested scope is not allowed"],
            "the app may not ask for this scope",
            Owner::AuthorizationServer,
            "A third-party app may ask for the scopes that are granted to it.",
            "In the Logto console, under Applications, Third-party apps, this app, \
              Permissions, add {scope}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Logto console, under Applications, Third-party apps, create an \
              app (or a dynamic app for client ID metadata documents), and give its \
              client ID to this run (--client-id).",
        ),
        because(
            "T15",
            "Logto puts the API resource into aud.",
            "In the Logto console, under API resources, create one with the \
              identifier {resource}.",
        ),
        Recipe {
            rule: "T40/unreadable",
            becomes: Some("no_jwt"),
            why: "Without a known resource Logto issues an opaque token.",
            fix: "In the Logto console, under API resources, create one with the \
              identifier {resource}.",
        },
        fix(
            "S07",
            "In the Logto console, under Applications, this app, add {redirect_uri} \
              to Redirect URIs.",
        ),
        fix(
            "S01",
            "Write https://TENANT.logto.app/oidc into authorization_servers.",
        ),
    ],
};
