use std::collections::{HashMap, HashSet};

use trace::{Failure, FailureKind, Purpose, Request, origin_of};
use url::Url;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{
    MCP_ENDPOINT, MCP_ENDPOINT_2026, MCP_HTTPS, MCP_SERVER_METADATA, RFC9728_TLS, Spec,
    mcp_endpoint,
};
use crate::upstream::came_back_after;
use crate::wording::excerpt;

use giver::giver;
use inside_address::{inside_address, inside_redirect};
use named::named;
use own_address::own_address;
use server::{Server, server};
use words::{GIVEN, expected, outcome, words};

mod giver;
mod inside_address;
mod named;
mod own_address;
mod placeholder;
mod server;
mod words;

rule! {
    /// # What it looks at
    /// Requests that got no response at all: the name does not resolve, the connection is refused
    /// or times out, TLS fails, what comes back is not HTTP. A host that answered later is left
    /// out.
    ///
    /// # Why it matters
    /// Nothing else can be said about a server that does not answer. Who has to change something
    /// depends on how it failed and on who named the host.
    ///
    /// # How to fix
    /// Open the URL with another tool from the same machine. If it works from elsewhere, look at
    /// DNS, VPN, proxy and firewall; if not, at the server's address, port and certificate.
    ///
    /// # References
    /// MCP transports; MCP authorization, "Communication Security"; RFC 9728 section 7.1.
    "N01" "transport_failure" Error Network since None,
    title: "A server that is needed does not answer",
    variants: [
        OWN_OPTION: Error Client Likely
            "A server is not reached because of this run's own {option}",
        DNS_TYPED: Error Client Likely "{server} has a name that does not resolve",
        DNS_OF_ISSUER: Error McpServer Likely "{server} has a name that does not resolve",
        DNS_MCP: Error McpServer Likely "{server} has a name that does not resolve",
        DNS_SERVER: Error AuthorizationServer Likely "{server} has a name that does not resolve",
        REFUSED_MCP: Error McpServer Likely "{server} refuses the connection",
        REFUSED_SERVER: Error AuthorizationServer Likely "{server} refuses the connection",
        UNREACHABLE: Error Network Likely "{server} cannot be reached",
        TLS_MCP: Error McpServer Likely "{server} has a TLS problem",
        TLS_SERVER: Error AuthorizationServer Likely "{server} has a TLS problem",
        TIMEOUT: Error Network Likely "{server} does not answer in time",
        RESET_MCP: Error McpServer Likely "{server} closes the connection without an answer",
        RESET_SERVER: Error AuthorizationServer Likely
            "{server} closes the connection without an answer",
        PROTOCOL_MCP: Error McpServer Likely "{server} does not answer in HTTP",
        PROTOCOL_SERVER: Error AuthorizationServer Likely "{server} does not answer in HTTP",
        PROXY: Error Network Likely "{server} cannot be reached through the proxy",
        INSIDE_BY_MCP: Error McpServer Likely
            "{server} cannot be reached at the address that the MCP server names",
        INSIDE_BY_SERVER: Error AuthorizationServer Likely
            "{server} cannot be reached at the address in its metadata",
        OWN_ADDRESS_OF_MCP: Error McpServer Likely
            "{server} cannot be reached at the address that the MCP server gives as its own",
        OWN_ADDRESS_OF_SERVER: Error AuthorizationServer Likely
            "{server} cannot be reached at the address that it gives as its own",
        NOT_SENT: Error Client Certain "{server} was not asked",
        GIVEN_BY_MCP: Error McpServer Certain
            "{server} was not asked: what the MCP server gave cannot be sent",
        GIVEN_BY_SERVER: Error AuthorizationServer Certain
            "{server} was not asked: what the authorization server gave cannot be sent",
        PLACEHOLDER_MCP: Error McpServer Likely
            "{server} has a URL with a placeholder that nobody filled in",
        PLACEHOLDER_SERVER: Error AuthorizationServer Likely
            "{server} has a URL with a placeholder that nobody filled in",
        FOREIGN_MCP: Error McpServer Certain "{server} would get a credential that is not meant for it",
        FOREIGN_SERVER: Error AuthorizationServer Certain "{server} would get a credential that is not meant for it",
    ],
    spec: [MCP_ENDPOINT, MCP_ENDPOINT_2026, MCP_SERVER_METADATA, MCP_HTTPS, RFC9728_TLS],
    follows: ["M02", "T46/unsendable", OWN_ADDRESS_OF_MCP "R02"],
    stops: [Transport, NoResourceMetadata, NoServerMetadata, ApproverStuck],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut answered: HashMap<String, u32> = HashMap::new();
    if reading
        .all
        .iter()
        .any(|seen| seen.exchange.failure().is_some())
    {
        let answers = reading.all.iter().filter(|seen| seen.response().is_some());
        answered
            .extend(answers.filter_map(|seen| Some((origin_of(&seen.request().url)?, seen.seq))));
    }
    let mut told = HashSet::new();
    for seen in &reading.all {
        let Some(failure) = seen.exchange.failure() else {
            continue;
        };
        let url = &seen.request().url;
        let origin = origin_of(url).unwrap_or_else(|| url.clone());
        let ours =
            seen.exchange.purpose == Purpose::Callback || failure.kind == FailureKind::Cancelled;
        // An origin that answers other requests is still not to get this one.
        let later = failure.kind != FailureKind::ForeignOrigin
            && answered.get(&origin).is_some_and(|seq| *seq > seen.seq)
            && is_made_up_for(reading, seen);
        // The browser came back without this page.
        let passed =
            seen.exchange.purpose == Purpose::Authorization && came_back_after(reading, *seen);
        if ours || later || passed || !told.insert(origin.clone()) {
            continue;
        }
        findings.add(report(reading, *seen, failure, &origin));
    }
}

