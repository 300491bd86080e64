//! Atlassian.

use crate::finding::Owner;

use super::provider::{Host, Provider, Sign, Trait, UNKNOWN, because, fix, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Atlassian",
    hosts: &[
        Host::Is("auth.atlassian.com"),
        Host::Is("cf.mcp.atlassian.com"),
        Host::Is("mcp.atlassian.com"),
    ],
    traits: &[Trait::Own(Sign::Holds("issuer", "atlassian.com"))],
    usual: &["M03"],
    texts: &[
        text(
            &["redirect_uri"],
            "it does not know this redirect URI",
            Owner::Client,
            "Atlassian's hosted server registers clients itself; apps of \
              developer.atlassian.com do not work there.",
            "Register anew with the redirect URI of this run, without a client ID of \
              your own.",
        ),
        text(
            &["invalid_client|unauthorized_client"],
            "it does not know this client",
            Owner::Client,
            "Atlassian's hosted server registers clients itself; apps of \
              developer.atlassian.com do not work there.",
            "Register anew, without a client ID of your own.",
        ),
    ],
    recipes: &[
        because(
            "R10",
            "Atlassian's resource metadata names auth.atlassian.com/ID, and the \
              document calls itself auth.atlassian.com.",
            "Nothing can be set at Atlassian: go on anyway in this run, or use a \
              client that does; the MCP endpoint /v1/mcp has other metadata than \
              /v1/mcp/authv2.",
        ),
        because(
            "S06",
            "Apps of developer.atlassian.com do not work at the hosted server.",
            "Use https://mcp.atlassian.com/v1/mcp, where clients register themselves.",
        ),
        fix(
            "N03",
            "Nothing can be set at Atlassian: go on anyway in this run, or use a \
              client that does; the MCP endpoint /v1/mcp has other metadata than \
              /v1/mcp/authv2.",
        ),
    ],
    ..UNKNOWN
};
