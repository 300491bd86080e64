//! Stytch.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Stytch",
    hosts: &[Host::Within("customers.stytch.com")],
    traits: &[
        Trait::Own(Sign::Path(
            "registration_endpoint",
            "",
            "/v1/oauth2/register",
        )),
        Trait::Own(Sign::Path("token_endpoint", "", "/v1/oauth2/token")),
        Trait::Own(Sign::Says("stytch.com")),
        Trait::Own(Sign::Claim("https://stytch.com/", "")),
        Trait::Shared(Sign::Holds("issuer", "stytch")),
    ],
    usual: &["M03", "T15/taken"],
    texts: &[
        text(
            &["dynamic", "registration"],
            "dynamic registration is off",
            Owner::AuthorizationServer,
            "A project has it off by default.",
            "In the Stytch dashboard, under Connected Apps, allow dynamic client \
              registration.",
        ),
        text(
            &["redirect_uri|redirect uri|redirect url"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the Connected App.",
            "In the Stytch dashboard, under Connected Apps, this app, add \
              {redirect_uri}.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Stytch dashboard, under Connected Apps, allow dynamic client \
              registration or client ID metadata documents.",
        ),
        fix(
            "G03",
            "In the Stytch dashboard, under Connected Apps, allow dynamic client \
              registration.",
        ),
        audience(
            "Stytch puts the project ID into aud.",
            "Make the MCP server expect the project ID as audience.",
        ),
        because(
            "T40",
            "Stytch puts the project ID into aud.",
            "Make the MCP server expect the project ID as audience.",
        ),
        because(
            "M01",
            "Stytch has no authorization page of its own: it is a page of your site.",
            "In the Stytch dashboard, under Connected Apps, set Authorization URL to \
              the page of your site that shows the IdentityProvider component.",
        ),
        because(
            "A31",
            "Stytch has no authorization page of its own: it is a page of your site.",
            "Serve the page with the IdentityProvider component at the Authorization \
              URL that the Stytch dashboard has under Connected Apps.",
        ),
        fix(
            "S07",
            "In the Stytch dashboard, under Connected Apps, this app, add \
              {redirect_uri}.",
        ),
    ],
    ..UNKNOWN
};
