//! Whether what stands in front of a server treats hosted clients differently from us, and whether
//! they can reach it at all. It runs only when it is asked for by name.
//!
//! | module | what |
//! |---|---|
//! | `reach` | what keeps clients in the cloud away: addresses, port, scheme, certificates |
//! | `names` | what a public resolver says of a name |
//! | `answers` | what one request brought |
//! | `agents` | the same requests with the `User-Agent`s of hosted clients, and what gives them away |
//! | `documents` | the client metadata documents of known clients |

mod agents;
mod answers;
mod documents;
mod names;
mod reach;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use session::Options;
use trace::Outcome;
use ts_rs::TS;
use url::Url;

use crate::observed::bare;
pub use answers::{ClientDocument, EdgeAnswer};

/// What is to be found out at the edge of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeCheck {
    /// The server and the way to it. Certificates of the user's own are left out: hosted clients
    /// know none of them.
    pub options: Options,
    /// Asks a public resolver for the host's addresses, at this URL (DNS over HTTPS, JSON).
    pub public_dns: Option<String>,
    /// Asks the authorization server as well: it is the user's own, too.
    pub authorization_server: bool,
    /// Fetches the client metadata documents of known clients.
    pub client_documents: bool,
}

impl EdgeCheck {
    /// Asks the MCP server alone.
    pub fn of(options: Options) -> Self {
        Self {
            options,
            public_dns: None,
            authorization_server: false,
            client_documents: false,
        }
    }
}

/// What a window asks for, about the server that clients were played against.
#[derive(Debug, Clone, PartialEq, Deserialize, TS)]
pub struct EdgeRequest {
    /// Asks a public resolver for the host's addresses.
    pub public_dns: bool,
    /// Asks the authorization server as well.
    pub authorization_server: bool,
    /// Fetches the client metadata documents of known clients.
    pub client_documents: bool,
}

/// The public resolver that is asked where the user does not name another one.
pub const PUBLIC_DNS: &str = "https://cloudflare-dns.com/dns-query";

/// What was found at the edge of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct EdgeReport {
    pub schema: String,
    pub server_url: String,
    /// What keeps clients in the cloud from reaching the server; empty where nothing does.
    pub unreachable: Vec<String>,
    /// What may keep some of them away, and what could not be found out.
    pub doubts: Vec<String>,
    pub answers: Vec<EdgeAnswer>,
    pub documents: Vec<ClientDocument>,
    /// What equal answers mean.
    pub note: String,
}

impl EdgeReport {
    /// Nothing keeps hosted clients away, as far as it can be seen from here.
    pub fn is_open(&self) -> bool {
        self.unreachable.is_empty() && !self.answers.iter().any(|answer| answer.differs)
    }
}

const NOTE: &str = "Equal answers prove nothing: hosted clients come from other addresses, and a \
                    rule about addresses shows only there.";

/// Asks the server as Authscope and as each hosted client whose `User-Agent` is known, and says
/// what keeps them away.
///
/// # Errors
/// When the URL or the settings cannot be used.
pub async fn edge(check: &EdgeCheck) -> Result<EdgeReport, String> {
    let mut options = check.options.clone();
    options.network.ca_files.clear();
    let url = Url::parse(options.server_url.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            format!(
                "server URL: expected http or https, got {}",
                options.server_url
            )
        })?;
    let wire = session::wire_of(&options).map_err(|error| error.message)?;
    let mut doubts = Vec::new();
    let here = names::known_here(&url).await;
    let public = match &check.public_dns {
        Some(resolver) => names::known_publicly(&wire, resolver, &url, &mut doubts).await,
        None => None,
    };
    let mut unreachable = reach::unreachable(&url, &here, public.as_deref());
    doubts.extend(reach::doubts(&url, &here, public.as_deref()));
    let asked = agents::ask(&wire, &url, check.authorization_server, &mut doubts).await;
    if let Some(first) = &asked.first_call {
        match &first.outcome {
            Outcome::Failure(failure) => unreachable.extend(reach::of_failure(failure)),
            Outcome::Response(_) => {
                doubts.extend(first.connection.as_ref().and_then(reach::of_chain));
            }
        }
    }
    let documents = if check.client_documents {
        documents::read_all(&wire).await
    } else {
        Vec::new()
    };
    Ok(EdgeReport {
        schema: "authscope-edge-1".into(),
        server_url: bare(url.as_str()),
        unreachable,
        doubts,
        answers: asked.answers,
        documents,
        note: NOTE.into(),
    })
}

/// The report for people, one line each.
pub fn edge_lines(report: &EdgeReport) -> Vec<String> {
    let mut lines: Vec<String> = report.unreachable.clone();
    lines.extend(report.doubts.iter().map(|doubt| format!("Note: {doubt}")));
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
    for document in &report.documents {
        let problems = match document.problems.as_slice() {
            [] => "as it should be".to_owned(),
            problems => problems.join("; "),
        };
        lines.push(format!(
            "Client metadata document of {} ({}): {problems}",
            document.client, document.url
        ));
    }
    lines.push(report.note.clone());
    lines
}
