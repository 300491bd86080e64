//! Clerk.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, audience, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Clerk",
    hosts: &[Host::Within("clerk.accounts.dev")],
    traits: &[
        Trait::Own(Sign::Token("oat_")),
        Trait::Own(Sign::TokenHeader("cat", "cl_")),
        Trait::Own(Sign::Holds("issuer", "://clerk.")),
        Trait::Shared(Sign::Path("registration_endpoint", "/oauth/", "/register")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/unreadable", "T15/taken"],
    texts: &[
        text(
            &["dynamic client registration"],
            "dynamic registration is off",
            Owner::AuthorizationServer,
            "An instance has it off by default.",
            "In the Clerk dashboard, under OAuth applications, turn on Dynamic client \
              registration.",
        ),
        text(
            &["redirect_uri|redirect uri|redirect url"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the OAuth application.",
            "In the Clerk dashboard, under OAuth applications, this application, add \
              {redirect_uri}.",
        ),
        text(
            &["invalid_scope|scopes"],
            "the client may not ask for this scope",
            Owner::AuthorizationServer,
            "An OAuth application may ask for the scopes that are chosen for it.",
            "In the Clerk dashboard, under OAuth applications, this application, \
              allow {scope}, or name fewer in scopes_supported.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Clerk dashboard, under OAuth applications, turn on Dynamic client \
              registration.",
        ),
        fix(
            "G03",
            "In the Clerk dashboard, under OAuth applications, turn on Dynamic client \
              registration.",
        ),
        audience(
            "Clerk puts no aud into access tokens.",
            "Make the MCP server verify the token with Clerk and check iss and the \
              client instead of aud.",
        ),
        because(
            "T40",
            "Clerk's access tokens have no aud, and are opaque unless JWT access \
              tokens are turned on.",
            "Make the MCP server verify the token with Clerk's own library, without \
              insisting on aud.",
        ),
        because(
            "R10",
            "The metadata was copied to another host and still names Clerk.",
            "Write Clerk's own issuer, as the metadata spells it, into \
              authorization_servers.",
        ),
        fix(
            "S07",
            "In the Clerk dashboard, under OAuth applications, this application, add \
              {redirect_uri}.",
        ),
    ],
};
