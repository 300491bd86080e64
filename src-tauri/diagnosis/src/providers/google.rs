//! Google.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Google",
    hosts: &[Host::Is("accounts.google.com")],
    traits: &[
        Trait::Own(Sign::Token("ya29.")),
        Trait::Own(Sign::Holds("token_endpoint", "oauth2.googleapis.com")),
        Trait::Own(Sign::Holds("issuer", "accounts.google.com")),
        Trait::Own(Sign::Says("accounts.google.com")),
        Trait::Shared(Sign::Path("authorization_endpoint", "/o/oauth2/", "")),
        Trait::Shared(Sign::Says("Error 400: redirect_uri_mismatch")),
    ],
    cannot: &[Cannot::Register, Cannot::FollowResource],
    usual: &["S08", "M03"],
    texts: &[
        text(
            &["redirect_uri_mismatch"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "A client of type Web application accepts only the listed redirect URIs; one of type \
             Desktop app takes any loopback port.",
            "In the Google Cloud console, under APIs & Services, Credentials, create \
              an OAuth client ID of type Desktop app, and give its client ID and \
              secret to this run (--client-id, --client-secret).",
        ),
        text(
            &["client_secret is missing"],
            "it wants the client's secret",
            Owner::Client,
            "Google's desktop clients have a secret that has to be sent, though it is \
              none.",
            "Give the client's secret to this run (--client-secret).",
        ),
        text(
            &["invalid_scope"],
            "it does not know this scope",
            Owner::McpServer,
            "Google knows its own scopes only.",
            "Name scopes of Google (openid, email, …) in scopes_supported and the \
              challenge, or issue the MCP server's own tokens behind Google's login.",
        ),
        text(
            &["unauthorized_client"],
            "it does not know this client for this",
            Owner::Client,
            "The client ID or its secret is wrong, or the client is of another type.",
            "In the Google Cloud console, under APIs & Services, Credentials, create \
              an OAuth client ID of type Desktop app, and give its client ID and \
              secret to this run (--client-id, --client-secret).",
        ),
        text(
            &["invalid_client"],
            "it does not know this client",
            Owner::Client,
            "The client ID or its secret is wrong.",
            "In the Google Cloud console, under APIs & Services, Credentials, create \
              an OAuth client ID of type Desktop app, and give its client ID and \
              secret to this run (--client-id, --client-secret).",
        ),
        text(
            &["access_denied"],
            "access was denied",
            Owner::AuthorizationServer,
            "Somebody said no, or the consent screen is in testing and this account \
              is not a test user.",
            "In the Google Cloud console, under OAuth consent screen, add the account \
              as a test user, or publish the app.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Google Cloud console, under APIs & Services, Credentials, create \
              an OAuth client ID of type Desktop app, and give its client ID and \
              secret to this run (--client-id, --client-secret).",
        ),
        fix(
            "S07",
            "In the Google Cloud console, under APIs & Services, Credentials, create \
              an OAuth client ID of type Desktop app, and give its client ID and \
              secret to this run (--client-id, --client-secret).",
        ),
        because(
            "T15",
            "Google ignores resource.",
            "Make the MCP server ask Google's tokeninfo endpoint about the token, or \
              issue tokens of its own behind Google's login (an OAuth proxy).",
        ),
        because(
            "T40",
            "Google ignores resource, and its access tokens are opaque.",
            "Make the MCP server ask Google's tokeninfo endpoint about the token, or \
              issue tokens of its own behind Google's login (an OAuth proxy).",
        ),
        fix(
            "R07",
            "Write https://accounts.google.com without a slash at the end into \
              authorization_servers.",
        ),
        fix(
            "R10",
            "Write https://accounts.google.com without a slash at the end into \
              authorization_servers.",
        ),
    ],
};
