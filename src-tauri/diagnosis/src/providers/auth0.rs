//! Auth0.

use crate::finding::Owner;

use super::provider::{Host, Provider, Recipe, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Auth0",
    hosts: &[Host::Within("auth0.com")],
    traits: &[
        Trait::Own(Sign::Member("mfa_challenge_endpoint")),
        Trait::Own(Sign::Path("registration_endpoint", "", "/oidc/register")),
        Trait::Own(Sign::Says(
            "client is not authorized to access resource server",
        )),
        // /oauth/token and /.well-known/jwks.json are the paths of many others.
        Trait::Shared(Sign::Path("token_endpoint", "", "/oauth/token")),
        Trait::Shared(Sign::Path(
            "device_authorization_endpoint",
            "",
            "/oauth/device/code",
        )),
        Trait::Own(Sign::TokenHeader("enc", "A256GCM")),
    ],
    texts: &[
        text(
            &["dynamic client registration", "disabled|not enabled"],
            "dynamic client registration is disabled",
            Owner::AuthorizationServer,
            "Every tenant has it off at first, and the metadata names the endpoint \
              all the same.",
            "In the Auth0 dashboard, under Settings, Advanced, enable Dynamic Client \
              Registration.",
        ),
        text(
            &["too_many_entities"],
            "the tenant has no room for more clients",
            Owner::AuthorizationServer,
            "Each registration makes an application, and the tenant's limit is reached.",
            "In the Auth0 dashboard, under Applications, delete the applications that \
              nobody uses any more.",
        ),
        text(
            &["no connections enabled"],
            "no connection is enabled for the client",
            Owner::AuthorizationServer,
            "Clients that register themselves are third-party applications: they see \
              connections of the domain level only.",
            "Promote a connection to domain level: PATCH /api/v2/connections/ID with \
              {\"is_domain_connection\": true}.",
        ),
        text(
            &["is not authorized to access resource server"],
            "the API does not let this client in",
            Owner::AuthorizationServer,
            "Clients that register themselves are third-party applications, and an \
              API lets those in only when it is told to.",
            "In the Auth0 dashboard, under Applications, APIs, your API, Settings, \
              Default Permissions for Third-Party Applications, set User-Delegated \
              Access to Authorized.",
        ),
        text(
            &["service not found"],
            "it has no API with this identifier",
            Owner::AuthorizationServer,
            "Auth0 looks for an API whose identifier is the audience or resource \
              asked for, byte for byte.",
            "In the Auth0 dashboard, under Applications, APIs, create an API with the \
              identifier {resource}, and under Settings, Advanced, turn on Resource \
              Parameter Compatibility Profile.",
        ),
        text(
            &["callback url mismatch"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among the Allowed Callback URLs of the \
              application.",
            "In the Auth0 dashboard, under Applications, this application, add \
              {redirect_uri} to Allowed Callback URLs.",
        ),
        text(
            &["grant type", "not allowed for the client"],
            "the application may not use this grant",
            Owner::AuthorizationServer,
            "Grants are allowed for each application.",
            "In the Auth0 dashboard, under Applications, this application, Settings, \
              Advanced Settings, Grant Types, tick the grant that the answer names.",
        ),
        text(
            &["unknown client"],
            "it does not know this client",
            Owner::Client,
            "There is no application with this client ID in the tenant.",
            "Give this run the client ID of an application of this tenant \
              (--client-id).",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Auth0 dashboard, under Settings, Advanced, enable Dynamic Client \
              Registration, or create a native application and give its client ID to \
              this run (--client-id).",
        ),
        fix(
            "G03",
            "In the Auth0 dashboard, under Settings, Advanced, enable Dynamic Client \
              Registration.",
        ),
        because(
            "T15",
            "Auth0 goes by the identifiers of its APIs, and by resource only with the \
              Resource Parameter Compatibility Profile.",
            "In the Auth0 dashboard, under Applications, APIs, create an API with the \
              identifier {resource}, and under Settings, Advanced, turn on Resource \
              Parameter Compatibility Profile.",
        ),
        Recipe {
            rule: "T40/unreadable",
            becomes: Some("no_jwt"),
            why: "Auth0 issues an opaque or encrypted token when it finds no audience: it \
              reads resource only with the Resource Parameter Compatibility Profile.",
            fix: "In the Auth0 dashboard, under Applications, APIs, create an API with the \
              identifier {resource}, and under Settings, Advanced, turn on Resource \
              Parameter Compatibility Profile; or let the client send \
              audience={resource}.",
        },
        because(
            "T40",
            "Auth0 issues an opaque or encrypted token when it finds no audience: it \
              reads resource only with the Resource Parameter Compatibility Profile.",
            "In the Auth0 dashboard, under Applications, APIs, create an API with the \
              identifier {resource}, and under Settings, Advanced, turn on Resource \
              Parameter Compatibility Profile; or let the client send \
              audience={resource}.",
        ),
        fix(
            "S07",
            "In the Auth0 dashboard, under Applications, this application, add \
              {redirect_uri} to Allowed Callback URLs.",
        ),
        fix(
            "R13",
            "In the Auth0 dashboard, under Settings, Advanced, turn on Include Issuer \
              in Authorization Responses.",
        ),
        fix(
            "R07",
            "Write the issuer with its slash at the end into authorization_servers, \
              as Auth0's metadata has it.",
        ),
        fix(
            "A30",
            "In the Auth0 dashboard, look into Monitoring, Logs: the entry of this request names the \
              cause.",
        ),
    ],
    ..UNKNOWN
};
