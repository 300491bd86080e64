//! Calls to the MCP server with a token: the proof that all of it worked.

use serde_json::{Map, Value, json};
use trace::{
    Decision, Outcome, Phase, Purpose, Response, Revision, RpcAnswer, StopCode, Verdict, rpc_answer,
};

use crate::agenda;
use crate::facts::Tool;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::mcp_request::{initialize_params, mcp_request};
use crate::mirrored::parameter_headers;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::challenge::{challenged, token_challenge};
use crate::steps::{no_response, refresh, step_up, tool};

/// How many tokens the MCP server may refuse in a row.
const MOST_RENEWALS: u8 = 3;

/// JSON-RPC "Method not found": a server without tools.
const METHOD_NOT_FOUND: i64 = -32601;

pub(crate) fn server_info_request(flow: &Flow, setup: &Setup) -> Plan {
    let facts = &flow.facts;
    let (method, params) = match facts.revision.is_modern() {
        true => ("server/discover", json!({})),
        false => ("initialize", initialize_params(facts, setup)),
    };
    plan(
        flow,
        setup,
        method,
        params,
        false,
        "Call the MCP server with the token",
        "The server must take the token now.",
    )
}

pub(crate) fn initialized_request(flow: &Flow, setup: &Setup) -> Plan {
    let why = "The handshake ends with this notification; only then are requests allowed.";
    plan(
        flow,
        setup,
        "notifications/initialized",
        json!({}),
        true,
        "Confirm the initialization",
        why,
    )
}

pub(crate) fn tools_request(flow: &Flow, setup: &Setup) -> Plan {
    plan(
        flow,
        setup,
        "tools/list",
        json!({}),
        false,
        "List the tools",
        "The first call that does something for a user.",
    )
}

pub(crate) fn judge_server_info(
    flow: Flow,
    setup: &Setup,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let (flow, response) = match answered(flow, setup, outcome, hand) {
        Ok(answered) => answered,
        Err(judged) => return *judged,
    };
    match rpc_answer(response) {
        RpcAnswer::Result(result) if (200..300).contains(&response.status) => {
            server_info(flow, setup, response, &result)
        }
        other => other_era(flow, setup, response, &other),
    }
}

pub(crate) fn judge_initialized(
    flow: Flow,
    setup: &Setup,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let (flow, response) = match answered(flow, setup, outcome, hand) {
        Ok(answered) => answered,
        Err(judged) => return *judged,
    };
    // 2025-11-25 basic/transports: 202; what else a server says here is no reason to stop.
    let verdict = match response.status {
        202 => Verdict::accepted("accepted"),
        200..=299 => Verdict::accepted("accepted, though not with 202"),
        status => Verdict::moved_on(format!("status {status}")),
    };
    Judged::go(next_id(flow), Step::ExpectTools, verdict)
}

pub(crate) fn judge_tools(
    flow: Flow,
    setup: &Setup,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let (mut flow, response) = match answered(flow, setup, outcome, hand) {
        Ok(answered) => answered,
        Err(judged) => return *judged,
    };
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            let tools = result["tools"].as_array().cloned().unwrap_or_default();
            let all: Vec<Tool> = tools.iter().filter_map(tool).collect();
            let (usable, left_out) = usable(all, flow.facts.revision);
            let count = usable.len();
            flow.facts.server.tools = usable;
            let words = if count == 1 {
                "1 tool".to_owned()
            } else {
                format!("{count} tools")
            };
            let words = [words]
                .into_iter()
                .chain(left_out)
                .collect::<Vec<_>>()
                .join(" · ");
            let verdict = Verdict::accepted(words);
            match tool::call_next(&flow, setup) {
                Some(call) => Judged::go(next_id(flow), call, verdict),
                None => done(flow, setup, "tools/list", Some(count as u32), verdict),
            }
        }
        RpcAnswer::Error {
            code: METHOD_NOT_FOUND,
            ..
        } => {
            let reached = if flow.facts.revision.is_modern() {
                "server/discover"
            } else {
                "initialize"
            };
            done(flow, setup, reached, None, Verdict::moved_on("no tools"))
        }
        RpcAnswer::Error { code, message, .. } => {
            let words = format!("error {code}");
            let message = format!("tools/list is answered with JSON-RPC error {code}: {message}");
            Judged::stop(flow, StopCode::McpError, &words, message)
        }
        RpcAnswer::Other(what) => {
            let message = format!(
                "tools/list is answered with status {} and {what}.",
                response.status
            );
            Judged::stop(flow, StopCode::McpError, "no JSON-RPC answer", message)
        }
    }
}

