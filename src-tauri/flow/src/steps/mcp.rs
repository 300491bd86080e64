//! Calls to the MCP server with a token: the proof that all of it worked.

use serde_json::{Map, Value, json};
use trace::{
    Decision, Outcome, Phase, Purpose, Response, Revision, RpcAnswer, StopCode, Verdict, rpc_answer,
};

use crate::facts::Facts;
use crate::mcp_request::{initialize_params, mcp_request};
use crate::mirrored::parameter_headers;
use crate::plan::{Env, Plan};
use crate::routes::mcp::{Reached, done, earlier_era, past_the_token, server_info};
use crate::routes::needs::named;
use crate::setup::Setup;
use crate::state::Flow;
use crate::step::Step;
use crate::tool_pages::{self, After, Tool, ToolPages};
use crate::transition::Transition;

/// JSON-RPC "Method not found": a server without tools.
const METHOD_NOT_FOUND: i64 = -32601;

pub(crate) fn server_info_request(facts: &Facts, setup: &Setup) -> Plan {
    let (method, params) = if facts.revision.is_modern() {
        ("server/discover", json!({}))
    } else {
        ("initialize", initialize_params(facts, setup))
    };
    let words = (
        "Call the MCP server with the token",
        "The server must accept the token now.",
    );
    plan(facts, setup, method, params, false, words)
}

pub(crate) fn initialized_request(facts: &Facts, setup: &Setup) -> Plan {
    let words = (
        "Confirm the initialization",
        "The handshake ends with this notification; only then are requests allowed.",
    );
    plan(
        facts,
        setup,
        "notifications/initialized",
        json!({}),
        true,
        words,
    )
}

pub(crate) fn tools_request(facts: &Facts, setup: &Setup) -> Plan {
    let words = (
        "List the tools",
        "The first call that does something for a user.",
    );
    plan(facts, setup, "tools/list", json!({}), false, words)
}

/// Asks for the page that the one before named.
pub(crate) fn more_tools_request(facts: &Facts, setup: &Setup, earlier: &ToolPages) -> Plan {
    let title = format!("List the tools: page {}", earlier.pages.len() + 1);
    let words = (title.as_str(), "The page before says that there is more.");
    let params = json!({ "cursor": earlier.cursor });
    plan(facts, setup, "tools/list", params, false, words)
}

pub(crate) fn judge_server_info(
    flow: Flow,
    setup: &Setup,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let (flow, response) = match past_the_token(flow, setup, outcome, env) {
        Ok(answered) => answered,
        Err(transition) => return *transition,
    };
    match rpc_answer(response) {
        RpcAnswer::Result(result) if (200..300).contains(&response.status) => {
            if let Some((revision, why)) = earlier_era(&flow.facts, setup, &result) {
                return try_initialize(flow, revision, why);
            }
            server_info(flow, setup, response, &result)
        }
        other => other_era(flow, setup, response, &other),
    }
}

pub(crate) fn judge_initialized(
    flow: Flow,
    setup: &Setup,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let (mut flow, response) = match past_the_token(flow, setup, outcome, env) {
        Ok(answered) => answered,
        Err(transition) => return *transition,
    };
    // 2025-11-25 basic/transports: 202; the flow goes on whatever else a server says here.
    let verdict = match response.status {
        202 => Verdict::accepted("accepted"),
        200..=299 => Verdict::accepted("accepted, though not with 202"),
        status => Verdict::moved_on(format!("status {status}")),
    };
    flow.facts.rpc_id += 1;
    Transition::to(flow, Step::ExpectTools, verdict)
}

