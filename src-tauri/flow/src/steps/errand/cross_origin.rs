//! What a browser asks before a page of another origin may be this client (Fetch Standard,
//! "CORS-preflight fetch").

use trace::{CrossOrigin, Phase, Purpose, Request, Response, Verdict, origin_of};

use crate::facts::Facts;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::Plan;

use super::on;

/// Where the page would be: an origin of this machine, as servers that check `Origin` allow.
const PAGE: &str = "http://localhost:6274";

/// The endpoints that are known, in the order a client comes to them.
pub(crate) fn endpoints(facts: &Facts, setup: &Setup) -> Vec<CrossOrigin> {
    let all = [
        CrossOrigin::ResourceMetadata,
        CrossOrigin::ServerMetadata,
        CrossOrigin::Registration,
        CrossOrigin::Token,
        CrossOrigin::McpEndpoint,
    ];
    all.into_iter()
        .filter(|of| url(facts, setup, *of).is_some_and(|url| origin_of(&url).is_some()))
        .collect()
}

pub(super) fn request(facts: &Facts, setup: &Setup, of: CrossOrigin) -> Plan {
    let metadata = "mcp-protocol-version";
    let (what, method, headers) = match of {
        CrossOrigin::ResourceMetadata => ("read the resource metadata", "GET", metadata.to_owned()),
        CrossOrigin::ServerMetadata => ("read the server's metadata", "GET", metadata.to_owned()),
        CrossOrigin::Registration => ("register", "POST", "content-type".to_owned()),
        CrossOrigin::Token => ("get a token", "POST", token_headers(facts)),
        CrossOrigin::McpEndpoint => ("call the MCP server", "POST", call_headers(facts)),
    };
    let request = Request::new("OPTIONS", url(facts, setup, of).unwrap_or_default())
        .header("origin", PAGE)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    Plan {
        phase: Phase::Extra,
        purpose: Purpose::Preflight { of },
        title: format!("Ask whether a page may {what}"),
        why: "A browser asks this first, and keeps from the page what the answer does not allow."
            .into(),
        label: "preflight".into(),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(super) fn judge(flow: Flow, setup: &Setup, response: &Response) -> Judged {
    let allowed = response
        .header_value("access-control-allow-origin")
        .is_some();
    let verdict = match (response.status, allowed) {
        (200..=299, true) => Verdict::accepted("allowed"),
        (status, true) => Verdict::moved_on(format!("status {status}")),
        (_, false) => Verdict::moved_on("not allowed"),
    };
    on(
        flow,
        setup,
        verdict,
        "The answers to a page's requests are above.",
    )
}

/// What this client's own token requests carry besides what every page may send.
fn token_headers(facts: &Facts) -> String {
    let basic = facts
        .client
        .as_ref()
        .is_some_and(|client| client.auth_method == "client_secret_basic");
    let mut names = vec!["content-type"];
    if basic {
        names.insert(0, "authorization");
    }
    if facts.dpop.is_some() {
        names.push("dpop");
    }
    names.join(",")
}

fn call_headers(facts: &Facts) -> String {
    let mut names = vec!["authorization", "content-type", "mcp-protocol-version"];
    if facts.revision.is_modern() {
        names.extend(["mcp-method", "mcp-name"]);
    }
    if facts.dpop.is_some() {
        names.push("dpop");
    }
    names.join(",")
}

fn url(facts: &Facts, setup: &Setup, of: CrossOrigin) -> Option<String> {
    match of {
        CrossOrigin::ResourceMetadata => facts.resource_metadata_from.clone(),
        CrossOrigin::ServerMetadata => facts.server_metadata_from.clone(),
        CrossOrigin::Registration => facts.endpoint(setup, "registration_endpoint"),
        CrossOrigin::Token => facts.endpoint(setup, "token_endpoint"),
        CrossOrigin::McpEndpoint => Some(setup.server_url.clone()),
    }
}