/// The tools a client may use, and why others are left out (2026-07-28
/// basic/transports/streamable-http, "Schema Extension").
fn usable(all: Vec<Tool>, revision: Revision) -> (Vec<Tool>, Vec<String>) {
    if !revision.is_modern() {
        return (all, Vec::new());
    }
    let mut left_out = Vec::new();
    let usable = all.into_iter().filter(|tool| {
        let problem = parameter_headers(&tool.input_schema, &Map::new()).err();
        left_out.extend(
            problem
                .as_ref()
                .map(|why| format!("{} left out: {why}", tool.name)),
        );
        problem.is_none()
    });
    (usable.collect(), left_out)
}

fn tool(listed: &Value) -> Option<Tool> {
    let text = |name: &str| listed[name].as_str().map(Into::into);
    Some(Tool {
        name: text("name")?,
        title: text("title"),
        description: text("description"),
        input_schema: listed["inputSchema"].clone(),
    })
}

/// Takes in the answer to `initialize` or `server/discover`.
pub(crate) fn server_info(
    mut flow: Flow,
    setup: &Setup,
    response: &Response,
    result: &Value,
) -> Judged {
    let modern = flow.facts.revision.is_modern();
    let info = match modern {
        true => &result["_meta"]["io.modelcontextprotocol/serverInfo"],
        false => &result["serverInfo"],
    };
    flow.facts.server.name = info["name"].as_str().map(Into::into);
    flow.facts.server.version = info["version"].as_str().map(Into::into);
    let words = flow
        .facts
        .server
        .name
        .clone()
        .unwrap_or_else(|| "answered".into());
    let first_time = !flow.facts.era_known;
    flow.facts.era_known = true;
    if modern {
        let revision = flow.facts.revision;
        let judged = Judged::go(next_id(flow), Step::ExpectTools, Verdict::accepted(words));
        let why = "the server answers server/discover".to_owned();
        return if first_time {
            judged.decided(Decision::Revision { revision, why })
        } else {
            judged
        };
    }
    flow.facts.session_id = response.header_value("mcp-session-id").map(Into::into);
    let negotiated = result["protocolVersion"]
        .as_str()
        .and_then(|version| version.parse::<Revision>().ok());
    let changed = negotiated
        .filter(|negotiated| *negotiated != flow.facts.revision && !negotiated.is_modern());
    let asked = flow.facts.revision;
    if let Some(revision) = changed {
        flow.facts.revision = revision;
    }
    let judged = Judged::go(
        next_id(flow),
        Step::ExpectInitialized,
        Verdict::accepted(words),
    );
    match changed {
        Some(revision) if setup.revision.is_none() || revision < asked => {
            judged.decided(Decision::Revision {
                revision,
                why: format!("the server negotiated it when asked for {asked}"),
            })
        }
        _ => judged,
    }
}

fn plan(
    flow: &Flow,
    setup: &Setup,
    method: &str,
    params: Value,
    notification: bool,
    title: &str,
    why: &str,
) -> Plan {
    Plan {
        phase: Phase::Mcp,
        purpose: Purpose::Mcp {
            method: method.into(),
        },
        title: title.into(),
        why: why.into(),
        label: method.into(),
        request: mcp_request(&flow.facts, setup, method, params, notification, true),
        not_before: None,
        credentials: Vec::new(),
    }
}

/// The response, when it is none of those that concern the token: those are dealt with here.
pub(crate) fn answered<'a>(
    mut flow: Flow,
    setup: &Setup,
    outcome: &'a Outcome,
    hand: &mut Hand<'_>,
) -> Result<(Flow, &'a Response), Box<Judged>> {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => return Err(Box::new(no_response(flow, failure))),
    };
    if let Some(stepped_up) = step_up::begin(&flow, setup, response, hand) {
        return Err(Box::new(stepped_up));
    }
    if response.status == 401 {
        return Err(Box::new(unauthorized(flow, setup, response, hand)));
    }
    if let Some(tokens) = flow
        .facts
        .tokens
        .as_mut()
        .filter(|_| (200..300).contains(&response.status))
    {
        tokens.accepted = true;
        // What was asked for last came through: the next step-up is another one.
        flow.facts.step_up.attempts = 0;
    }
    Ok((flow, response))
}

