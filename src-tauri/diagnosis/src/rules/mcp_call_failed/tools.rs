//! The list of tools, and what a tool answers.

use serde_json::Value;
use trace::{RpcAnswer, StopCode, rpc_answer};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, method};
use crate::wording::{excerpt, in_its_own_words};

/// The cursor that a call asks to go on from.
fn cursor_sent(call: ExchangeRef<'_>) -> Option<String> {
    // Most calls have none, and to read them all would take long.
    let text = call.request().get().body.text()?;
    let text = Some(text).filter(|text| text.contains("cursor"))?;
    let asked: Value = serde_json::from_str(text).ok()?;
    Some(asked.pointer("/params/cursor")?.as_str()?.to_owned())
}

/// A list of tools that does not come to its end, though the flow goes on without the rest.
pub(super) fn pages(
    same_cursor: Finding,
    next_page: Finding,
    reading: &Reading<'_>,
) -> Option<Finding> {
    if reading.stopped(StopCode::McpError).is_some() {
        return None;
    }
    let mut lists = reading
        .calls
        .iter()
        .filter(|call| method(**call) == "tools/list");
    let (call, cursor, response, answer) = lists.find_map(|call| {
        let cursor = cursor_sent(*call)?;
        let response = call.response_with_body()?;
        let answer = rpc_answer(&response);
        let goes_on = match &answer {
            RpcAnswer::Result(result) => {
                result.get("nextCursor").and_then(Value::as_str) != Some(cursor.as_str())
            }
            RpcAnswer::Error { .. } | RpcAnswer::Other(_) => false,
        };
        (!goes_on).then_some((*call, cursor, response, answer))
    })?;
    let shown = excerpt(&cursor);
    let refused = |part, actual| {
        next_page
            .at(call.seq, part)
            .message(
                "The page before gave this cursor in nextCursor. Clients show the tools of the \
                 first page only, or none at all.",
            )
            .expected(format!("the page at the cursor {shown}"))
            .actual(actual)
            .fix("Take each cursor that the server gives, or give none.")
    };
    Some(match answer {
        RpcAnswer::Result(_) => same_cursor
            .at(call.seq, Part::body(""))
            .message(
                "A client that follows nextCursor asks for the same page for ever, or stops \
                 somewhere and shows tools twice.",
            )
            .expected("another nextCursor, or none on the last page")
            .actual(format!(
                "\"nextCursor\": \"{shown}\" in answer to the cursor {shown}"
            ))
            .fix("Leave nextCursor out of the last page."),
        RpcAnswer::Error { code, message, .. } => refused(
            Part::body(""),
            excerpt(&format!("JSON-RPC error {code}: {message}")),
        ),
        RpcAnswer::Other(_) => refused(Part::Status, in_its_own_words(&response)),
    })
}

/// A server without tools need not know tools/list; one that announces tools has to.
pub(super) fn tools_unknown(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    const METHOD_NOT_FOUND: i64 = -32601;
    if reading.stopped(StopCode::McpError).is_some() {
        return None;
    }
    let mut calls = reading.calls.iter();
    let (refused, code, message) = calls.find_map(|call| {
        let response = call
            .response_with_body()
            .filter(|_| method(*call) == "tools/list")?;
        // Most answers are lists, and to read them all whole would take long.
        let is_list = response
            .outline()
            .is_some_and(|outline| outline.error.is_none());
        if is_list {
            return None;
        }
        match rpc_answer(&response) {
            RpcAnswer::Error { code, message, .. } if code == METHOD_NOT_FOUND => {
                Some((*call, code, message))
            }
            _ => None,
        }
    })?;
    let announced = reading
        .first_calls
        .iter()
        .chain(&reading.calls)
        .any(|call| {
            let greets = matches!(method(*call), "initialize" | "server/discover");
            let response = call.response_with_body().filter(|_| greets);
            response.is_some_and(|response| {
                let RpcAnswer::Result(result) = rpc_answer(&response) else {
                    return false;
                };
                result
                    .pointer("/capabilities/tools")
                    .is_some_and(Value::is_object)
            })
        });
    announced.then(|| {
        finding
            .at(refused.seq, Part::body("/error"))
            .message(
                "The capabilities of the server have tools, so clients ask for the list, and show a \
                 server that does not work.",
            )
            .expected("a list of tools, or no tools among the capabilities")
            .actual(excerpt(&format!("JSON-RPC error {code}: {message}")))
            .fix("Answer tools/list, or leave tools out of the capabilities.")
    })
}

/// A tool whose result says that it was refused itself: its own token for another service.
pub(super) fn tool_unauthorized(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    const REFUSED: [&str; 10] = [
        "unauthorized",
        "unauthenticated",
        "invalid_token",
        "invalid token",
        "invalid_grant",
        "token has expired",
        "token expired",
        "expired token",
        "authentication required",
        "not authenticated",
    ];
    let (call, said) = failed_tool(reading, &REFUSED)?;
    Some(
        finding
            .at(call.seq, Part::body("/result/content"))
            .message(
                "The MCP server took the token, and the tool then failed for want of \
                 authorization. Most likely the server's own token for the service behind it is \
                 missing or has expired, or it passes the client's token on, which is not meant \
                 for that service.",
            )
            .expected("a result of the tool")
            .actual(excerpt(&format!("isError: {said}")))
            .fix(
                "Let the MCP server get a token of its own for the service behind the tool, and \
                 renew it. Where the user has to log in, say so in a challenge.",
            ),
    )
}

