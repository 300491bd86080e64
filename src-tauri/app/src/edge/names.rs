//! What a name leads to: as this machine knows it, and as a public resolver does.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;
use trace::{Outcome, Request, with_query};
use url::{Host, Url};
use wire::Wire;

use super::answers::sent;

/// Types of records that hold an address (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
const RECORDS: [(&str, u64); 2] = [("A", 1), ("AAAA", 28)];

/// The addresses that this machine knows for the host.
pub(super) async fn known_here(url: &Url) -> Vec<IpAddr> {
    match url.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(name)) => {
            let port = url.port_or_known_default().unwrap_or(443);
            let found = tokio::net::lookup_host((name, port)).await;
            found.map_or_else(
                |_| Vec::new(),
                |all| all.map(|one: SocketAddr| one.ip()).collect(),
            )
        }
        None => Vec::new(),
    }
}

/// The addresses that a public resolver knows. `None` where that is unknown, with the reason among
/// the doubts.
pub(super) async fn known_publicly(
    wire: &Wire,
    resolver: &str,
    url: &Url,
    doubts: &mut Vec<String>,
) -> Option<Vec<IpAddr>> {
    let name = url.domain()?;
    let mut addresses = Vec::new();
    for (record, number) in RECORDS {
        let asked = with_query(resolver, [("name", name), ("type", record)]);
        let request = Request::new("GET", asked).header("accept", "application/dns-json");
        let answer = match sent(wire, &request).await.outcome {
            Outcome::Response(response) if response.status == 200 => {
                serde_json::from_slice(&response.body.bytes).map_err(|error| error.to_string())
            }
            Outcome::Response(response) => Err(format!("status {}", response.status)),
            Outcome::Failure(failure) => Err(failure.message),
        };
        match answer.and_then(|answer: Value| addresses_in(&answer, number)) {
            Ok(found) => addresses.extend(found),
            Err(why) => {
                doubts.push(format!(
                    "What the public DNS knows of {name} could not be found out: {resolver} gave \
                     no answer that counts ({why})."
                ));
                return None;
            }
        }
    }
    Some(addresses)
}

/// The addresses in an answer; empty for a name that does not exist.
fn addresses_in(answer: &Value, record: u64) -> Result<Vec<IpAddr>, String> {
    // No error, and no such name (RFC 1035 section 4.1.1).
    match answer["Status"].as_u64() {
        Some(0 | 3) => {}
        Some(status) => return Err(format!("DNS status {status}")),
        None => return Err("no DNS status".into()),
    }
    let found = answer["Answer"].as_array().into_iter().flatten();
    let found = found.filter(|one| one["type"].as_u64() == Some(record));
    let found = found.filter_map(|one| one["data"].as_str()?.parse().ok());
    Ok(found.collect())
}