fn unauthorized(mut flow: Flow, setup: &Setup, response: &Response, hand: &mut Hand<'_>) -> Judged {
    let Some(tokens) = &flow.facts.tokens else {
        // The first call was open, this one is not.
        return challenged(flow, setup, response);
    };
    let fresh = !tokens.accepted && !tokens.stored;
    let reason = token_challenge(response)
        .and_then(|challenge| challenge.parameter("error").map(String::from));
    let words = reason.unwrap_or_else(|| "token not taken".into());
    // The authorization server may have changed although it still refreshes its tokens.
    if fresh
        && tokens.refreshed
        && !flow.facts.looked_again
        && flow.facts.resource_metadata.is_some()
    {
        flow.facts.looked_again = true;
        return challenged(flow, setup, response);
    }
    if fresh || flow.facts.renewals >= MOST_RENEWALS {
        let message = "The MCP server does not take the token that its authorization server has just issued for it.";
        return Judged::stop(flow, StopCode::TokenNotAccepted, &words, message);
    }
    let knows_endpoint = flow.facts.server_metadata.is_some();
    let has_metadata = flow.facts.resource_metadata.is_some();
    // A token that should still be good: the server may belong to another authorization server now,
    // and only its metadata tells (2026-07-28 basic/authorization/client-registration,
    // "Authorization Server Binding").
    let unexpected = !tokens.expired(hand.now) && tokens.expires_at.is_some();
    if !knows_endpoint
        || unexpected && has_metadata && flow.facts.revision.at_least(Revision::R20260728)
    {
        return challenged(flow, setup, response);
    }
    match tokens.refresh_token.is_some() {
        true => {
            let then = Box::new(Step::ExpectServerInfo);
            flow.facts.session_id = None;
            Judged::go(flow, Step::ExpectRefresh { then }, Verdict::moved_on(words))
        }
        false => {
            let why = "the token was refused and cannot be refreshed";
            refresh::authorize_afresh(flow, setup, Verdict::moved_on(words), why, hand)
        }
    }
}

/// No result to `server/discover` or `initialize`: tries the other era, or says what came.
fn other_era(mut flow: Flow, setup: &Setup, response: &Response, answer: &RpcAnswer) -> Judged {
    let what = match answer {
        RpcAnswer::Error { code, message, .. } => format!("JSON-RPC error {code}: {message}"),
        RpcAnswer::Other(what) => what.clone(),
        RpcAnswer::Result(_) => "a JSON-RPC result".into(),
    };
    if !flow.facts.era_known && flow.facts.revision.is_modern() && setup.revision.is_none() {
        let revision = Revision::LATEST_LEGACY;
        flow.facts.revision = revision;
        flow.facts.era_known = true;
        let why = format!(
            "server/discover was answered {} with {what}, so it is tried with initialize",
            response.status
        );
        return Judged::go(
            next_id(flow),
            Step::ExpectServerInfo,
            Verdict::moved_on("no answer of 2026-07-28"),
        )
        .decided(Decision::Revision { revision, why });
    }
    let message = format!(
        "The MCP server takes the token, but answers {} with {what}.",
        response.status
    );
    Judged::stop(flow, StopCode::McpError, "no JSON-RPC result", message)
}

/// The flow's end; what the user asked for besides comes after it.
pub(crate) fn done(
    mut flow: Flow,
    setup: &Setup,
    method: &str,
    tools: Option<u32>,
    verdict: Verdict,
) -> Judged {
    flow.facts.renewals = 0;
    flow.facts.looked_again = false;
    let called = method == "tools/call";
    let message = match (tools, called) {
        (Some(_), true) => {
            "The flow works: the MCP server took the token and answered the tool call.".to_owned()
        }
        (Some(1), _) => {
            "The flow works: the MCP server took the token and listed 1 tool.".to_owned()
        }
        (Some(count), _) => {
            format!("The flow works: the MCP server took the token and listed {count} tools.")
        }
        (None, _) => {
            "The flow works: the MCP server took the token. It offers no tools.".to_owned()
        }
    };
    let message = match flow.facts.tokens {
        Some(_) => message,
        None => "The MCP server answers without authorization.".to_owned(),
    };
    flow.facts.agenda.outcome = Some(message.clone());
    let judged =
        Judged::go(next_id(flow), Step::Done { message }, verdict).decided(Decision::Reached {
            method: method.into(),
            tools,
        });
    agenda::begin_next(judged, setup)
}

fn next_id(mut flow: Flow) -> Flow {
    flow.facts.rpc_id += 1;
    flow
}
