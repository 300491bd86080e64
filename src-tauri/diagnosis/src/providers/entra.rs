//! Microsoft Entra.

use super::provider::{Provider, is_within};

pub(super) const PROVIDER: Provider = Provider {
    name: "Microsoft Entra",
    registration: "Entra has no dynamic registration: create an app registration, add the redirect \
                   URI for mobile and desktop applications, and use its application (client) ID.",
    is_host: |host| {
        let domains = [
            "microsoftonline.com",
            "microsoftonline.us",
            "partner.microsoftonline.cn",
            "ciamlogin.com",
            "b2clogin.com",
        ];
        host == "sts.windows.net" || domains.iter().any(|domain| is_within(host, domain))
    },
    traits: &[],
};
