//! Keycloak.

use super::provider::{Provider, Trait, has};

pub(super) const PROVIDER: Provider = Provider {
    name: "Keycloak",
    registration: "In the Keycloak admin console, under Clients, Client registration, look at the \
                   anonymous access policies: the Trusted Hosts policy must let the caller \
                   through. Or create a public client by hand and use its client ID.",
    is_host: |_| false,
    traits: &[
        Trait {
            what: "the issuer has /realms/ in its path",
            fits: |issuer, _| has(&Some(issuer.to_owned()), "/realms/"),
        },
        Trait {
            what: "token_endpoint has /protocol/openid-connect/ in its path",
            fits: |_, metadata| has(&metadata.token_endpoint, "/protocol/openid-connect/"),
        },
    ],
};
