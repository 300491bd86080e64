//! Addresses that do not answer and that a server's own document gives as its address, although it
//! was read elsewhere: the server has a wrong public URL.

use trace::{FailureKind, origin_of};

use super::server::Server;
use crate::foreign::{foreign_issuer, foreign_resource};
use crate::reading::{ExchangeRef, Reading};
use crate::wording::identifier;

/// An address that a server takes for its own.
pub(super) struct OwnAddress {
    /// Who takes it for its own.
    pub by: Server,
    pub message: String,
    pub fix: String,
}

pub(super) fn own_address(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    kind: FailureKind,
) -> Option<OwnAddress> {
    let unreachable = matches!(
        kind,
        FailureKind::Dns | FailureKind::Refused | FailureKind::Unreachable | FailureKind::Timeout
    );
    let origin = origin_of(&seen.request().url).filter(|_| unreachable)?;
    let is_there = |url: &str| origin_of(url).as_ref() == Some(&origin);
    let of_mcp_server = || {
        let resource = foreign_resource(reading)?.resource;
        let used = reading.server_url;
        // Where the two are one URL, the document names the authorization server by mistake.
        let is_issuer = reading.issuer() == Some(resource.as_str());
        (is_there(&resource) && !is_there(used) && !is_issuer).then(|| OwnAddress {
            by: Server::Mcp,
            message: format!(
                "The MCP server's resource metadata gives {} as its own URL, at the same origin; it \
                 was read from the server at {}.",
                identifier(&resource),
                identifier(used)
            ),
            fix: format!(
                "Set the MCP server's public URL (base URL) to {}, so that resource and \
                 authorization_servers in its metadata have it.",
                origin_of(used).unwrap_or_else(|| used.to_owned())
            ),
        })
    };
    let of_authorization_server = || {
        let foreign = foreign_issuer(reading)?;
        (is_there(&foreign.named) && !is_there(foreign.asked)).then(|| OwnAddress {
            by: Server::Authorization,
            message: format!(
                "The authorization server's metadata gives {} as its issuer, at the same origin; it \
                 was read for the issuer {}.",
                identifier(&foreign.named),
                identifier(foreign.asked)
            ),
            fix: format!(
                "Set the authorization server's public URL (issuer, base URL) to {}, so that the \
                 endpoints in its metadata have it.",
                identifier(foreign.asked)
            ),
        })
    };
    of_mcp_server().or_else(of_authorization_server)
}
