//! Zitadel.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Zitadel",
    hosts: &[Host::Within("zitadel.cloud")],
    traits: &[
        Trait::Own(Sign::InPath("end_session_endpoint", "/oidc/v1/end_session")),
        Trait::Shared(Sign::Path(
            "authorization_endpoint",
            "/oauth/v2/",
            "/authorize",
        )),
        Trait::Shared(Sign::Path("token_endpoint", "/oauth/v2/", "/token")),
        Trait::Own(Sign::Says("missing in the client configuration")),
        Trait::Own(Sign::Claim("urn:zitadel:iam:user:resourceowner:id", "")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/unreadable", "T15/taken"],
    texts: &[
        text(
            &["redirect_uri is missing in the client configuration"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Zitadel compares redirect URIs with those of the application.",
            "In the Zitadel console, under your project, the application, Redirect \
              Settings, add {redirect_uri}.",
        ),
        text(
            &["errors.app.notfound"],
            "it does not know this client",
            Owner::Client,
            "There is no application with this client ID.",
            "Give this run the client ID of an application of this instance (--client-id).",
        ),
        text(
            &["dynamic client registration", "disabled|not enabled"],
            "dynamic registration is off",
            Owner::AuthorizationServer,
            "An instance has it off by default.",
            "Turn it on with PUT /v2/settings/security \
              {\"dynamicClientRegistration\":{\"enabled\":true}}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "Turn on dynamic registration with PUT /v2/settings/security \
              {\"dynamicClientRegistration\":{\"enabled\":true}}, or create a native \
              application by hand and give its client ID to this run (--client-id).",
        ),
        fix(
            "G03",
            "Turn on dynamic registration with PUT /v2/settings/security \
              {\"dynamicClientRegistration\":{\"enabled\":true}}.",
        ),
        audience(
            "Zitadel ignores resource: aud has client and project IDs.",
            "Make the MCP server expect its project ID as audience, and name the \
              scope urn:zitadel:iam:org:project:id:PROJECT:aud in scopes_supported so \
              that it is in aud.",
        ),
        because(
            "T40",
            "Zitadel ignores resource, and its access tokens are opaque unless the \
              application is set to JWT.",
            "Make the MCP server ask the introspection endpoint or expect the project \
              ID as audience, and name the scope \
              urn:zitadel:iam:org:project:id:PROJECT:aud in scopes_supported.",
        ),
        fix(
            "S07",
            "In the Zitadel console, under your project, the application, Redirect \
              Settings, add {redirect_uri}.",
        ),
    ],
};
