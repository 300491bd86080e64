//! Okta.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Okta",
    hosts: &[
        Host::Within("okta.com"),
        Host::Within("oktapreview.com"),
        Host::Within("okta-emea.com"),
    ],
    traits: &[
        Trait::Own(Sign::Holds("response_modes_supported", "okta_post_message")),
        Trait::Own(Sign::Path("token_endpoint", "/oauth2/", "/v1/token")),
        Trait::Own(Sign::Path(
            "registration_endpoint",
            "",
            "/oauth2/v1/clients",
        )),
        Trait::Own(Sign::Says("errorCode: E00000")),
        Trait::Shared(Sign::Header("x-okta-request-id")),
    ],
    cannot: &[Cannot::Register, Cannot::FollowResource],
    usual: &["S08/optional"],
    texts: &[
        text(
            &["e0000005|e0000011"],
            "registration needs a token",
            Owner::AuthorizationServer,
            "Okta's registration endpoint takes only callers with an API token or the \
              scope okta.clients.register.",
            "In the Okta admin console, create an app integration (OIDC, Native \
              application) and give its client ID to this run (--client-id).",
        ),
        text(
            &["e0000006"],
            "registration needs more permission",
            Owner::AuthorizationServer,
            "Okta's registration endpoint takes only callers with an API token or the \
              scope okta.clients.register.",
            "In the Okta admin console, create an app integration (OIDC, Native \
              application) and give its client ID to this run (--client-id).",
        ),
        text(
            &["policy evaluation failed"],
            "no access policy lets this request through",
            Owner::AuthorizationServer,
            "A custom authorization server has access policies, and none of them \
              covers this client, user and scope.",
            "In the Okta admin console, under Security, API, your server, Access \
              Policies, add a policy for the client with a rule for Authorization \
              Code, its users and scopes.",
        ),
        text(
            &["not assigned"],
            "the user is not assigned to the app",
            Owner::AuthorizationServer,
            "Okta lets users into an app that it is assigned to.",
            "In the Okta admin console, under Applications, this app, Assignments, assign the user \
              or a group of theirs.",
        ),
        text(
            &["redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Okta compares redirect URIs as a whole, with the port.",
            "In the Okta admin console, add {redirect_uri} to Sign-in redirect URIs \
              of the app integration, and fix the port of this run (--redirect-port).",
        ),
        text(
            &["scopes are not configured"],
            "it does not know these scopes",
            Owner::AuthorizationServer,
            "A custom authorization server knows the scopes that were added to it.",
            "In the Okta admin console, under Security, API, your server, Scopes, add \
              {scope}.",
        ),
        text(
            &["invalid client|invalid value for 'client_id'|invalid_client"],
            "it does not know this client",
            Owner::Client,
            "There is no app integration with this client ID at this organisation.",
            "Give this run the client ID of an app integration of this organisation \
              (--client-id).",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Okta admin console, create an app integration (OIDC, Native \
              application) and give its client ID to this run (--client-id): Okta \
              registers clients only for callers with an API token.",
        ),
        fix(
            "G03",
            "In the Okta admin console, create an app integration (OIDC, Native \
              application) and give its client ID to this run (--client-id).",
        ),
        because(
            "T15",
            "Okta puts the one audience of its authorization server into aud, \
              whatever resource is asked for.",
            "In the Okta admin console, under Security, API, your server, Settings, \
              set Audience to {resource}; use a custom authorization server, since \
              tokens of the org server are for Okta's own APIs.",
        ),
        because(
            "T40/other_issuer",
            "Tokens of the org authorization server are for Okta's own APIs.",
            "Let the MCP server name a custom authorization server \
              (https://ORG/oauth2/default) in authorization_servers, and under Security, \
              API, that server, Settings, set Audience to {resource}.",
        ),
        because(
            "T40",
            "Tokens of the org authorization server are for Okta's own APIs, and a \
              custom one has one audience.",
            "In the Okta admin console, under Security, API, your server, Settings, \
              set Audience to {resource}, and name that server \
              (https://ORG/oauth2/default) in authorization_servers.",
        ),
        fix(
            "S07",
            "In the Okta admin console, add {redirect_uri} to Sign-in redirect URIs \
              of the app integration, and fix the port of this run (--redirect-port).",
        ),
        fix(
            "S01",
            "Write the issuer of a custom authorization server \
              (https://ORG/oauth2/default) into authorization_servers.",
        ),
        fix(
            "A30/denied",
            "In the Okta admin console, under Security, API, your server, look at \
              Scopes and Access Policies: they have to let this client and {scope} \
              through.",
        ),
    ],
};
