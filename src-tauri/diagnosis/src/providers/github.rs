//! GitHub.

use super::provider::Provider;

pub(super) const PROVIDER: Provider = Provider {
    name: "GitHub",
    registration: "GitHub has no dynamic registration: register an OAuth app under Settings, \
                   Developer settings, and use its client ID and secret.",
    is_host: |host| host == "github.com",
    traits: &[],
};
