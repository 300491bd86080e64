//! Whether what stands in front of a server treats hosted clients otherwise than us, and whether
//! they can reach it at all. Only ever asked for by name.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;
use session::Options;
use trace::{Outcome, Request, Response, is_loopback, resource_metadata_urls};
use url::{Host, Url};
use wire::{Settings, Wire};

/// What was found at the edge of a server.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeReport {
    pub schema: &'static str,
    pub server_url: String,
    /// What keeps clients in the cloud from reaching the server; empty where nothing does.
    pub unreachable: Vec<String>,
    pub answers: Vec<EdgeAnswer>,
    /// What equal answers mean.
    pub note: &'static str,
}

/// How the server answers one request with one `User-Agent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeAnswer {
    pub request: &'static str,
    /// Whose `User-Agent` it is.
    pub client: String,
    pub user_agent: String,
    /// The status, or why there is none.
    pub answer: String,
    /// It is not the answer that Authscope gets.
    pub differs: bool,
    /// The header that names what stands in front, where there is one.
    pub in_front: Option<String>,
}

const NOTE: &str = "Equal answers prove nothing: hosted clients come from other addresses, and a \
                    rule about addresses shows only there.";

/// Headers of what stands in front of servers.
const IN_FRONT: [&str; 6] = [
    "cf-mitigated",
    "cf-ray",
    "x-amzn-waf-action",
    "x-amz-cf-id",
    "x-vercel-mitigated",
    "x-sucuri-id",
];

/// Asks the server as Authscope and as each hosted client whose `User-Agent` is known.
///
/// # Errors
/// When the URL or the settings cannot be used.
pub async fn edge(options: &Options) -> Result<EdgeReport, String> {
    let url = Url::parse(options.server_url.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            format!(
                "server URL: expected http or https, got {}",
                options.server_url
            )
        })?;
    let wire = Wire::new(&Settings::default()).map_err(|error| error.to_string())?;
    let mut answers: Vec<EdgeAnswer> = Vec::new();
    for (name, request) in requests(url.as_str()) {
        let ours = asked(&wire, name, "Authscope", None, &request).await;
        for (client, agent) in agents() {
            let mut theirs = asked(&wire, name, client, Some(agent), &request).await;
            theirs.differs = theirs.answer != ours.answer;
            answers.push(theirs);
        }
        let at = answers.len() - agents().count();
        answers.insert(at, ours);
    }
    Ok(EdgeReport {
        schema: "authscope-edge-1",
        server_url: url.to_string(),
        unreachable: unreachable(&url, &addresses(&url).await),
        answers,
        note: NOTE,
    })
}

/// The hosted clients and their `User-Agent`s, each once.
fn agents() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut known: Vec<&str> = Vec::new();
    let hosted = clients::profiles().iter().filter(|profile| profile.hosted);
    let all = hosted.flat_map(|profile| {
        let play = &profile.play;
        let agents = [&play.user_agent, &play.call_user_agent];
        agents
            .into_iter()
            .flatten()
            .map(|agent| (profile.name.as_str(), agent.as_str()))
    });
    all.filter(move |(_, agent)| {
        let new = !known.contains(agent);
        known.push(agent);
        new
    })
}

/// The first call, a call with a token that is not good, and the resource metadata.
fn requests(url: &str) -> Vec<(&'static str, Request)> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"edge check","version":"1"}}}"#;
    let call = || {
        Request::new("POST", url)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body)
    };
    let mut all = vec![
        ("first call", call()),
        (
            "call with a token",
            call().header("authorization", "Bearer edge-check-not-a-token"),
        ),
    ];
    let metadata = resource_metadata_urls(url).into_iter().next();
    all.extend(metadata.map(|(_, url)| {
        let request = Request::new("GET", url).header("accept", "application/json");
        ("resource metadata", request)
    }));
    all
}

async fn asked(
    wire: &Wire,
    request: &'static str,
    client: &str,
    agent: Option<&str>,
    sent: &Request,
) -> EdgeAnswer {
    let sent = match agent {
        Some(agent) => sent.clone().header("user-agent", agent),
        None => sent.clone(),
    };
    let sent = wire.complete(&sent);
    let user_agent = sent
        .header_value("user-agent")
        .unwrap_or_default()
        .to_owned();
    let (answer, in_front) = match wire.send(sent, &[]).await.outcome {
        Outcome::Response(response) => (response.status.to_string(), in_front(&response)),
        Outcome::Failure(failure) => (format!("no answer: {}", failure.message), None),
    };
    EdgeAnswer {
        request,
        client: client.into(),
        user_agent,
        answer,
        differs: false,
        in_front,
    }
}

fn in_front(response: &Response) -> Option<String> {
    let mut named = IN_FRONT
        .iter()
        .filter_map(|name| Some((name, response.header_value(name)?)));
    let (name, value) = named.next()?;
    Some(format!("{name}: {value}"))
}

/// The addresses that this machine knows for the host.
async fn addresses(url: &Url) -> Vec<IpAddr> {
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

/// What keeps clients in the cloud from reaching a server.
fn unreachable(url: &Url, addresses: &[IpAddr]) -> Vec<String> {
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
    if is_loopback(url.as_str()) {
        all.push(format!(
            "{host} is this machine itself: nobody else reaches it."
        ));
    } else if addresses.is_empty() {
        all.push(format!(
            "{host} has no address here: the name does not resolve."
        ));
    } else if let Some(inner) = addresses.iter().find(|address| is_inner(**address)) {
        all.push(format!(
            "{host} has the address {inner}, which only a private network has."
        ));
    } else if addresses.iter().all(IpAddr::is_ipv6) {
        all.push(format!(
            "{host} has IPv6 addresses only: many clients come over IPv4."
        ));
    }
    all
}

fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// The report for people, one line each.
pub fn edge_lines(report: &EdgeReport) -> Vec<String> {
    let mut lines: Vec<String> = report.unreachable.clone();
    for answer in &report.answers {
        let differs = if answer.differs {
            " (not what Authscope gets)"
        } else {
            ""
        };
        let front = answer.in_front.as_ref();
        let front = front.map_or_else(String::new, |header| format!(" [{header}]"));
        lines.push(format!(
            "{}, {} ({}): {}{differs}{front}",
            answer.request, answer.client, answer.user_agent, answer.answer
        ));
    }
    lines.push(report.note.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(url: &str, addresses: &[&str]) -> String {
        let addresses: Vec<IpAddr> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        unreachable(&Url::parse(url).unwrap(), &addresses).join(" ")
    }

    #[test]
    fn what_keeps_a_cloud_away_is_told_and_nothing_else() {
        assert_eq!(said("https://mcp.example/mcp", &["192.0.2.1"]), "");
        assert!(said("http://localhost:8000/mcp", &["127.0.0.1"]).contains("this machine itself"));
        assert!(said("https://mcp.example:8443/", &["192.0.2.1"]).contains("8443"));
        assert!(said("https://mcp.example/", &["10.0.0.1"]).contains("private network"));
        assert!(said("https://mcp.example/", &["2001:db8::1"]).contains("IPv6"));
        assert!(said("https://mcp.example/", &[]).contains("does not resolve"));
    }
}
