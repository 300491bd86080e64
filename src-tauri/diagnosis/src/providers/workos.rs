//! WorkOS AuthKit.

use super::provider::{Provider, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "WorkOS AuthKit",
    registration: "In the WorkOS dashboard, under Connect, Configuration, enable Client ID \
                   Metadata Document or Dynamic Client Registration.",
    is_host: |host| is_within(host, "authkit.app") || host == "signin.workos.com",
    traits: &[],
};
