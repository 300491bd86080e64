//! Salesforce.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Salesforce",
    hosts: &[
        Host::Is("login.salesforce.com"),
        Host::Is("test.salesforce.com"),
        Host::Within("my.salesforce.com"),
    ],
    traits: &[
        Trait::Own(Sign::InPath("token_endpoint", "/services/oauth2/")),
        Trait::Own(Sign::InPath("authorization_endpoint", "/services/oauth2/")),
        Trait::Own(Sign::Holds("scopes_supported", "mcp_api")),
        Trait::Own(Sign::Holds("scopes_supported", "sfap_api")),
        Trait::Own(Sign::Says("OAUTH_APP_ACCESS_DENIED")),
    ],
    cannot: &[Cannot::FollowResource],
    usual: &["T15/unreadable"],
    texts: &[
        text(
            &["oauth_app_access_denied"],
            "the user may not use this app",
            Owner::AuthorizationServer,
            "The policies of the app permit other users only.",
            "In Salesforce Setup, under the app's policies, let Permitted Users \
              include this user (a permission set or profile).",
        ),
        text(
            &["redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "Callback URLs are compared as a whole; http is taken for localhost only.",
            "In Salesforce Setup, under the app, OAuth settings, add {redirect_uri} \
              to Callback URL, with the host localhost.",
        ),
        text(
            &["client identifier invalid"],
            "it does not know this client",
            Owner::Client,
            "There is no app with this consumer key in the org.",
            "Give this run the consumer key of an app of this org (--client-id).",
        ),
        text(
            &["missing required code challenge"],
            "it wants PKCE",
            Owner::Client,
            "The app requires PKCE.",
            "Send code_challenge in this run, as it does by default.",
        ),
        text(
            &["invalid_scope"],
            "the app may not ask for this scope",
            Owner::AuthorizationServer,
            "An app may ask for its selected OAuth scopes.",
            "In Salesforce Setup, under the app, OAuth settings, select the scopes \
              {scope} (refresh_token for refresh tokens).",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In Salesforce Setup, create an External Client App with PKCE and without \
              a required secret, and give its consumer key to this run (--client-id).",
        ),
        fix(
            "G03",
            "In Salesforce Setup, create an External Client App with PKCE and without \
              a required secret, and give its consumer key to this run (--client-id).",
        ),
        because(
            "A07",
            "The document of login.salesforce.com does not say so, though Salesforce \
              takes PKCE.",
            "Name the My Domain host (https://ORG.my.salesforce.com) in \
              authorization_servers, or put an OAuth proxy in front on the MCP \
              server's side that says \"code_challenge_methods_supported\": \
              [\"S256\"].",
        ),
        because(
            "T40",
            "Salesforce's tokens are opaque unless the app is set to JWTs.",
            "Make the MCP server ask Salesforce's introspection or userinfo endpoint \
              about the token.",
        ),
        fix(
            "S07",
            "In Salesforce Setup, under the app, OAuth settings, add {redirect_uri} \
              to Callback URL, with the host localhost.",
        ),
    ],
};
