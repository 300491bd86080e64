//! Notion.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, because, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Notion",
    hosts: &[Host::Is("mcp.notion.com"), Host::Within("notion.com")],
    traits: &[Trait::Own(Sign::Holds("issuer", "mcp.notion.com"))],
    usual: &["R02", "M03"],
    texts: &[
        text(
            &["redirect_uri|redirect uri|redirect url"],
            "it does not accept this redirect URI",
            Owner::Client,
            "Notion's hosted server registers clients itself.",
            "Register anew with the redirect URI of this run, without a client ID of \
              your own.",
        ),
        text(
            &["invalid_client"],
            "it does not know this client",
            Owner::Client,
            "Notion's hosted server registers clients itself, and forgets some.",
            "Register anew, without a client ID of your own.",
        ),
    ],
    recipes: &[
        because(
            "R02",
            "Notion's resource metadata names the origin.",
            "Nothing can be set at Notion: go on anyway, or use a client that takes \
              the origin for the resource.",
        ),
        because(
            "S06",
            "Notion's hosted server lets clients register themselves, or takes client \
              ID metadata documents.",
            "Use https://mcp.notion.com/mcp as the server's URL.",
        ),
        because(
            "T40",
            "Nothing can be set at Notion's hosted server.",
            "Log in again; when it stays, ask Notion's support with the time of this \
              request.",
        ),
    ],
    ..UNKNOWN
};
