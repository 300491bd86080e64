//! Addresses that a document names and that only the network of its server knows: the document came
//! from another address.

use trace::FailureKind;
use url::{Host, Url};

use super::named::named;
use super::server::Server;
use crate::foreign::is_inner;
use crate::reading::{ExchangeRef, Reading};

/// An address that is most likely the one that a server has behind its proxy or in its cluster.
pub(super) struct InsideAddress {
    /// Who names it.
    pub by: Server,
    pub message: String,
    pub fix: &'static str,
}

/// Whether this request went to such an address and got no answer from it.
pub(super) fn inside_address(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    kind: FailureKind,
) -> Option<InsideAddress> {
    let unreachable = matches!(
        kind,
        FailureKind::Dns | FailureKind::Refused | FailureKind::Unreachable | FailureKind::Timeout
    );
    if !unreachable {
        return None;
    }
    let named = named(reading, seen)?;
    let came_from = Url::parse(&named.at.request().url).ok()?;
    let asked = Url::parse(&seen.request().url).ok()?;
    let same_host = came_from.host_str() == asked.host_str();
    let other_port = came_from.port_or_known_default() != asked.port_or_known_default();
    // An issuer on another port is another server, not another address of this one.
    let another = named.of_the_same_server && same_host && other_port
        || !same_host && is_inside_of(&asked, &came_from);
    another.then(|| InsideAddress {
        by: named.by,
        message: format!(
            "The {} came from {}, and {} in it has another address: most likely the one that the \
             server has {}.",
            named.document,
            came_from.origin().ascii_serialization(),
            named.member,
            if named.of_the_same_server {
                "behind its proxy"
            } else {
                "inside its network"
            }
        ),
        fix: named.fix,
    })
}

/// Whether an address is one of the inside, seen from where its document came from. Two loopback
/// addresses are one machine, and a private network can hold both servers.
fn is_inside_of(asked: &Url, came_from: &Url) -> bool {
    let is_name = matches!(asked.host(), Some(Host::Domain(name)) if name != "localhost");
    is_inner(asked) && (is_name || !is_inner(came_from))
}
