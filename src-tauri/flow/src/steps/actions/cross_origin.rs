//! What a browser asks before a page of another origin may be this client (Fetch Standard,
//! "CORS-preflight fetch"), and what such a page sends then ("CORS check").

use serde_json::json;
use trace::{CrossOrigin, Grant, Phase, Purpose, Request, Response, Verdict, encode_pairs};

use crate::client_request::form_post;
use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::mcp_request::{initialize_params, mcp_request};
use crate::page::unsafe_headers;
use crate::plan::Plan;
use crate::routes::actions::go_on;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

/// Where the page would be: an origin of this machine, as servers that check `Origin` allow.
const PAGE: &str = "http://localhost:6274";

/// The words with which the last answer is reported.
pub(crate) const ANSWERED: &str = "The answers to a page's requests are above.";

/// A value that no authorization server issued.
const NO_CODE: &str = "authscope-cross-origin-check";

pub(crate) fn request(facts: &Facts, of: CrossOrigin, endpoint: &Endpoint) -> Plan {
    let method = match of {
        CrossOrigin::ResourceMetadata | CrossOrigin::ServerMetadata => "GET",
        _ => "POST",
    };
    let request = Request::new("OPTIONS", endpoint.url())
        .header("origin", PAGE)
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            unsafe_headers(facts, of).join(","),
        );
    let title = format!("Ask whether a page may {}", what(of));
    let why = "A browser asks this first, and keeps from the page what the answer does not allow.";
    let purpose = Purpose::Preflight { of };
    Plan::new(Phase::Extra, purpose, (&title, why), "preflight", request)
}

/// The request itself. It changes nothing at the server: what it asks for is refused.
pub(crate) fn from_page(
    facts: &Facts,
    setup: &Setup,
    of: CrossOrigin,
    endpoint: &Endpoint,
) -> Plan {
    let call = |token| {
        let (method, params) = if facts.revision.is_modern() {
            ("server/discover", json!({}))
        } else {
            ("initialize", initialize_params(facts, setup))
        };
        mcp_request(facts, setup, method, params, false, token)
    };
    let request = match of {
        CrossOrigin::ResourceMetadata | CrossOrigin::ServerMetadata => {
            Request::new("GET", endpoint.url())
                .header("accept", "application/json")
                .header("mcp-protocol-version", facts.revision.as_str())
        }
        CrossOrigin::Registration => Request::new("POST", endpoint.url())
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(json!({ "redirect_uris": "none" }).to_string()),
        CrossOrigin::Token => {
            let client = facts.client.as_ref();
            let id = client.map_or("", |client| client.client_id.as_str());
            let form = [
                ("grant_type", Grant::AuthorizationCode.grant_type()),
                ("code", NO_CODE),
                ("client_id", id),
            ];
            form_post(endpoint).body(encode_pairs(form))
        }
        CrossOrigin::McpEndpoint => call(false),
        CrossOrigin::McpCall => call(true),
    };
    let title = format!(
        "See whether a page may read the answer when it wants to {}",
        what(of)
    );
    let why = "A browser keeps an answer from the page that does not allow its origin, errors too.";
    let purpose = Purpose::FromPage { of };
    let request = request.header("origin", PAGE);
    Plan::new(Phase::Extra, purpose, (&title, why), "from a page", request)
}

fn what(of: CrossOrigin) -> &'static str {
    match of {
        CrossOrigin::ResourceMetadata => "read the resource metadata",
        CrossOrigin::ServerMetadata => "read the server's metadata",
        CrossOrigin::Registration => "register",
        CrossOrigin::Token => "get a token",
        CrossOrigin::McpEndpoint => "call the MCP server",
        CrossOrigin::McpCall => "call the MCP server with the token",
    }
}

pub(crate) fn judge_answer(mut flow: Flow, setup: &Setup, response: &Response) -> Transition {
    flow.facts.rpc_id += 1;
    let status = response.status;
    let verdict = match response.header_value("access-control-allow-origin") {
        Some(_) => Verdict::accepted(format!("{status}, readable for a page")),
        None => Verdict::moved_on(format!("{status}, not readable for a page")),
    };
    go_on(flow, setup, verdict, ANSWERED)
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

#[cfg(test)]
mod tests {
    use trace::Revision;

    use super::*;
    use crate::page::asks_first;
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
        // A form is sent without a question.
        assert!(!asks_first(&facts, CrossOrigin::Token));
        facts.client.as_mut().unwrap().auth_method = "client_secret_basic".into();
        assert!(asks_first(&facts, CrossOrigin::Token));
        assert_eq!(asked(&facts, CrossOrigin::Token), "authorization");
        let calls = [
            (
                Revision::R20250326,
                "authorization,content-type,mcp-session-id",
            ),
            (
                Revision::R20251125,
                "authorization,content-type,mcp-protocol-version,mcp-session-id",
            ),
            (
                Revision::R20260728,
                "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version",
            ),
        ];
        facts.session_id = Some("s1".into());
        for (revision, names) in calls {
            facts.revision = revision;
            assert_eq!(asked(&facts, CrossOrigin::McpEndpoint), names, "{revision}");
        }
        assert!(!asks_first(&facts, CrossOrigin::McpCall), "it was asked");
    }

    #[test]
    fn a_page_sends_its_origin_and_only_the_call_with_the_token_a_credential() {
        let mut facts = with_tokens(Step::ExpectTools, None).facts;
        facts.client.as_mut().unwrap().client_secret = Some("hidden".into());
        for of in [
            CrossOrigin::ResourceMetadata,
            CrossOrigin::ServerMetadata,
            CrossOrigin::Registration,
            CrossOrigin::Token,
            CrossOrigin::McpEndpoint,
            CrossOrigin::McpCall,
        ] {
            let plan = from_page(&facts, &setup(), of, &endpoint("/x"));
            assert_eq!(plan.request.header_value("origin"), Some(PAGE), "{of:?}");
            let with_token = plan.request.header_value("authorization").is_some();
            assert_eq!(with_token, of == CrossOrigin::McpCall, "{of:?}");
            assert!(!format!("{:?}", plan.request.body.text()).contains("hidden"));
        }
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
