//! What keeps clients in the cloud from reaching a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use trace::{Connection, Failure, FailureKind, is_loopback};
use url::Url;

/// Ends of names that only a private network knows.
const PRIVATE_NAMES: [&str; 6] = [
    ".local",
    ".internal",
    ".lan",
    ".home.arpa",
    ".intranet",
    ".corp",
];

/// What keeps every client in the cloud away. `here` are the addresses that this machine knows for
/// the host, `public` those that a public resolver knows, where one was asked and answered.
pub(super) fn unreachable(url: &Url, here: &[IpAddr], public: Option<&[IpAddr]>) -> Vec<String> {
    let mut all = Vec::new();
    let host = url.host_str().unwrap_or_default();
    if url.scheme() == "http" {
        all.push("It is http: hosted clients take https only.".to_owned());
    }
    let port = url.port_or_known_default().unwrap_or(443);
    if port != 443 {
        all.push(format!(
            "Its port is {port}: claude.ai reaches port 443 only."
        ));
    }
    let name = host.to_ascii_lowercase();
    if is_loopback(url.as_str()) {
        all.push(format!(
            "{host} is this machine itself: nobody else reaches it."
        ));
    } else if let Some(end) = PRIVATE_NAMES.iter().find(|end| name.ends_with(**end)) {
        all.push(format!(
            "{host} ends with {end}: only a private network knows such names."
        ));
    } else {
        all.extend(of_addresses(host, here, public));
    }
    all
}

fn of_addresses(host: &str, here: &[IpAddr], public: Option<&[IpAddr]>) -> Option<String> {
    let (addresses, by_whom) = match public {
        Some(public) => (public, "in the public DNS"),
        None => (here, "here"),
    };
    if addresses.is_empty() {
        return Some(format!(
            "{host} has no address {by_whom}: the name does not resolve."
        ));
    }
    if !addresses.iter().all(|address| is_inner(*address)) {
        return None;
    }
    let inner = addresses[0];
    Some(format!(
        "{host} has the address {inner} {by_whom}, which only a private network has."
    ))
}

/// What may keep some clients away.
pub(super) fn doubts(url: &Url, here: &[IpAddr], public: Option<&[IpAddr]>) -> Vec<String> {
    let mut all = Vec::new();
    let host = url.host_str().unwrap_or_default();
    let addresses = public.unwrap_or(here);
    let inner = addresses.iter().find(|address| is_inner(**address));
    let outer = addresses.iter().any(|address| !is_inner(*address));
    if let Some(inner) = inner.filter(|_| outer) {
        all.push(format!(
            "{host} has the address {inner} besides, which only a private network has: a client \
             that takes it first does not come through."
        ));
    }
    if outer && addresses.iter().all(IpAddr::is_ipv6) {
        all.push(format!(
            "{host} has IPv6 addresses only: many clients come over IPv4."
        ));
    }
    if public.is_none() && outer && url.domain().is_some() {
        all.push(format!(
            "The addresses of {host} are those that this machine knows. A public resolver was not \
             asked."
        ));
    }
    all
}

/// Why no connection can be made, where hosted clients would meet the same.
pub(super) fn of_failure(failure: &Failure) -> Option<String> {
    (failure.kind == FailureKind::Tls).then(|| {
        format!(
            "TLS fails here: {}. Hosted clients accept a certificate only when the server sends \
             all that lead from it to a root that everybody knows.",
            failure.message.trim_end_matches('.')
        )
    })
}

/// A certificate that was sent alone is taken where the system fetches what is missing by itself,
/// or knows its issuer; others fail on it.
pub(super) fn of_chain(connection: &Connection) -> Option<String> {
    let [alone] = connection.tls.as_ref()?.certificates.as_slice() else {
        return None;
    };
    Some(format!(
        "The server sends its own certificate alone, issued by {}. Unless that is a root, clients \
         that do not fetch the certificate in between fail.",
        alone.issuer
    ))
}

/// Whether an address cannot be reached over the internet.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inner_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_inner_v4(address),
            None => is_inner_v6(address),
        },
    }
}