/// `earlier` are the pages before the answer.
pub(crate) fn judge_tools(
    flow: Flow,
    setup: &Setup,
    earlier: Option<ToolPages>,
    outcome: &Outcome,
    env: &mut Env<'_>,
) -> Transition {
    let (mut flow, response) = match past_the_token(flow, setup, outcome, env) {
        Ok(answered) => answered,
        Err(transition) => return *transition,
    };
    match (rpc_answer(response), earlier) {
        (RpcAnswer::Result(result), earlier) => {
            match tool_pages::after(earlier, &result, setup.limits.pages) {
                After::Page(pages) => {
                    flow.facts.rpc_id += 1;
                    let verdict = Verdict::accepted(format!("page {}", pages.pages.len()));
                    Transition::to(flow, Step::ExpectMoreTools(pages), verdict)
                }
                After::End { tools, cut } => listed(flow, setup, tools, cut),
            }
        }
        // The token is accepted, and there are tools, so the flow does not stop.
        (answer, Some(earlier)) => {
            let page = earlier.pages.len() + 1;
            let cut = format!("page {page}: {}", in_short(&answer));
            let tools = earlier.tools();
            listed(flow, setup, tools, Some(cut))
        }
        (
            RpcAnswer::Error {
                code: METHOD_NOT_FOUND,
                ..
            },
            None,
        ) => {
            let verdict = Verdict::moved_on("no tools");
            done(flow, setup, &Reached::NoTools, verdict)
        }
        (answer, None) => no_result(flow, "tools/list", response.status, &answer),
    }
}

/// Stops because a call brought no result.
pub(crate) fn no_result(flow: Flow, method: &str, status: u16, answer: &RpcAnswer) -> Transition {
    let message = match answer {
        RpcAnswer::Error { code, message, .. } => {
            format!("{method} is answered with JSON-RPC error {code}: {message}")
        }
        other => format!(
            "{method} is answered with status {status} and {}.",
            what(other)
        ),
    };
    Transition::stop(flow, StopCode::McpError, &in_short(answer), message)
}

fn in_short(answer: &RpcAnswer) -> String {
    match answer {
        RpcAnswer::Error { code, .. } => format!("error {code}"),
        _ => "no JSON-RPC answer".to_owned(),
    }
}

/// All tools are there, or those before the list was cut.
fn listed(mut flow: Flow, setup: &Setup, tools: Vec<Tool>, cut: Option<String>) -> Transition {
    let (usable, left_out) = usable(tools, flow.facts.revision);
    let count = usable.len();
    flow.facts.server.tools = usable;
    let words = if count == 1 {
        "1 tool".to_owned()
    } else {
        format!("{count} tools")
    };
    let complete = cut.is_none();
    let words: Vec<String> = [words].into_iter().chain(cut).chain(left_out).collect();
    let words = words.join(" · ");
    let verdict = if complete {
        Verdict::accepted(words)
    } else {
        Verdict::moved_on(words)
    };
    // The call that the setup names, where there is something to call.
    let call = setup
        .call
        .clone()
        .filter(|call| call.tool.is_some() || count > 0);
    match call {
        Some(call) => {
            flow.facts.rpc_id += 1;
            let call = named(&flow.facts, call);
            Transition::to(flow, Step::ExpectToolResult { call }, verdict)
        }
        None => done(flow, setup, &Reached::Tools(count as u32), verdict),
    }
}

/// The tools a client may use, and why others are left out (2026-07-28
/// basic/transports/streamable-http, "Schema Extension").
fn usable(all: Vec<Tool>, revision: Revision) -> (Vec<Tool>, Vec<String>) {
    if !revision.is_modern() {
        return (all, Vec::new());
    }
    let mut left_out = Vec::new();
    let usable =
        all.into_iter().filter(
            |tool| match parameter_headers(&tool.input_schema, &Map::new()) {
                Ok(_) => true,
                Err(why) => {
                    left_out.push(format!("{} left out: {why}", tool.name));
                    false
                }
            },
        );
    (usable.collect(), left_out)
}

fn plan(
    facts: &Facts,
    setup: &Setup,
    method: &str,
    params: Value,
    notification: bool,
    words: (&str, &str),
) -> Plan {
    let request = mcp_request(facts, setup, method, params, notification, true);
    let purpose = Purpose::Mcp {
        method: method.into(),
    };
    Plan::new(Phase::Mcp, purpose, words, method, request)
}

/// No result to `server/discover` or `initialize`: tries the other era, or says what came.
fn other_era(flow: Flow, setup: &Setup, response: &Response, answer: &RpcAnswer) -> Transition {
    let what = what(answer);
    let status = response.status;
    if !flow.facts.era_known && flow.facts.revision.is_modern() && setup.revision.is_none() {
        let why = format!(
            "server/discover was answered {status} with {what}, so it is tried with initialize"
        );
        return try_initialize(flow, Revision::LATEST_LEGACY, why);
    }
    let message = format!("The MCP server accepts the token, but answers {status} with {what}.");
    Transition::stop(flow, StopCode::McpError, "no JSON-RPC result", message)
}

