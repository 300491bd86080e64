//! Supabase.

use super::provider::{Provider, Trait, has, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Supabase",
    registration: "In the Supabase dashboard, under Authentication, OAuth Server, allow dynamic \
                   client registration, or register an OAuth app by hand and use its client ID.",
    is_host: |host| is_within(host, "supabase.co"),
    traits: &[Trait {
        what: "the issuer ends in /auth/v1",
        fits: |issuer, metadata| {
            issuer.ends_with("/auth/v1") && has(&metadata.token_endpoint, "/auth/v1/oauth/")
        },
    }],
};
