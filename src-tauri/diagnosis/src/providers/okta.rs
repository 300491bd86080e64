//! Okta.

use super::provider::{Provider, Trait, ends, has, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Okta",
    registration: "Okta registers clients only for callers with an API token: create a native OIDC \
                   app integration and use its client ID.",
    is_host: |host| is_within(host, "okta.com") || is_within(host, "oktapreview.com"),
    traits: &[Trait {
        what: "token_endpoint ends in /v1/token below /oauth2/",
        fits: |_, metadata| {
            has(&metadata.token_endpoint, "/oauth2/") && ends(&metadata.token_endpoint, "/v1/token")
        },
    }],
};
