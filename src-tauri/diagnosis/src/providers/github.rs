//! GitHub.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "GitHub",
    hosts: &[Host::Is("github.com")],
    traits: &[
        Trait::Own(Sign::IssuerPath("/login/oauth")),
        Trait::Own(Sign::Path(
            "authorization_endpoint",
            "",
            "/login/oauth/authorize",
        )),
        Trait::Own(Sign::Token("gho_")),
        Trait::Own(Sign::Token("ghu_")),
        Trait::Own(Sign::Says("bad_verification_code")),
        Trait::Own(Sign::Says("incorrect_client_credentials")),
    ],
    cannot: &[Cannot::Register, Cannot::FollowResource],
    usual: &["A08", "A20/commas", "T15/unreadable"],
    texts: &[
        text(
            &["bad_verification_code"],
            "the code is wrong or expired",
            Owner::AuthorizationServer,
            "GitHub answers 200 to a refused code: it was used before, is older than \
              ten minutes, or belongs to another client.",
            "Look whether the code was sent once only and soon, and start again.",
        ),
        text(
            &["incorrect_client_credentials"],
            "client ID or secret is wrong",
            Owner::Client,
            "GitHub wants the client's secret at the token endpoint, and answers 200 \
              when it is wrong.",
            "Give this run the client ID and a client secret of the app (--client-id, \
              --client-secret).",
        ),
        text(
            &["redirect_uri_mismatch"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not the app's callback URL or below it; for loopback \
              addresses the port does not count.",
            "At GitHub, under Settings, Developer settings, OAuth Apps, the app, set \
              Authorization callback URL to {redirect_uri}.",
        ),
        text(
            &["application_suspended"],
            "the app is suspended",
            Owner::AuthorizationServer,
            "GitHub suspended the app.",
            "Ask GitHub why the app is suspended.",
        ),
        text(
            &["access_denied"],
            "access was denied",
            Owner::Nobody,
            "The user said no at GitHub's page.",
            "Nothing has to change. Start again and agree.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "At GitHub, under Settings, Developer settings, OAuth Apps, register an \
              app, and give its client ID and secret to this run (--client-id, \
              --client-secret).",
        ),
        because(
            "T40",
            "GitHub's tokens are opaque and name no audience.",
            "Make the MCP server ask GitHub's API about the token, or issue tokens of \
              its own behind GitHub's login (an OAuth proxy).",
        ),
        fix(
            "S07",
            "At GitHub, under Settings, Developer settings, OAuth Apps, the app, set \
              Authorization callback URL to {redirect_uri}.",
        ),
        fix(
            "S01",
            "Write https://github.com/login/oauth into authorization_servers: \
              GitHub's metadata is that issuer's.",
        ),
        because(
            "T01",
            "GitHub answers with a form unless JSON is asked for.",
            "Send Accept: application/json with the token request, or put a proxy in \
              front that does.",
        ),
        fix(
            "A07/default",
            "Put an OAuth proxy in front of GitHub on the MCP server's side that says \
              \"code_challenge_methods_supported\": [\"S256\"].",
        ),
    ],
};