/// The same call in the words of an earlier era.
fn try_initialize(mut flow: Flow, revision: Revision, why: String) -> Transition {
    flow.facts.revision = revision;
    flow.facts.era_known = true;
    flow.facts.rpc_id += 1;
    let verdict = Verdict::moved_on("no answer of 2026-07-28");
    Transition::to(flow, Step::ExpectServerInfo, verdict)
        .decided(Decision::Revision { revision, why })
}

fn what(answer: &RpcAnswer) -> String {
    match answer {
        RpcAnswer::Error { code, message, .. } => format!("JSON-RPC error {code}: {message}"),
        RpcAnswer::Other(what) => what.clone(),
        RpcAnswer::Result(_) => "a JSON-RPC result".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ToolCall;
    use crate::testing::{answer, response, setup, stopped, with_env, with_tokens};

    fn here(revision: Revision) -> Flow {
        let mut flow = with_tokens(Step::ExpectTools, None);
        flow.facts.revision = revision;
        flow.facts.session_id = Some("s1".into());
        flow
    }

    fn tools(setup: &Setup, flow: Flow, outcome: &Outcome) -> Transition {
        let earlier = match &flow.step {
            Step::ExpectMoreTools(earlier) => Some(earlier.clone()),
            _ => None,
        };
        with_env(|env| judge_tools(flow, setup, earlier, outcome, env))
    }

    #[test]
    fn requests_carry_the_token_and_what_the_revision_demands() {
        let header = |revision, name: &str| {
            let plan = tools_request(&here(revision).facts, &setup());
            plan.request.header_value(name).map(str::to_owned)
        };
        for revision in Revision::ALL {
            assert_eq!(
                header(revision, "authorization").as_deref(),
                Some("Bearer a1")
            );
            let versioned = revision.at_least(Revision::R20250618);
            assert_eq!(
                header(revision, "mcp-protocol-version").is_some(),
                versioned
            );
            assert_eq!(
                header(revision, "mcp-session-id").is_some(),
                !revision.is_modern()
            );
            assert_eq!(
                header(revision, "mcp-method").is_some(),
                revision.is_modern()
            );
        }
        let notification = initialized_request(&here(Revision::R20251125).facts, &setup());
        assert!(!notification.request.body.text().unwrap().contains("\"id\""));
    }

    #[test]
    fn the_list_is_the_end_unless_a_tool_is_to_be_called() {
        let list = answer(
            200,
            r#"{"result":{"tools":[{"name":"echo"},{"title":"no name"},7]}}"#,
        );
        let done = tools(&setup(), here(Revision::R20251125), &list);
        assert!(
            matches!(done.flow.step, Step::Done { ref message } if message.ends_with("1 tool."))
        );
        let mut calling = setup();
        calling.call = Some(ToolCall::default());
        let call = tools(&calling, here(Revision::R20251125), &list);
        assert!(matches!(
            call.flow.step,
            Step::ExpectToolResult { call } if call.tool.as_deref() == Some("echo")
        ));
        let nothing = answer(200, r#"{"result":{"tools":{}}}"#);
        let end = tools(&calling, here(Revision::R20251125), &nothing);
        let said = |step: &Step| match step {
            Step::Done { message } => message.clone(),
            other => panic!("{other:?}"),
        };
        assert!(said(&end.flow.step).contains("there was none to call"));
        let not_asked = tools(&setup(), here(Revision::R20251125), &nothing);
        assert!(!said(&not_asked.flow.step).contains("none to call"));
    }

    #[test]
    fn the_next_page_is_asked_for_with_the_cursor_of_the_one_before() {
        let first = answer(
            200,
            r#"{"result":{"tools":[{"name":"one"}],"nextCursor":"c/2="}}"#,
        );
        let more = tools(&setup(), here(Revision::R20260728), &first);
        assert_eq!(more.verdict.unwrap().text, "page 1");
        let Step::ExpectMoreTools(pages) = &more.flow.step else {
            panic!("{:?}", more.flow.step);
        };
        let facts = &more.flow.facts;
        let body = |plan: Plan| -> Value {
            serde_json::from_str(plan.request.body.text().unwrap()).unwrap()
        };
        let before = body(tools_request(&here(Revision::R20260728).facts, &setup()));
        let sent = body(more_tools_request(facts, &setup(), pages));
        assert_eq!(sent["params"]["cursor"], "c/2=");
        assert!(sent["params"]["_meta"].is_object());
        assert_ne!(sent["id"], before["id"]);

        let last = answer(200, r#"{"result":{"tools":[{"name":"two"}]}}"#);
        let end = tools(&setup(), more.flow.clone(), &last);
        assert_eq!(end.verdict.unwrap().text, "2 tools");
        let names = end.flow.facts.server.tools.iter().map(|tool| &tool.name);
        assert_eq!(names.collect::<Vec<_>>(), ["one", "two"]);
        assert!(matches!(end.flow.step, Step::Done { .. }));

        // The flow goes on without a page that does not come: there are tools.
        let error = answer(200, r#"{"error":{"code":-32602,"message":"m"}}"#);
        let end = tools(&setup(), more.flow, &error);
        assert_eq!(end.verdict.unwrap().text, "1 tool · page 2: error -32602");
        assert!(matches!(end.flow.step, Step::Done { .. }));
    }

    #[test]
    fn a_server_without_tools_works_and_other_errors_stop() {
        let error = |code| {
            answer(
                200,
                &format!(r#"{{"error":{{"code":{code},"message":"m"}}}}"#),
            )
        };
        let none = tools(
            &setup(),
            here(Revision::R20251125),
            &error(METHOD_NOT_FOUND),
        );
        assert!(matches!(none.flow.step, Step::Done { .. }));
        for outcome in [
            error(-32603),
            answer(500, "<html>"),
            answer(200, "{}"),
            answer(200, ""),
        ] {
            let end = tools(&setup(), here(Revision::R20251125), &outcome);
            assert_eq!(stopped(&end), Some((StopCode::McpError, false)));
        }
    }

    #[test]
    fn what_is_said_of_the_handshake_is_no_reason_to_stop() {
        for (status, words) in [
            (202, "accepted"),
            (200, "accepted, though not with 202"),
            (500, "status 500"),
        ] {
            let flow = here(Revision::R20251125);
            let next = with_env(|env| judge_initialized(flow, &setup(), &answer(status, ""), env));
            assert_eq!(next.flow.step, Step::ExpectTools);
            assert_eq!(next.verdict.unwrap().text, words);
        }
    }

    #[test]
    fn a_server_of_an_earlier_era_is_tried_with_initialize_once() {
        let judged = |flow: Flow| {
            with_env(|env| judge_server_info(flow, &setup(), &answer(400, "no session"), env))
        };
        let mut latest = here(Revision::LATEST);
        latest.facts.era_known = false;
        let empty = answer(200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        let other = with_env(|env| judge_server_info(latest.clone(), &setup(), &empty, env));
        assert_eq!(
            (other.flow.step, other.flow.facts.revision),
            (Step::ExpectServerInfo, Revision::LATEST_LEGACY)
        );
        let again = judged(latest);
        assert_eq!(again.flow.facts.revision, Revision::LATEST_LEGACY);
        assert_eq!(
            stopped(&judged(again.flow)),
            Some((StopCode::McpError, false))
        );
    }

    #[test]
    fn a_401_is_about_the_token() {
        let challenge = [("www-authenticate", "Bearer error=\"invalid_token\"")];
        let outcome = Outcome::Response(response(401, &challenge, ""));
        let mut flow = here(Revision::R20251125);
        flow.facts.tokens.as_mut().unwrap().refresh_token = Some("r1".into());
        let refresh = tools(&setup(), flow.clone(), &outcome);
        assert!(matches!(
            refresh.flow.step,
            Step::ExpectRefresh { refresh_token, .. } if refresh_token.expose() == "r1"
        ));
        flow.facts.tokens.as_mut().unwrap().accepted = false;
        let end = tools(&setup(), flow, &outcome);
        assert_eq!(stopped(&end), Some((StopCode::TokenNotAccepted, false)));
    }
}