/// Whether a failed request was made up for: the same was asked for again and answered, or there
/// are several places to look, and another rule reports what they answer.
fn is_made_up_for(reading: &Reading<'_>, seen: &ExchangeRef<'_>) -> bool {
    let purpose = &seen.exchange.purpose;
    let places = matches!(
        purpose,
        Purpose::ResourceMetadata { .. }
            | Purpose::ServerMetadata { .. }
            | Purpose::IdentityProviderMetadata { .. }
    );
    places
        || reading.all.iter().any(|other| {
            let same =
                std::mem::discriminant(&other.exchange.purpose) == std::mem::discriminant(purpose);
            other.seq > seen.seq && other.response().is_some() && same
        })
}

fn report(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    failure: &Failure,
    origin: &str,
) -> Finding {
    let server = server(&seen.exchange.purpose);
    let redirect = redirect_to(reading, seen);
    let redirected = redirect.is_some();
    let in_url = placeholder::in_url(reading, seen, failure.kind).filter(|_| !redirected);
    if let Some(placeholder) = in_url {
        let variant = match placeholder.by() {
            Server::Mcp => &PLACEHOLDER_MCP,
            Server::Authorization | Server::IdentityProvider => &PLACEHOLDER_SERVER,
        };
        return placeholder.told(
            RULE.found(spec(reading, server, failure.kind))
                .at(seen.seq, Part::RequestUrl)
                .variant(variant)
                .title_with([server.name()]),
            seen,
            failure,
        );
    }
    if let Some(own) = own_address(reading, seen, failure.kind).filter(|_| !redirected) {
        return RULE
            .found(spec(reading, server, failure.kind))
            .at(seen.seq, Part::RequestUrl)
            .variant(match own.by {
                Server::Mcp => &OWN_ADDRESS_OF_MCP,
                Server::Authorization | Server::IdentityProvider => &OWN_ADDRESS_OF_SERVER,
            })
            .title_with([server.name()])
            .message(format!(
                "{} {origin} to {}. {}",
                outcome(failure.kind),
                in_short(seen.request().get()),
                own.message
            ))
            .expected(expected(failure.kind, origin))
            .actual(failure.message.clone())
            .fix(own.fix);
    }
    let given = (failure.kind == FailureKind::InvalidRequest)
        .then(|| giver(reading, seen, failure, redirected))
        .flatten();
    let words = match given {
        Some(_) => GIVEN,
        None => words(failure.kind),
    };
    let inside = match redirect {
        Some(from) => inside_redirect(from, seen, failure.kind, server),
        None => inside_address(reading, seen, failure.kind),
    };
    RULE.found(spec(reading, server, failure.kind))
        .at(seen.seq, Part::RequestUrl)
        .variant(if redirected && failure.kind == FailureKind::Dns {
            redirected_dns(server)
        } else {
            match (given, &inside) {
                (Some(Server::Mcp), _) => &GIVEN_BY_MCP,
                (Some(Server::Authorization | Server::IdentityProvider), _) => &GIVEN_BY_SERVER,
                // A name that does not resolve says more than an address of the inside.
                (None, Some(inside)) if failure.kind != FailureKind::Dns => match inside.by {
                    Server::Mcp => &INSIDE_BY_MCP,
                    Server::Authorization | Server::IdentityProvider => &INSIDE_BY_SERVER,
                },
                (None, _) => variant(seen, server, failure.kind),
            }
        })
        .title_with([server.name()])
        .message(
            format!(
                "{} {origin} to {}. {} {}",
                outcome(failure.kind),
                in_short(seen.request().get()),
                words.why,
                inside.as_ref().map_or("", |inside| &inside.message)
            )
            .trim_end(),
        )
        .expected(expected(failure.kind, origin))
        .actual(failure.message.clone())
        .fix(if let Some(inside) = inside {
            inside.fix.to_owned()
        } else if redirected {
            format!(
                "{} The host comes from a redirect of the request before.",
                words.check
            )
        } else {
            let named_by = named_by(reading, seen, failure.kind);
            format!("{}{}", words.check, named_by.unwrap_or_default())
        })
}