/// A tool whose result wants a scope that no challenge asks for.
pub(super) fn tool_scope(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    const SCOPE: [&str; 6] = [
        "insufficient_scope",
        "insufficient scope",
        "missing scope",
        "missing required scope",
        "required_scope",
        "requires scope",
    ];
    let (call, said) = failed_tool(reading, &SCOPE)?;
    Some(
        finding
            .at(call.seq, Part::body("/result/content"))
            .message(
                "Clients ask the user for more scope when a call is answered 403 with a challenge. \
                 The text of a result goes to the model, so nobody is asked, and the tool stays \
                 out of reach.",
            )
            .expected("403 with WWW-Authenticate: Bearer error=\"insufficient_scope\"")
            .actual(excerpt(&format!("200, isError: {said}")))
            .fix(
                "Answer such a call with 403 and WWW-Authenticate: Bearer \
                 error=\"insufficient_scope\", scope=\"…\", resource_metadata=\"…\", with the scopes \
                 that the tool needs.",
            ),
    )
}

/// The first tool call that failed with one of these in its words, in small letters.
fn failed_tool<'a>(reading: &Reading<'a>, words: &[&str]) -> Option<(ExchangeRef<'a>, String)> {
    let mut calls = reading
        .calls
        .iter()
        .filter(|call| method(**call) == "tools/call");
    calls.find_map(|call| {
        let response = call
            .response_with_body()
            .filter(|response| response.status == 200)?;
        // Most calls work, and to read their answers whole would take long.
        if !response.text()?.contains("isError") {
            return None;
        }
        let RpcAnswer::Result(result) = rpc_answer(&response) else {
            return None;
        };
        if result.get("isError").and_then(Value::as_bool) != Some(true) {
            return None;
        }
        // A result that carries a challenge is told by its own rule.
        if result.pointer("/_meta/mcp~1www_authenticate").is_some() {
            return None;
        }
        let content = result.get("content")?.as_array()?;
        let texts = content.iter().filter_map(|item| item.get("text")?.as_str());
        let said = texts.collect::<Vec<_>>().join(" ");
        let lower = said.to_ascii_lowercase();
        let speaks = words.iter().any(|words| lower.contains(words));
        speaks.then_some((*call, said))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::{Answer, Run, found_in};

    #[test]
    fn a_tool_that_is_refused_by_the_service_behind_it() {
        let called = |text: &str, failed: bool| {
            let mut trace = Run::healthy().trace();
            let purpose = trace::Purpose::Mcp {
                method: "tools/call".into(),
            };
            let request = trace::Request::new("POST", crate::sample::MCP);
            let result = json!({"isError": failed, "content": [{"type": "text", "text": text}]});
            let answer = Answer::json(200, json!({"jsonrpc": "2.0", "id": 3, "result": result}));
            crate::sample::push(&mut trace, purpose, request, &answer);
            found_in(&trace, "N05")
        };
        let finding = called("401 Unauthorized: upstream token has expired", true).unwrap();
        assert_eq!(finding.variant, "tool_unauthorized");
        let wanting = r#"{"error": "insufficient_scope", "required_scope": "mcp:write"}"#;
        assert_eq!(called(wanting, true).unwrap().variant, "tool_scope");
        assert_eq!(called(wanting, false), None);
        assert_eq!(called("the telescope is required at noon", true), None);
        assert_eq!(called("no such city", true), None);
        assert_eq!(called("401 Unauthorized means no token", false), None);
    }

    #[test]
    fn lists_that_do_not_end_and_lists_that_nobody_knows() {
        let listed = |capabilities: serde_json::Value, params, answer| {
            let mut run = Run::healthy();
            let greeting = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities,
                                  "serverInfo": {"name": "s", "version": "1"}});
            run.calls = Vec::new();
            let mut trace = run.trace();
            for (method, params, answer) in [
                ("initialize", json!({}), json!({"result": greeting})),
                ("tools/list", params, answer),
                ("ping", json!({}), json!({"result": {}})),
            ] {
                let purpose = trace::Purpose::Mcp {
                    method: method.into(),
                };
                let asked = json!({"jsonrpc": "2.0", "id": 9, "method": method, "params": params});
                let request = trace::Request::new("POST", crate::sample::MCP)
                    .body(asked.to_string().into_bytes());
                let mut body = json!({"jsonrpc": "2.0", "id": 9});
                body.as_object_mut()
                    .unwrap()
                    .extend(answer.as_object().unwrap().clone());
                crate::sample::push(&mut trace, purpose, request, &Answer::json(200, body));
            }
            found_in(&trace, "N05").map(|finding| finding.variant)
        };
        let next = || json!({"cursor": "p2"});
        let page = |cursor: &str| json!({"result": {"tools": [], "nextCursor": cursor}});
        let error = |code: i64| json!({"error": {"code": code, "message": "no"}});
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(listed(json!({}), next(), page("p2")), some("same_cursor"));
        assert_eq!(listed(json!({}), next(), page("p3")), None);
        assert_eq!(listed(json!({}), next(), error(-32602)), some("next_page"));
        let tools = || json!({"tools": {}});
        assert_eq!(
            listed(tools(), json!({}), error(-32601)),
            some("tools_unknown")
        );
        assert_eq!(listed(json!({}), json!({}), error(-32601)), None);
    }
}
