//! Cloudflare Access.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Cloudflare Access",
    hosts: &[Host::Within("cloudflareaccess.com")],
    traits: &[
        Trait::Own(Sign::InPath(
            "authorization_endpoint",
            "/cdn-cgi/access/oauth/",
        )),
        Trait::Own(Sign::InPath("token_endpoint", "/cdn-cgi/access/oauth/")),
        Trait::Own(Sign::Token("oauth:")),
    ],
    usual: &["T15/unreadable", "M03"],
    texts: &[
        text(
            &["redirect_uri|redirect uri|redirect url"],
            "it does not accept this redirect URI",
            Owner::AuthorizationServer,
            "Managed OAuth accepts only the redirect URIs that the application allows.",
            "In Cloudflare Zero Trust, under Access controls, Applications, the \
              application, Edit, Advanced settings, Managed OAuth, turn on Allow \
              localhost clients and Allow loopback clients, or add {redirect_uri} to \
              Allowed redirect URIs.",
        ),
        text(
            &[
                "registration",
                "disabled|not enabled|not allowed|switched off|turned off",
            ],
            "registration is off",
            Owner::AuthorizationServer,
            "Managed OAuth says which clients may register.",
            "In Cloudflare Zero Trust, under Access controls, Applications, the \
              application, Edit, Advanced settings, Managed OAuth, turn on dynamic \
              client registration.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In Cloudflare Zero Trust, under Access controls, Applications, the \
              application, Edit, Advanced settings, Managed OAuth, turn on dynamic \
              client registration.",
        ),
        fix(
            "G03",
            "In Cloudflare Zero Trust, under Access controls, Applications, the \
              application, Edit, Advanced settings, Managed OAuth, turn on Allow \
              localhost clients and Allow loopback clients, or add the redirect URI to \
              Allowed redirect URIs.",
        ),
        fix(
            "S07",
            "In Cloudflare Zero Trust, under Access controls, Applications, the \
              application, Edit, Advanced settings, Managed OAuth, turn on Allow \
              localhost clients and Allow loopback clients, or add {redirect_uri} to \
              Allowed redirect URIs.",
        ),
        because(
            "T40",
            "Cloudflare Access issues opaque tokens that only it can check; the \
              origin gets a JWT of its own in another header.",
            "Let the MCP server check the header Cf-Access-Jwt-Assertion instead of \
              Authorization; where it has an OAuth server of its own, let Access \
              bypass /mcp, /.well-known, /token and /register.",
        ),
    ],
    ..UNKNOWN
};
