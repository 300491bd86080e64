//! The first call: who are you, and may I?

use serde_json::{Value, json};
use trace::{
    Decision, Outcome, Phase, Purpose, Response, Revision, RpcAnswer, StopCode, Timestamp, Verdict,
    challenges, rpc_answer,
};

use crate::flow::Flow;
use crate::judged::Judged;
use crate::mcp_request::{initialize_params, mcp_request};
use crate::proof;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::{is_http, mcp, no_response};

/// HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: errors that only a
/// server of 2026-07-28 or later knows (2026-07-28 basic/transports/streamable-http, "Backward
/// Compatibility").
const MODERN_ERRORS: [i64; 3] = [-32020, -32021, -32022];

pub(crate) fn request(flow: &Flow, setup: &Setup, now: Timestamp) -> Plan {
    let facts = &flow.facts;
    let token = usable_token(flow, now);
    let (method, params) = match facts.revision.is_modern() {
        true => ("server/discover", json!({})),
        false => ("initialize", initialize_params(facts, setup)),
    };
    let request = mcp_request(facts, setup, method, params, false, token);
    let (purpose, title, why) = match token {
        true => (
            Purpose::Mcp {
                method: method.into(),
            },
            "Call the MCP server with the stored token",
            "A token from an earlier run is still valid; if the server takes it, nothing else is needed.",
        ),
        false => (
            Purpose::Challenge {
                method: method.into(),
            },
            "Call the MCP server without a token",
            "A protected server answers 401 and says where its metadata is.",
        ),
    };
    Plan {
        phase: Phase::Challenge,
        purpose,
        title: title.into(),
        why: why.into(),
        label: method.into(),
        request,
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(flow: Flow, setup: &Setup, outcome: &Outcome, hand: &mut Hand<'_>) -> Judged {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return no_response(flow, failure),
    };
    match response.status {
        401 => challenged(flow, setup, response),
        403 | 400 if token_challenge(response).is_some() => {
            let otherwise = challenged(flow.clone(), setup, response);
            let status = response.status;
            Judged::stop_unless_waived(
                flow,
                StopCode::WrongChallengeStatus,
                "challenge with the wrong status",
                format!(
                    "The MCP server challenges with status {status}; clients begin to authorize at 401 only."
                ),
                otherwise,
            )
        }
        200..=299 => match rpc_answer(response) {
            RpcAnswer::Result(result) => open(flow, setup, response, &result, hand),
            RpcAnswer::Error {
                code,
                message,
                data,
            } => wrong_version(flow, setup, response.status, code, &message, &data),
            RpcAnswer::Other(what) => not_mcp(flow, setup, response.status, &what),
        },
        status => match rpc_answer(response) {
            RpcAnswer::Error {
                code,
                message,
                data,
            } => wrong_version(flow, setup, status, code, &message, &data),
            RpcAnswer::Result(_) => not_mcp(flow, setup, status, "a JSON-RPC result"),
            RpcAnswer::Other(what) => not_mcp(flow, setup, status, &what),
        },
    }
}

/// Takes in a 401 and goes to look for metadata. Used for every 401 that leads to a new
/// authorization.
pub(crate) fn challenged(mut flow: Flow, setup: &Setup, response: &Response) -> Judged {
    // Each scheme has a challenge of its own; one of them may say what another leaves out.
    let others = challenges(response).unwrap_or_default();
    let all: Vec<_> = token_challenge(response)
        .into_iter()
        .chain(others)
        .collect();
    let parameter = |name: &str| {
        all.iter()
            .find_map(|challenge| challenge.parameter(name))
            .map(String::from)
    };
    let facts = &mut flow.facts;
    facts.challenged = true;
    facts.resource_metadata_url = parameter("resource_metadata").filter(|url| is_http(url));
    facts.challenged_scope = parameter("scope").filter(|scope| !scope.trim().is_empty());
    facts.session_id = None;
    let mut words: Vec<String> = Vec::new();
    words.extend(parameter("error"));
    words.extend(
        facts
            .resource_metadata_url
            .as_ref()
            .map(|_| "resource_metadata".into()),
    );
    words.extend(
        facts
            .challenged_scope
            .as_ref()
            .map(|scope| format!("scope={scope}")),
    );
    if response.header_value("www-authenticate").is_none() {
        words.push("no WWW-Authenticate".into());
    } else if words.is_empty() {
        words.push("challenge without resource_metadata".into());
    }
    let verdict = Verdict::accepted(words.join(" · "));
    let bound = demands_proof(response).then(|| {
        proof::bind(
            &mut flow.facts,
            setup,
            "the MCP server's challenge demands it",
        )
    });
    let mut judged = to_metadata(flow, setup, verdict);
    judged.decisions.extend(bound.flatten());
    judged
}

pub(crate) fn to_metadata(flow: Flow, setup: &Setup, verdict: Verdict) -> Judged {
    // 2025-03-26 has no resource metadata: the MCP server's origin is the authorization server.
    if !flow.facts.revision.at_least(Revision::R20250618) {
        return super::resource_metadata::use_mcp_origin(flow, setup, verdict);
    }
    Judged::go(flow, Step::ExpectResourceMetadata { attempt: 0 }, verdict)
}

/// Goes on with another version, or says that the server's error stands.
fn wrong_version(
    mut flow: Flow,
    setup: &Setup,
    status: u16,
    code: i64,
    message: &str,
    data: &Value,
) -> Judged {
    if !MODERN_ERRORS.contains(&code) {
        return not_mcp(
            flow,
            setup,
            status,
            &format!("JSON-RPC error {code}: {message}"),
        );
    }
    let offered: Vec<&str> = data["supported"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let usable = offered
        .iter()
        .filter_map(|version| version.parse::<Revision>().ok())
        .max();
    // The server may name the very version that was sent; it is believed once.
    let another = |revision: &Revision| match *revision == flow.facts.revision {
        true => !flow.facts.version_retried,
        false => setup.revision.is_none(),
    };
    match usable.filter(another) {
        Some(revision) if revision == flow.facts.revision => {
            flow.facts.version_retried = true;
            flow.facts.rpc_id += 1;
            Judged::stay(
                flow,
                Verdict::moved_on(format!("supports {}, which was sent", offered.join(", "))),
            )
        }
        Some(revision) => {
            flow.facts.revision = revision;
            flow.facts.era_known = true;
            let why = format!("the server supports {}", offered.join(", "));
            Judged::stay(
                flow,
                Verdict::moved_on(format!("supports {}", offered.join(", "))),
            )
            .decided(Decision::Revision { revision, why })
        }
        None => {
            let message = format!("The MCP server answers JSON-RPC error {code}: {message}");
            Judged::stop(flow, StopCode::McpError, &format!("error {code}"), message)
        }
    }
}

/// The answer is none of an MCP server of this era: tries the other era, then says so
/// (2026-07-28 basic/versioning, "Backward Compatibility with Initialization-Based Versions").
fn not_mcp(mut flow: Flow, setup: &Setup, status: u16, what: &str) -> Judged {
    if !flow.facts.era_known && flow.facts.revision.is_modern() {
        let revision = Revision::LATEST_LEGACY;
        flow.facts.revision = revision;
        flow.facts.era_known = true;
        flow.facts.redirect = None;
        let why = format!(
            "server/discover was answered {status} with {what}, so it is tried with initialize"
        );
        return Judged::stay(flow, Verdict::moved_on("no answer of 2026-07-28"))
            .decided(Decision::Revision { revision, why });
    }
    let message = format!(
        "{} answers {status} with {what}, which no MCP server does.",
        setup.server_url
    );
    Judged::stop(flow, StopCode::NotAnMcpServer, "not an MCP server", message)
}

fn open(
    mut flow: Flow,
    setup: &Setup,
    response: &Response,
    result: &Value,
    hand: &Hand<'_>,
) -> Judged {
    let with_token = usable_token(&flow, hand.now);
    if let Some(tokens) = flow.facts.tokens.as_mut().filter(|_| with_token) {
        tokens.accepted = true;
    }
    let judged = mcp::server_info(flow, setup, response, result);
    match with_token {
        true => judged,
        false => judged.decided(Decision::NoAuthorizationNeeded),
    }
}

/// Whether the first call is made with a token: one from an earlier run whose time is not over.
fn usable_token(flow: &Flow, now: Timestamp) -> bool {
    flow.facts
        .tokens
        .as_ref()
        .is_some_and(|tokens| !tokens.expired(now) && !flow.facts.challenged)
}

/// The challenge that speaks of the token: of several schemes the one that names an error, which is
/// the one that was tried (RFC 9449 section 7.2); else the one for bearer tokens.
pub(crate) fn token_challenge(response: &Response) -> Option<trace::Challenge> {
    let all = challenges(response).ok()?;
    let of = |scheme: &str, erring: bool| {
        let mut of_scheme = all.iter().filter(|challenge| challenge.is(scheme));
        of_scheme
            .find(|challenge| !erring || challenge.parameter("error").is_some())
            .cloned()
    };
    of("Bearer", true)
        .or_else(|| of("DPoP", true))
        .or_else(|| of("Bearer", false))
        .or_else(|| of("DPoP", false))
}

/// Whether bound tokens alone are taken.
fn demands_proof(response: &Response) -> bool {
    let all = challenges(response).unwrap_or_default();
    let has = |scheme: &str| all.iter().any(|challenge| challenge.is(scheme));
    has("DPoP") && !has("Bearer")
}
