//! Amazon Cognito.

use super::provider::{Provider, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Amazon Cognito",
    registration: "Cognito has no dynamic registration: create an app client without a secret in \
                   the user pool and use its client ID.",
    is_host: |host| {
        is_within(host, "amazoncognito.com")
            || (host.starts_with("cognito-idp.") && is_within(host, "amazonaws.com"))
    },
    traits: &[],
};
