//! What a browser asks before a page of another origin may be this client (Fetch Standard,
//! "CORS-preflight fetch").

use trace::{CrossOrigin, Phase, Purpose, Request, Response, Verdict};

use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::plan::Plan;
use crate::routes::actions::go_on;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

/// Where the page would be: an origin of this machine, as servers that check `Origin` allow.
const PAGE: &str = "http://localhost:6274";

/// What the last answer is reported with.
pub(crate) const ANSWERED: &str = "The answers to a page's requests are above.";

pub(crate) fn request(facts: &Facts, of: CrossOrigin, endpoint: &Endpoint) -> Plan {
    let metadata = "mcp-protocol-version";
    let (what, method, headers) = match of {
        CrossOrigin::ResourceMetadata => ("read the resource metadata", "GET", metadata.to_owned()),
        CrossOrigin::ServerMetadata => ("read the server's metadata", "GET", metadata.to_owned()),
        CrossOrigin::Registration => ("register", "POST", "content-type".to_owned()),
        CrossOrigin::Token => ("get a token", "POST", token_headers(facts)),
        CrossOrigin::McpEndpoint => ("call the MCP server", "POST", call_headers(facts)),
    };
    let request = Request::new("OPTIONS", endpoint.url())
        .header("origin", PAGE)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    let title = format!("Ask whether a page may {what}");
    let why = "A browser asks this first, and keeps from the page what the answer does not allow.";
    let purpose = Purpose::Preflight { of };
    Plan::new(Phase::Extra, purpose, (&title, why), "preflight", request)
}

pub(crate) fn judge(flow: Flow, setup: &Setup, response: &Response) -> Transition {
    let allowed = response.header_value("access-control-allow-origin");
    let verdict = match (response.status, allowed) {
        (200..=299, Some(_)) => Verdict::accepted("allowed"),
        (status, Some(_)) => Verdict::moved_on(format!("status {status}")),
        (_, None) => Verdict::moved_on("not allowed"),
    };
    go_on(flow, setup, verdict, ANSWERED)
}

/// What this client's own token requests carry besides what every page may send.
fn token_headers(facts: &Facts) -> String {
    let client = facts.client.as_ref();
    let mut names = Vec::new();
    if client.is_some_and(|client| client.auth_method == "client_secret_basic") {
        names.push("authorization");
    }
    names.push("content-type");
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

#[cfg(test)]
mod tests {
    use trace::Revision;

    use super::*;
    use crate::step::Step;
    use crate::testing::{endpoint, response, setup, with_tokens};

    fn asked(facts: &Facts, of: CrossOrigin) -> String {
        let plan = request(facts, of, &endpoint("/token"));
        assert_eq!(plan.request.method, "OPTIONS");
        assert_eq!(plan.request.header_value("authorization"), None);
        let names = plan.request.header_value("access-control-request-headers");
        names.unwrap().to_owned()
    }

    #[test]
    fn the_headers_asked_for_are_those_of_this_client() {
        let mut facts = with_tokens(Step::ExpectTools, None).facts;
        assert_eq!(asked(&facts, CrossOrigin::Token), "content-type");
        facts.client.as_mut().unwrap().auth_method = "client_secret_basic".into();
        assert_eq!(
            asked(&facts, CrossOrigin::Token),
            "authorization,content-type"
        );
        facts.revision = Revision::R20260728;
        assert!(asked(&facts, CrossOrigin::McpEndpoint).ends_with("mcp-method,mcp-name"));
    }

    #[test]
    fn allowed_is_what_names_an_origin() {
        let words = |status, headers: &[(&str, &str)]| {
            let flow = with_tokens(Step::ExpectTools, None);
            let transition = judge(flow, &setup(), &response(status, headers, ""));
            transition.verdict.unwrap().text
        };
        let named = [("Access-Control-Allow-Origin", "*")];
        assert_eq!(words(204, &named), "allowed");
        assert_eq!(words(500, &named), "status 500");
        assert_eq!(words(200, &[]), "not allowed");
    }
}