fn is_inner_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // Between a provider and its customers (RFC 6598), and for measuring (RFC 2544).
    let shared = first == 100 && (64..128).contains(&second);
    let measuring = first == 198 && (18..20).contains(&second);
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || shared
        || measuring
}

fn is_inner_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use trace::{Certificate, Tls};

    use super::*;

    fn addresses(all: &[&str]) -> Vec<IpAddr> {
        all.iter().map(|one| one.parse().unwrap()).collect()
    }

    fn said(url: &str, here: &[&str]) -> String {
        unreachable(&Url::parse(url).unwrap(), &addresses(here), None).join(" ")
    }

    #[test]
    fn what_keeps_a_cloud_away_is_told_and_nothing_else() {
        assert_eq!(said("https://mcp.example/mcp", &["192.0.2.1"]), "");
        assert_eq!(said("https://mcp.example/", &["2001:db8::1"]), "");
        assert!(said("http://localhost:8000/mcp", &["127.0.0.1"]).contains("this machine itself"));
        assert!(said("https://mcp.example:8443/", &["192.0.2.1"]).contains("8443"));
        assert!(said("https://nas.local/mcp", &["192.0.2.1"]).contains("ends with .local"));
        assert!(said("https://mcp.example/", &[]).contains("does not resolve"));
        for inner in ["10.0.0.1", "100.64.0.9", "fd00::1", "::ffff:192.168.0.1"] {
            let told = said("https://mcp.example/", &[inner]);
            assert!(told.contains("private network"), "{inner}: {told}");
        }
        // One address that they can reach is enough.
        assert_eq!(said("https://mcp.example/", &["10.0.0.1", "192.0.2.1"]), "");
    }

    #[test]
    fn what_the_public_dns_says_counts_more_than_what_is_known_here() {
        let url = Url::parse("https://mcp.example/").unwrap();
        let (inner, outer) = (addresses(&["10.0.0.1"]), addresses(&["192.0.2.1"]));
        assert_eq!(unreachable(&url, &inner, Some(&outer)), [""; 0]);
        let told = unreachable(&url, &outer, Some(&[]));
        assert!(told[0].contains("no address in the public DNS"), "{told:?}");
        let told = unreachable(&url, &outer, Some(&inner));
        assert!(told[0].contains("10.0.0.1 in the public DNS"), "{told:?}");
    }

    #[test]
    fn what_keeps_some_away_is_a_doubt() {
        let url = Url::parse("https://mcp.example/").unwrap();
        let of = |all: &[&str]| doubts(&url, &[], Some(&addresses(all))).join(" ");
        assert_eq!(of(&["192.0.2.1"]), "");
        assert_eq!(of(&["10.0.0.1"]), "");
        assert!(of(&["2001:db8::1"]).contains("IPv6 addresses only"));
        assert_eq!(of(&["2001:db8::1", "192.0.2.1"]), "");
        assert!(of(&["192.0.2.1", "10.0.0.1"]).contains("10.0.0.1 besides"));
        let here = doubts(&url, &addresses(&["192.0.2.1"]), None).join(" ");
        assert!(here.contains("public resolver was not asked"), "{here}");
    }

    #[test]
    fn a_chain_that_is_not_whole_is_told() {
        let failed = |kind| Failure {
            kind,
            message: "the issuer of the certificate is not known".into(),
        };
        assert!(
            of_failure(&failed(FailureKind::Tls))
                .unwrap()
                .contains("issuer")
        );
        assert_eq!(of_failure(&failed(FailureKind::Timeout)), None);
        let with = |issuers: &[&str]| Connection {
            remote_address: None,
            http_version: "HTTP/2".into(),
            reused: false,
            tls: Some(Tls {
                version: None,
                cipher: None,
                certificates: issuers
                    .iter()
                    .map(|issuer| Certificate {
                        subject: "CN=mcp.example".into(),
                        issuer: (*issuer).into(),
                        not_before: String::new(),
                        not_after: String::new(),
                        names: Vec::new(),
                        sha256: String::new(),
                    })
                    .collect(),
            }),
        };
        assert!(of_chain(&with(&["CN=R11"])).unwrap().contains("CN=R11"));
        assert_eq!(of_chain(&with(&["CN=R11", "CN=Root"])), None);
    }
}