/// "POST /register".
fn in_short(request: &Request) -> String {
    let path = Url::parse(&request.url).map(|url| url.path().to_owned());
    excerpt(&format!("{} {}", request.method, path.unwrap_or_default()))
}

fn variant(seen: ExchangeRef<'_>, server: Server, kind: FailureKind) -> &'static Variant {
    let of = |mcp, authorization| match server {
        Server::Mcp => mcp,
        Server::Authorization | Server::IdentityProvider => authorization,
    };
    match kind {
        FailureKind::Dns => match seen.exchange.purpose {
            // Whoever named the host has to correct it.
            Purpose::Challenge { .. } | Purpose::Mcp { .. } => &DNS_TYPED,
            Purpose::ServerMetadata { .. } => &DNS_OF_ISSUER,
            _ => of(&DNS_MCP, &DNS_SERVER),
        },
        FailureKind::Refused => of(&REFUSED_MCP, &REFUSED_SERVER),
        FailureKind::Unreachable => &UNREACHABLE,
        FailureKind::Tls => of(&TLS_MCP, &TLS_SERVER),
        FailureKind::Timeout => &TIMEOUT,
        FailureKind::Reset => of(&RESET_MCP, &RESET_SERVER),
        FailureKind::Protocol => of(&PROTOCOL_MCP, &PROTOCOL_SERVER),
        FailureKind::Proxy => &PROXY,
        FailureKind::ForeignOrigin => of(&FOREIGN_MCP, &FOREIGN_SERVER),
        FailureKind::InvalidRequest => &NOT_SENT,
        // Never reported: the user stopped it.
        FailureKind::Cancelled => &NOT_SENT,
    }
}

/// The exchange before whose redirect named the URL, for the same purpose.
fn redirect_to<'a>(reading: &Reading<'a>, seen: ExchangeRef<'_>) -> Option<ExchangeRef<'a>> {
    let mut before = reading.all.iter().take_while(|other| other.seq < seen.seq);
    let from = before.find(|other| {
        let location = other
            .response()
            .and_then(|answer| answer.header_value("location"));
        let leads_here = location.is_some_and(|place| {
            let base = Url::parse(&other.request().url).ok();
            let place = base.and_then(|base| base.join(place).ok());
            place.is_some_and(|place| place.as_str() == seen.request().url.as_str())
        });
        other.exchange.purpose == seen.exchange.purpose && leads_here
    });
    from.copied()
}

/// Whoever redirects to a host has to correct its name.
fn redirected_dns(server: Server) -> &'static Variant {
    match server {
        Server::Mcp => &DNS_MCP,
        Server::Authorization | Server::IdentityProvider => &DNS_SERVER,
    }
}

/// The sentence that says where the URL comes from.
fn named_by(reading: &Reading<'_>, seen: ExchangeRef<'_>, kind: FailureKind) -> Option<String> {
    let is_about_the_address = matches!(
        kind,
        FailureKind::Dns | FailureKind::Refused | FailureKind::Timeout | FailureKind::Protocol
    );
    let named = named(reading, seen).filter(|_| is_about_the_address)?;
    Some(format!(
        " The address comes from {} of the {}.",
        named.member, named.document
    ))
}

