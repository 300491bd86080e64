//! authentik.

use crate::finding::Owner;

use super::provider::{Cannot, Provider, Sign, Trait, UNKNOWN, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "authentik",
    traits: &[
        Trait::Own(Sign::IssuerPath("/application/o/")),
        Trait::Own(Sign::Path("token_endpoint", "", "/application/o/token/")),
        Trait::Own(Sign::Holds("acr_values_supported", "goauthentik.io")),
        Trait::Own(Sign::Claim("acr", "goauthentik.io")),
    ],
    cannot: &[
        Cannot::Register,
        Cannot::FollowResource,
        Cannot::ServeOauthDocument,
    ],
    usual: &["S08", "T15/taken"],
    texts: &[
        text(
            &["redirect uri|redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Redirect URIs of a provider are compared strictly or as regular \
              expressions.",
            "In the authentik admin interface, under the provider, add {redirect_uri} \
              to Redirect URIs, as Regex where the port varies.",
        ),
        text(
            &["client_id"],
            "it does not know this client",
            Owner::Client,
            "There is no provider with this client ID.",
            "Give this run the client ID of a provider of this authentik (--client-id).",
        ),
        text(
            &["invalid_client"],
            "it does not accept this client",
            Owner::AuthorizationServer,
            "The client ID is wrong, or the provider is of the type Confidential.",
            "In the authentik admin interface, set the provider's client type to \
              Public.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the authentik admin interface, create an OAuth2/OpenID provider with \
              client type Public and an application for it, and give its client ID to \
              this run (--client-id).",
        ),
        audience(
            "authentik puts the client ID into aud, whatever resource is asked for.",
            "Make the MCP server expect the client ID of the provider as audience.",
        ),
        because(
            "T40",
            "authentik puts the client ID into aud, whatever resource is asked for.",
            "Make the MCP server expect the client ID of the provider as audience, \
              and the issuer with its slash at the end.",
        ),
        fix(
            "S07",
            "In the authentik admin interface, under the provider, add {redirect_uri} \
              to Redirect URIs, as Regex where the port varies.",
        ),
        fix(
            "R07",
            "Write the issuer with its slash at the end \
              (https://HOST/application/o/SLUG/) into authorization_servers.",
        ),
        fix(
            "R10",
            "Write the issuer with its slash at the end \
              (https://HOST/application/o/SLUG/) into authorization_servers.",
        ),
        fix(
            "S01",
            "Write https://HOST/application/o/SLUG/ into authorization_servers, with \
              the application's slug.",
        ),
    ],
    ..UNKNOWN
};
