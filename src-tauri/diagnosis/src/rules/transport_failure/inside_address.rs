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

/// Whether a redirect led to such an address, which gives no answer.
pub(super) fn inside_redirect(
    from: ExchangeRef<'_>,
    seen: ExchangeRef<'_>,
    kind: FailureKind,
    by: Server,
) -> Option<InsideAddress> {
    if !is_without_answer(kind) {
        return None;
    }
    let came_from = Url::parse(&from.request().url).ok()?;
    let asked = Url::parse(&seen.request().url).ok()?;
    (came_from.host_str() != asked.host_str() && is_inside_of(&asked, &came_from)).then(|| {
        InsideAddress {
            by,
            message: format!(
                "{} redirects there: most likely to the address that the server has behind its \
                 proxy or in its container.",
                came_from.origin().ascii_serialization(),
            ),
            fix: "Build the redirect from the server's public URL (its base URL or host name; \
                  behind a proxy let it go by X-Forwarded-Proto, -Host and -Port).",
        }
    })
}

/// Whether this request went to such an address and got no answer from it.
pub(super) fn inside_address(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    kind: FailureKind,
) -> Option<InsideAddress> {
    if !is_without_answer(kind) {
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

fn is_without_answer(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Dns | FailureKind::Refused | FailureKind::Unreachable | FailureKind::Timeout
    )
}

/// Whether an address is one of the inside, seen from where its document came from. Two loopback
/// addresses are one machine, and a private network can hold both servers.
fn is_inside_of(asked: &Url, came_from: &Url) -> bool {
    let is_name = matches!(asked.host(), Some(Host::Domain(name)) if name != "localhost");
    is_unspecified(asked) || is_inner(asked) && (is_name || !is_inner(came_from))
}

/// Whether it is the address that stands for all of a machine: good to listen on, and no place to
/// send a request to.
fn is_unspecified(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_unspecified(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use trace::{EntryKind, FailureKind, Phase, Purpose, Request, StopCode};

    use crate::finding::Owner;
    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

    #[test]
    fn an_endpoint_with_the_address_of_the_inside() {
        let told = |endpoint: &str, kind| {
            let mut run = Run::healthy();
            run.server_tries[0]
                .2
                .edit(|document| document["registration_endpoint"] = endpoint.into());
            run.registration.as_mut().unwrap().1 = Answer::failed(kind);
            run.stop(Phase::Registration, StopCode::Transport);
            let mut trace = run.trace();
            for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
                if let EntryKind::Exchange(exchange) = &mut entry.kind
                    && exchange.purpose == Purpose::Registration
                {
                    exchange.request.url = endpoint.into();
                }
            }
            found_in(&trace, "N01").unwrap()
        };
        for inside in [
            "https://as.example:8443/register",
            "https://keycloak:8443/register",
            "https://10.0.0.5/register",
        ] {
            for kind in [
                FailureKind::Dns,
                FailureKind::Refused,
                FailureKind::Unreachable,
                FailureKind::Timeout,
            ] {
                let finding = told(inside, kind);
                assert!(finding.message.contains("behind its proxy"), "{inside}");
                assert!(finding.fix.contains("public URL"), "{}", finding.fix);
                assert_eq!(finding.owner, Owner::AuthorizationServer, "{kind:?}");
            }
            let cut = told(inside, FailureKind::Reset);
            assert!(!cut.message.contains("behind its proxy"), "it was reached");
        }
        let elsewhere = told("https://login.example/register", FailureKind::Timeout);
        assert!(!elsewhere.message.contains("behind its proxy"));
        assert_eq!(elsewhere.owner, Owner::Network);
    }

    #[test]
    fn an_issuer_with_the_address_of_the_inside() {
        let told = |issuer: &str, kind| {
            let mut run = Run::healthy();
            run.server_tries[0].1 = format!("{issuer}/.well-known/oauth-authorization-server");
            run.server_tries[0].2 = Answer::failed(kind);
            run.stop(Phase::ServerMetadata, StopCode::Transport);
            run.finding("N01")
        };
        for inside in ["http://keycloak:8080", "http://10.0.0.5", "http://as.svc"] {
            for kind in [FailureKind::Refused, FailureKind::Timeout] {
                let finding = told(inside, kind);
                assert_eq!(finding.owner, Owner::McpServer, "{inside}");
                assert!(finding.fix.contains("authorization_servers"));
            }
        }
        let public = told("https://as.example:8443", FailureKind::Timeout);
        assert_eq!(public.owner, Owner::Network);
        assert!(!public.message.contains("inside"));
    }

    #[test]
    fn a_challenge_that_names_an_address_of_the_inside() {
        let told = |url: &str| {
            let mut run = Run::healthy();
            run.resource_tries[0].1 = url.into();
            run.resource_tries[0].2 = Answer::failed(FailureKind::Timeout);
            run.stop(Phase::ResourceMetadata, StopCode::Transport);
            run.finding("N01")
        };
        let inside = told("http://10.1.2.3:8000/.well-known/oauth-protected-resource/mcp");
        assert_eq!(inside.owner, Owner::McpServer);
        assert!(inside.message.contains("The challenge came from"));
        let public = told("https://other.example/.well-known/oauth-protected-resource/mcp");
        assert_eq!(public.owner, Owner::Network);
    }

    #[test]
    fn a_redirect_to_an_address_of_the_inside() {
        let told = |to: &str, kind| {
            let mut trace = Run::healthy().trace();
            let from = Request::new("POST", format!("{AS}/register"));
            let redirect = Answer::bare(307).header("Location", to);
            push_to_server(&mut trace, Purpose::Registration, from, &redirect);
            let request = Request::new("POST", to);
            push_to_server(
                &mut trace,
                Purpose::Registration,
                request,
                &Answer::failed(kind),
            );
            found_in(&trace, "N01").unwrap()
        };
        for inside in [
            "http://0.0.0.0:3000/register",
            "http://[::]:3000/register",
            "http://10.0.0.5/register",
            "http://keycloak:8080/register",
        ] {
            let finding = told(inside, FailureKind::Refused);
            assert_eq!(finding.owner, Owner::AuthorizationServer, "{inside}");
            assert!(finding.message.contains("redirects there"), "{inside}");
            let cut = told(inside, FailureKind::Reset);
            assert!(!cut.message.contains("redirects there"), "it was reached");
        }
        for other in [
            "https://login.example/register",
            "https://as.example:8443/register",
        ] {
            let finding = told(other, FailureKind::Refused);
            assert!(!finding.message.contains("redirects there"), "{other}");
        }
    }
}