fn spec(reading: &Reading<'_>, server: Server, kind: FailureKind) -> Spec {
    match (server, kind) {
        (Server::Mcp, FailureKind::Tls) => RFC9728_TLS,
        (Server::Authorization | Server::IdentityProvider, FailureKind::Tls) => MCP_HTTPS,
        (Server::Mcp, _) => mcp_endpoint(reading.revision),
        (Server::Authorization | Server::IdentityProvider, _) => MCP_SERVER_METADATA,
    }
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, Phase, Purpose, StopCode, WellKnown};

    use crate::finding::{Certainty, Owner};
    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    #[test]
    fn a_credential_that_stayed_here_is_told_though_its_target_answers() {
        let mut run = Run::healthy();
        run.challenge = Answer::failed(FailureKind::ForeignOrigin);
        let finding = run.finding("N01");
        assert!(
            finding.title.contains("would get a credential"),
            "{}",
            finding.title
        );
        assert!(
            finding.message.starts_with("Nothing was sent to https://"),
            "{}",
            finding.message
        );
        assert_eq!(finding.certainty, Certainty::Certain);
        assert_eq!(finding.owner, Owner::McpServer);
    }

    #[test]
    fn an_address_that_a_server_wrongly_takes_for_its_own() {
        let told = |resource: &str, issuer: &str| {
            let mut run = Run::healthy();
            run.resource_tries[0].2.edit(|document| {
                document["resource"] = resource.into();
            });
            run.issuer = issuer.into();
            run.server_tries[0].1 = format!("{issuer}/.well-known/oauth-authorization-server");
            run.server_tries[0].2 = Answer::failed(FailureKind::Refused);
            run.stop(Phase::ServerMetadata, StopCode::Transport);
            run.finding("N01").variant
        };
        let right = "https://mcp.example/mcp";
        let (inner, other) = ("https://api.example/mcp", "https://api.example");
        assert_eq!(told(inner, other), "own_address_of_mcp");
        assert_eq!(told(right, other), "refused_server");
        assert_eq!(told(inner, "https://as.example"), "refused_server");
        // The document names the authorization server in the place of the MCP server.
        assert_eq!(told(other, other), "refused_server");
    }

    #[test]
    fn an_authorization_server_that_does_not_know_its_public_url() {
        let told = |asked: &str| {
            let mut run = Run::healthy();
            run.issuer = asked.into();
            run.server_tries[0].1 = format!("{asked}/.well-known/oauth-authorization-server");
            run.stop(Phase::ServerMetadata, StopCode::IssuerMismatch);
            let mut trace = run.trace();
            let answer = Answer::failed(FailureKind::Dns);
            let request = post("/register", &[]);
            push_to_server(&mut trace, Purpose::Registration, request, &answer);
            found_in(&trace, "N01").unwrap().variant
        };
        assert_eq!(told("https://login.example"), "own_address_of_server");
        assert_eq!(told("https://as.example"), "dns_server");
    }

    #[test]
    fn the_owner_follows_the_kind_and_who_named_the_host() {
        let owner = |kind, authorization_server: bool| {
            let mut run = Run::healthy();
            if authorization_server {
                run.server_tries[0].2 = Answer::failed(kind);
                run.stop(Phase::ServerMetadata, StopCode::Transport);
            } else {
                run.challenge = Answer::failed(kind);
                run.stop(Phase::Challenge, StopCode::Transport);
            }
            run.finding("N01").owner
        };
        assert_eq!(owner(FailureKind::Dns, false), Owner::Client);
        assert_eq!(owner(FailureKind::Dns, true), Owner::McpServer);
        assert_eq!(owner(FailureKind::Refused, false), Owner::McpServer);
        assert_eq!(owner(FailureKind::Tls, true), Owner::AuthorizationServer);
        assert_eq!(owner(FailureKind::Timeout, true), Owner::Network);
    }

    #[test]
    fn every_kind_is_told_of_either_server() {
        use FailureKind as K;
        let kinds = [
            K::Dns,
            K::Refused,
            K::Unreachable,
            K::Tls,
            K::Timeout,
            K::Reset,
            K::Protocol,
            K::Proxy,
            K::InvalidRequest,
            K::ForeignOrigin,
        ];
        for kind in kinds {
            let mut run = Run::healthy();
            run.challenge = Answer::failed(kind);
            run.stop(Phase::Challenge, StopCode::Transport);
            run.finding("N01");
            let mut run = Run::healthy();
            run.server_tries[0].2 = Answer::failed(kind);
            run.stop(Phase::ServerMetadata, StopCode::Transport);
            run.finding("N01");
        }
    }

    #[test]
    fn a_bad_certificate_is_told() {
        let mut run = Run::healthy();
        run.challenge = Answer::failed(FailureKind::Tls);
        run.stop(Phase::Challenge, StopCode::Transport);
        assert_eq!(run.finding("N01").certainty, Certainty::Likely);
    }

    #[test]
    fn is_silent_when_the_host_answered_later_and_when_the_user_cancelled() {
        let mut run = Run::healthy();
        let url = run.server_tries[0].1.clone();
        run.server_tries.insert(
            0,
            (
                WellKnown::OidcInserted,
                url,
                Answer::failed(FailureKind::Reset),
            ),
        );
        assert!(run.is_silent("N01"));
        let mut run = Run::healthy();
        run.challenge = Answer::failed(FailureKind::Cancelled);
        run.stop(Phase::Challenge, StopCode::Cancelled);
        assert!(run.is_silent("N01"));
    }
}
