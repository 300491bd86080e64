//! Addresses that a document names and that only the network of its server knows: the document came
//! from another address.

use trace::{FailureKind, Grant, MetadataSource, Purpose};
use url::{Host, Url};

use super::{INSIDE_BY_MCP, INSIDE_BY_SERVER, Server};
use crate::foreign::is_inner;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::Variant;

/// An address that is most likely the one that a server has behind its proxy or in its cluster.
pub(super) struct InsideAddress {
    by: Server,
    pub message: String,
    pub fix: &'static str,
}

impl InsideAddress {
    pub fn variant(&self) -> &'static Variant {
        match self.by {
            Server::Mcp => &INSIDE_BY_MCP,
            Server::Authorization | Server::IdentityProvider => &INSIDE_BY_SERVER,
        }
    }
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
            "{} came from {}, and {} in it has another address: most likely the one that the \
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

struct Named<'a> {
    by: Server,
    /// What holds the member: "The metadata".
    document: &'static str,
    member: &'static str,
    at: ExchangeRef<'a>,
    /// Whether the server that named it is the one that it leads to.
    of_the_same_server: bool,
    fix: &'static str,
}

/// Which document gave the URL of a request.
fn named<'a>(reading: &Reading<'a>, seen: ExchangeRef<'_>) -> Option<Named<'a>> {
    let endpoint = |member| {
        let (attempt, _) = reading.server_metadata()?;
        Some(Named {
            by: Server::Authorization,
            document: "The metadata",
            member,
            at: attempt.seen,
            of_the_same_server: true,
            fix: "Set the authorization server's public URL (its base URL or host name; behind a \
                  proxy let it go by X-Forwarded-Proto, -Host and -Port), so that the endpoints in \
                  its metadata have it.",
        })
    };
    match seen.exchange.purpose {
        Purpose::ResourceMetadata {
            source: MetadataSource::Header,
        } => Some(Named {
            by: Server::Mcp,
            document: "The challenge",
            member: "resource_metadata",
            at: *reading
                .first_calls
                .iter()
                .rfind(|other| other.seq < seen.seq)?,
            of_the_same_server: true,
            fix: "Set the MCP server's public URL (its base URL or host name; behind a proxy let it \
                  go by X-Forwarded-Proto, -Host and -Port), so that resource_metadata has it.",
        }),
        Purpose::ServerMetadata { .. } => Some(Named {
            by: Server::Mcp,
            document: "The resource metadata",
            member: "authorization_servers",
            at: reading.resource_metadata()?.0.seen,
            of_the_same_server: false,
            fix: "Write the authorization server's public URL into authorization_servers of the \
                  resource metadata: the issuer that clients outside can reach.",
        }),
        // It goes to the identity provider, whose metadata is another.
        Purpose::Token {
            grant: Grant::TokenExchange,
        } => None,
        Purpose::Registration => endpoint("registration_endpoint"),
        Purpose::Token { .. } => endpoint("token_endpoint"),
        Purpose::Authorization => endpoint("authorization_endpoint"),
        Purpose::PushedAuthorization => endpoint("pushed_authorization_request_endpoint"),
        Purpose::DeviceAuthorization => endpoint("device_authorization_endpoint"),
        Purpose::Introspection { .. } => endpoint("introspection_endpoint"),
        Purpose::Revocation { .. } => endpoint("revocation_endpoint"),
        Purpose::Userinfo => endpoint("userinfo_endpoint"),
        Purpose::Jwks => endpoint("jwks_uri"),
        _ => None,
    }
}

/// Whether an address is one of the inside, seen from where its document came from. Two loopback
/// addresses are one machine, and a private network can hold both servers.
fn is_inside_of(asked: &Url, came_from: &Url) -> bool {
    let is_name = matches!(asked.host(), Some(Host::Domain(name)) if name != "localhost");
    is_inner(asked) && (is_name || !is_inner(came_from))
}
