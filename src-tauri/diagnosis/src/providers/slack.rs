//! Slack.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Slack",
    hosts: &[Host::Is("slack.com"), Host::Within("slack.com")],
    traits: &[
        Trait::Own(Sign::InPath(
            "authorization_endpoint",
            "/oauth/v2_user/authorize",
        )),
        Trait::Own(Sign::InPath("token_endpoint", "/api/oauth.v2")),
        Trait::Own(Sign::Token("xoxp-")),
        Trait::Own(Sign::Token("xoxe")),
    ],
    cannot: &[Cannot::Register, Cannot::FollowResource],
    usual: &["A08", "A20/commas", "M03", "T15/unreadable", "T42", "T46"],
    texts: &[
        text(
            &["bad_redirect_uri"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not below one of the app's.",
            "At api.slack.com/apps, under OAuth & Permissions, add {redirect_uri} to \
              Redirect URLs.",
        ),
        text(
            &["invalid_client_id"],
            "it does not know this client",
            Owner::Client,
            "There is no Slack app with this client ID.",
            "Give this run the client ID of a Slack app (--client-id).",
        ),
        text(
            &["bad_client_secret"],
            "the client secret is wrong",
            Owner::Client,
            "Slack wants the secret in the form (client_secret_post), and answers 200 \
              when it is wrong.",
            "Give this run the client secret of the Slack app (--client-secret).",
        ),
        text(
            &["invalid_code"],
            "the code is wrong or expired",
            Owner::AuthorizationServer,
            "Slack answers 200 to a refused code.",
            "Look whether the code was sent once only and soon, and start again.",
        ),
        text(
            &["invalid_scope"],
            "the app may not ask for this scope",
            Owner::AuthorizationServer,
            "A Slack app may ask for the user scopes that are set for it.",
            "At api.slack.com/apps, under OAuth & Permissions, User Token Scopes, add \
              {scope}.",
        ),
        text(
            &["invalid_team_for_non_distributed_app"],
            "the app is not distributed",
            Owner::AuthorizationServer,
            "An internal app works in its own workspace only.",
            "Install the app in this workspace, or publish it in the Marketplace.",
        ),
        text(
            &["access_denied"],
            "access was denied",
            Owner::Nobody,
            "The user said no at Slack's page.",
            "Nothing has to change. Start again and agree.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "At api.slack.com/apps, create a Slack app with user scopes, and give its \
              client ID and secret to this run (--client-id, --client-secret).",
        ),
        because(
            "T40",
            "Slack's tokens are opaque and name no audience.",
            "Make the MCP server ask Slack (auth.test) about the token.",
        ),
        fix(
            "S07",
            "At api.slack.com/apps, under OAuth & Permissions, add {redirect_uri} to \
              Redirect URLs.",
        ),
        because(
            "R02",
            "Slack's resource metadata names the origin.",
            "Nothing can be set there: go on anyway, or use a client that takes the \
              origin for the resource.",
        ),
    ],
};
