//! Auth0.

use super::provider::{Provider, Trait, ends, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Auth0",
    registration: "In the Auth0 dashboard, under Settings, Advanced, enable Dynamic Client \
                   Registration, or create a native application and use its client ID.",
    is_host: |host| is_within(host, "auth0.com"),
    traits: &[
        Trait {
            what: "token_endpoint ends in /oauth/token",
            fits: |_, metadata| ends(&metadata.token_endpoint, "/oauth/token"),
        },
        Trait {
            what: "registration_endpoint ends in /oidc/register",
            fits: |_, metadata| ends(&metadata.registration_endpoint, "/oidc/register"),
        },
    ],
};
