//! Google.

use super::provider::Provider;

pub(super) const PROVIDER: Provider = Provider {
    name: "Google",
    registration: "Google has no dynamic registration: create an OAuth client ID of type Desktop \
                   app in the Google Cloud console and use it with its secret.",
    is_host: |host| host == "accounts.google.com",
    traits: &[],
};
