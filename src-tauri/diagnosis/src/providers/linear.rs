//! Linear.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, because, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Linear",
    hosts: &[Host::Is("mcp.linear.app"), Host::Within("linear.app")],
    traits: &[Trait::Own(Sign::Holds("issuer", "linear.app"))],
    usual: &["M03"],
    texts: &[
        text(
            &["redirect_uri|redirect uri|redirect url"],
            "it does not accept this redirect URI",
            Owner::Client,
            "Linear's hosted server registers clients itself.",
            "Register anew with the redirect URI of this run, without a client ID of \
              your own.",
        ),
        text(
            &["invalid_client"],
            "it does not know this client",
            Owner::Client,
            "Linear's hosted server registers clients itself, and forgets some.",
            "Register anew, without a client ID of your own.",
        ),
    ],
    recipes: &[
        because(
            "S06",
            "Linear's hosted server lets clients register themselves.",
            "Use https://mcp.linear.app/mcp as the server's URL.",
        ),
        because(
            "T40",
            "Nothing can be set at Linear's hosted server.",
            "Log in again; when it stays, ask Linear's support with the time of this \
              request.",
        ),
    ],
    ..UNKNOWN
};
