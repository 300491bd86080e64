//! Microsoft Entra.

use super::provider::{Provider, Trait, ends, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Microsoft Entra",
    registration: "Entra has no dynamic registration: create an app registration, add the redirect URI for mobile \
                   and desktop applications, and use its application (client) ID.",
    is_host: |host| is_within(host, "microsoftonline.com") || is_within(host, "ciamlogin.com"),
    traits: &[Trait {
        what: "token_endpoint ends in /oauth2/v2.0/token",
        fits: |_, metadata| ends(&metadata.token_endpoint, "/oauth2/v2.0/token"),
    }],
};
