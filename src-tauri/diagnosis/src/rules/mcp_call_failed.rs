use serde_json::Value;
use trace::{Purpose, Response, Revision, RpcAnswer, StopCode, rpc_answer};

use crate::finding::{Finding, Part};
use crate::providers::answers_itself;
use crate::reading::{
    ExchangeRef, Reading, UNSUPPORTED_VERSION, bearer, challenge_error, oauth_error,
};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{MCP_ANSWER, MCP_ANSWER_2026, mcp_answer};
use crate::wording::{answer_in_words, excerpt, in_its_own_words, is_html, list};

rule! {
    /// # What it looks at
    /// A call to the MCP server that is not refused for its token, and is answered with a JSON-RPC
    /// error or with something that is not a JSON-RPC answer.
    ///
    /// # Why it matters
    /// Authorization is done, and the server is of no use all the same. Clients show it as a failed
    /// connection, and people look for the cause in OAuth, where it is not.
    ///
    /// # How to fix
    /// Look into the MCP server's log for this call. An error about the version means that server
    /// and client have no revision in common.
    ///
    /// # References
    /// MCP transports, "Sending Messages to the Server"; MCP versioning.
    "N05" "mcp_call_failed" Error McpServer since None,
    title: "A call to the MCP server fails",
    variants: [
        OWN_OPTION: Error Client Likely
            "A call fails because of this run's own {option}",
        METHOD_FAILS: Error McpServer Certain "{method} fails",
        UNREADABLE_ANSWER: Error McpServer Likely "{method} fails",
        GATEWAY: Error Network Likely "{method} fails",
        IN_FRONT: Error Network Likely "{method} is refused by what stands in front of the server",
        NOTIFICATION: Warning McpServer Certain "{method} is refused",
        DISCOVER_FAILS: Warning McpServer Likely
            "server/discover fails with {status}, and an older revision works",
        NEXT_PAGE: Warning McpServer Certain "The MCP server rejects the cursor that it gave",
        SAME_CURSOR: Warning McpServer Certain "The MCP server gives the same cursor again and again",
        TOOLS_UNKNOWN: Warning McpServer Certain
            "The MCP server announces tools and does not know tools/list",
        TOOL_UNAUTHORIZED: Warning McpServer Likely
            "A tool is refused by the service that it calls itself",
        SCOPE_ELSEWHERE: Error McpServer Likely
            "The MCP server says insufficient_scope with {status} instead of 403",
        TOKEN_ELSEWHERE: Error McpServer Likely
            "The MCP server says invalid_token with {status} instead of 401",
        REVISION_UNKNOWN: Error McpServer Certain "The MCP server does not speak {revision}",
        REVISION_CHOSEN: Error Client Certain "The MCP server does not speak {revision}",
    ],
    spec: [MCP_ANSWER, MCP_ANSWER_2026],
    follows: ["B03/session_id"],
    stops: [McpError],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let besides = [
        notification(reading),
        tool_unauthorized(reading),
        pages(reading),
        tools_unknown(reading),
        discover_fails(reading),
    ];
    for finding in besides.into_iter().flatten() {
        findings.add(finding);
    }
    if let Some(finding) = scope_elsewhere(reading).or_else(|| token_elsewhere(reading)) {
        return findings.add(finding);
    }
    let Some(stopped) = reading.stopped(StopCode::McpError) else {
        return;
    };
    let call = reading.call_before(stopped);
    let Some((call, response)) = call.and_then(|call| Some((call, call.response()?))) else {
        return;
    };
    let method = method(call);
    let worked = match bearer(call.request()) {
        Some(_) => "Authorization is done: the token is not what this is about. ",
        None => "",
    };
    let finding = RULE
        .found(mcp_answer(reading.revision))
        .variant(&METHOD_FAILS)
        .title_with([method])
        .expected(format!("a JSON-RPC result to {method}"));
    findings.add(match rpc_answer(&response) {
        RpcAnswer::Error {
            code: UNSUPPORTED_VERSION,
            data,
            ..
        } => unsupported(finding, call, reading, &data),
        RpcAnswer::Error {
            code,
            message,
            data,
        } => finding
            .at(call.seq, Part::body("/error"))
            .message(format!("{worked}The server answers with a JSON-RPC error."))
            .actual(excerpt(&match supported(&data) {
                Some(known) => format!(
                    "{}, JSON-RPC error {code}: {message} (supported: {known})",
                    response.status
                ),
                None => format!("{}, JSON-RPC error {code}: {message}", response.status),
            }))
            .fix(format!(
                "Look into the MCP server's log for what goes wrong in {method}."
            )),
        RpcAnswer::Result(_) => finding
            .at(call.seq, Part::Status)
            .message(format!(
                "{worked}There is a result, but the status says that the call failed."
            ))
            .actual(response.status.to_string())
            .fix("Answer a JSON-RPC result with status 200."),
        RpcAnswer::Other(what) => {
            let (variant, why, fix) = by_status(call, &response);
            let is_stream = response.media_type().as_deref() == Some("text/event-stream");
            let body = response.body.text().unwrap_or_default().trim();
            let said = if response.status == 200 && is_stream && !body.is_empty() {
                format!(
                    "200, text/event-stream with {}: {}",
                    excerpt(&what),
                    excerpt(body)
                )
            } else if response.status == 200 && !is_html(&response) {
                match excerpt(body).as_str() {
                    "" => format!("200 with {}", excerpt(&what)),
                    body => format!("200 with {}: {body}", excerpt(&what)),
                }
            } else {
                in_its_own_words(&response)
            };
            finding
                .variant(variant)
                .title_with([method])
                .at(
                    call.seq,
                    if response.status == 200 {
                        Part::body("")
                    } else {
                        Part::Status
                    },
                )
                .message(format!("{worked}{why}"))
                .actual(said)
                .fix(fix)
        }
    });
}

/// A challenge that asks for more scope, with a status that does not.
fn scope_elsewhere(reading: &Reading<'_>) -> Option<Finding> {
    let call = reading.calls.iter().find(|call| {
        let other = matches!(call.status(), Some(400 | 402 | 404..=499));
        other && challenge_error(**call).as_deref() == Some("insufficient_scope")
    })?;
    let status = call.status()?.to_string();
    Some(
        RULE.found(mcp_answer(reading.revision))
            .variant(&SCOPE_ELSEWHERE)
            .title_with([status.as_str()])
            .at(call.seq, Part::Status)
            .message(
                "Clients ask for the scope that is lacking on 403 alone. On another status they \
                 show a failed call.",
            )
            .expected("403 with insufficient_scope and the scope that the call needs")
            .actual(format!("{status} with error=\"insufficient_scope\""))
            .fix("Answer a call whose token lacks a scope with 403."),
    )
}

/// Words of a refused token, with a status at which no client gets another one.
fn token_elsewhere(reading: &Reading<'_>) -> Option<Finding> {
    let stopped = reading.stopped(StopCode::McpError)?;
    let call = reading.call_before(stopped)?;
    let response = call.response()?;
    let other = matches!(response.status, 200 | 400 | 402 | 404..=499);
    let in_body = || oauth_error(response).map(|error| error.error);
    let error = challenge_error(call).or_else(in_body);
    if !other || bearer(call.request()).is_none() || error.as_deref() != Some("invalid_token") {
        return None;
    }
    let status = response.status.to_string();
    Some(
        RULE.found(mcp_answer(reading.revision))
            .variant(&TOKEN_ELSEWHERE)
            .title_with([status.as_str()])
            .at(call.seq, Part::Status)
            .message(
                "The words are about the token, and clients go by the status: they refresh or \
                 authorize afresh on 401 alone. On another one they show a failed call and keep the \
                 token.",
            )
            .expected("401 with WWW-Authenticate: Bearer error=\"invalid_token\"")
            .actual(in_its_own_words(&response))
            .fix(
                "Answer a token that is expired or not valid with 401 and WWW-Authenticate: Bearer \
                 error=\"invalid_token\".",
            ),
    )
}

/// A notification that is not taken.
fn notification(reading: &Reading<'_>) -> Option<Finding> {
    let refused = reading.calls.iter().find(|call| {
        let forbidden = call.status() == Some(403) && challenge_error(**call).is_none();
        let fails = forbidden || matches!(call.status(), Some(400 | 402 | 404..=428 | 430..));
        fails && method(**call).starts_with("notifications/")
    })?;
    // The flow stops there, and then that is told.
    let told = reading
        .stopped(StopCode::McpError)
        .and_then(|stopped| reading.call_before(stopped));
    if told.is_some_and(|call| call.seq == refused.seq) {
        return None;
    }
    Some(
        RULE.found(mcp_answer(reading.revision))
            .variant(&NOTIFICATION)
            .title_with([method(*refused)])
            .at(refused.seq, Part::Status)
            .message(
                "This client goes on. Others stop there: the session has not begun as long as the \
                 server does not take the notification.",
            )
            .expected("202 with an empty body")
            .actual(answer_in_words(refused.exchange))
            .fix(format!(
                "Answer {} with 202, and look into the MCP server's log for what goes wrong.",
                method(*refused)
            )),
    )
}

/// The first call of the newest revision fails, and one of an older revision is answered after it.
fn discover_fails(reading: &Reading<'_>) -> Option<Finding> {
    let calls = || reading.first_calls.iter().chain(&reading.calls);
    let failed = calls().find(|call| {
        method(**call) == "server/discover" && matches!(call.status(), Some(500..=599))
    })?;
    calls().find(|call| {
        let answered = call.status().is_some_and(|status| status < 500);
        call.seq > failed.seq && method(**call) == "initialize" && answered
    })?;
    let status = failed.status()?.to_string();
    Some(
        RULE.found(MCP_ANSWER_2026)
            .variant(&DISCOVER_FAILS)
            .title_with([status.as_str()])
            .at(failed.seq, Part::Status)
            .message(
                "This client went on with initialize, as with a server of an older revision, and \
                 that is answered. Others take the failure for a server that is down and stop. \
                 Either the server fails on methods that it does not know, or it failed this once: a \
                 gateway in front of it may not have reached it.",
            )
            .expected("a result, or a JSON-RPC error such as -32601, or 401")
            .actual(answer_in_words(failed.exchange))
            .fix(
                "Answer a method that the server does not know with 404 or 400 and a JSON-RPC error, \
                 and look into the log of the server, and of what is in front of it, for this call.",
            ),
    )
}

/// The cursor that a call asks to go on from.
fn cursor_sent(call: ExchangeRef<'_>) -> Option<String> {
    let bytes = &call.request().get().body.bytes;
    // Most calls have none, and to read them all would take long.
    let asked: Value = serde_json::from_slice(bytes).ok()?;
    Some(asked.pointer("/params/cursor")?.as_str()?.to_owned())
}

/// A list of tools that does not come to its end, though the flow goes on without the rest.
fn pages(reading: &Reading<'_>) -> Option<Finding> {
    if reading.stopped(StopCode::McpError).is_some() {
        return None;
    }
    let mut lists = reading
        .calls
        .iter()
        .filter(|call| method(**call) == "tools/list");
    lists.find_map(|call| {
        let cursor = cursor_sent(*call)?;
        let response = call.response_with_body()?;
        let shown = excerpt(&cursor);
        let finding = RULE
            .found(mcp_answer(reading.revision))
            .at(call.seq, Part::body(""));
        match rpc_answer(&response) {
            RpcAnswer::Result(result) => {
                let next = result.get("nextCursor").and_then(Value::as_str);
                (next == Some(cursor.as_str())).then(|| {
                    finding
                        .variant(&SAME_CURSOR)
                        .message(
                            "A client that follows nextCursor asks for the same page for ever, or \
                             stops somewhere and shows tools twice.",
                        )
                        .expected("another nextCursor, or none on the last page")
                        .actual(format!(
                            "\"nextCursor\": \"{shown}\" in answer to the cursor {shown}"
                        ))
                        .fix("Leave nextCursor out of the last page.")
                })
            }
            RpcAnswer::Error { code, message, .. } => Some(
                finding
                    .variant(&NEXT_PAGE)
                    .message(
                        "The page before gave this cursor in nextCursor. Clients show the tools of \
                         the first page only, or none at all.",
                    )
                    .expected(format!("the page at the cursor {shown}"))
                    .actual(excerpt(&format!("JSON-RPC error {code}: {message}")))
                    .fix("Take each cursor that the server gives, or give none."),
            ),
            RpcAnswer::Other(_) => Some(
                finding
                    .variant(&NEXT_PAGE)
                    .at(call.seq, Part::Status)
                    .message(
                        "The page before gave this cursor in nextCursor. Clients show the tools of \
                         the first page only, or none at all.",
                    )
                    .expected(format!("the page at the cursor {shown}"))
                    .actual(in_its_own_words(&response))
                    .fix("Take each cursor that the server gives, or give none."),
            ),
        }
    })
}

/// A server without tools need not know tools/list; one that announces tools has to.
fn tools_unknown(reading: &Reading<'_>) -> Option<Finding> {
    const METHOD_NOT_FOUND: i64 = -32601;
    if reading.stopped(StopCode::McpError).is_some() {
        return None;
    }
    let mut calls = reading.calls.iter();
    let (refused, code, message) = calls.find_map(|call| {
        let response = call
            .response_with_body()
            .filter(|_| method(*call) == "tools/list")?;
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
        RULE.found(mcp_answer(reading.revision))
            .variant(&TOOLS_UNKNOWN)
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
fn tool_unauthorized(reading: &Reading<'_>) -> Option<Finding> {
    let mut calls = reading
        .calls
        .iter()
        .filter(|call| method(**call) == "tools/call");
    calls.find_map(|call| {
        let response = call.response_with_body().filter(|response| response.status == 200)?;
        let RpcAnswer::Result(result) = rpc_answer(&response) else {
            return None;
        };
        if result.get("isError").and_then(Value::as_bool) != Some(true) {
            return None;
        }
        let content = result.get("content")?.as_array()?;
        let texts = content.iter().filter_map(|item| item.get("text")?.as_str());
        let said = texts.collect::<Vec<_>>().join(" ");
        let lower = said.to_ascii_lowercase();
        let refused = [
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
        // A result that carries a challenge is told by its own rule.
        let has_challenge = result.pointer("/_meta/mcp~1www_authenticate").is_some();
        (!has_challenge && refused.iter().any(|words| lower.contains(words))).then(|| {
            RULE.found(mcp_answer(reading.revision))
                .variant(&TOOL_UNAUTHORIZED)
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
                )
        })
    })
}

/// The revisions that an error names in its data, whatever its code.
fn supported(data: &Value) -> Option<String> {
    let supported = data.get("supported")?.as_array()?;
    let supported: Vec<&str> = supported.iter().filter_map(Value::as_str).collect();
    (!supported.is_empty()).then(|| list(&supported))
}

fn unsupported(
    finding: Finding,
    call: ExchangeRef<'_>,
    reading: &Reading<'_>,
    data: &Value,
) -> Finding {
    let supported = data["supported"].as_array().into_iter().flatten();
    let supported: Vec<&str> = supported.filter_map(Value::as_str).collect();
    let revision = reading.revision;
    let finding = finding
        .at(call.seq, Part::body("/error/data"))
        .variant(&REVISION_UNKNOWN)
        .title_with([revision.as_str()])
        .expected(format!("a server that speaks {revision}"));
    let common = supported
        .iter()
        .any(|version| version.parse::<Revision>().is_ok());
    match (supported.as_slice(), common) {
        ([], _) => finding
            .message(format!(
                "The server refuses the revision {revision} and does not say which ones it speaks."
            ))
            .actual("no list of what it supports")
            .fix("Name the supported revisions in data.supported of this error."),
        (supported, true) => finding
            .variant(&REVISION_CHOSEN)
            .title_with([revision.as_str()])
            .message(format!(
                "The revision {revision} was chosen for this run, and the server does not offer \
                 it. A client that is free to choose takes one that both speak."
            ))
            .actual(excerpt(&format!("supports {}", list(supported))))
            .fix("Choose one of these revisions for this run, or let it be detected."),
        (supported, false) => finding
            .message("Server and client have no revision in common.")
            .actual(excerpt(&format!("supports {}", list(supported))))
            .fix(format!(
                "Update the MCP server to a revision that clients speak, such as {revision}."
            )),
    }
}

fn by_status(
    call: ExchangeRef<'_>,
    response: &Response,
) -> (&'static Variant, &'static str, &'static str) {
    let in_session = call.request().header_value("mcp-session-id").is_some();
    match response.status {
        403 | 429 | 503 if answers_itself(response).is_some() => (
            &IN_FRONT,
            "What stands in front of the server answers with a page of its own: its rules take the \
             client for a bot, or for a caller it does not want.",
            "Let requests to the MCP path pass the firewall and the bot protection in front of the \
             server.",
        ),
        421 => (
            &UNREADABLE_ANSWER,
            "The server's protection against DNS rebinding does not know the host name it is \
             reached under.",
            "Add the public host name, with its port, to the server's allowed hosts.",
        ),
        429 => (
            &UNREADABLE_ANSWER,
            "A rate limit was reached. Nothing in the request itself is wrong.",
            "Wait for as long as Retry-After says. Raise the limit, or count by client instead of \
             by address.",
        ),
        404 if in_session => (
            &UNREADABLE_ANSWER,
            "The server does not know the session that it has just begun. Several instances behind \
             one address that do not share their sessions look so.",
            "Let all instances know every session, or send each client to the same instance.",
        ),
        403 => (
            &UNREADABLE_ANSWER,
            "The server, or a firewall or bot protection in front of it, refuses the call and does \
             not name a scope.",
            "Look into the logs of the MCP server and of what is in front of it. For a missing \
             scope answer with insufficient_scope in WWW-Authenticate.",
        ),
        502..=504 => (
            &GATEWAY,
            "A gateway answers that it cannot reach the server behind it.",
            "Check that the MCP server runs, how long it takes, and the gateway's limits.",
        ),
        500.. => (
            &UNREADABLE_ANSWER,
            "The server fails on the call.",
            "Look into the MCP server's log for this call.",
        ),
        300..=399 => (
            &UNREADABLE_ANSWER,
            "The call is redirected, and clients do not send a token on to another place.",
            "Use the URL that answers without a redirect, or let it answer there.",
        ),
        _ => (
            &UNREADABLE_ANSWER,
            "The answer is not a JSON-RPC message.",
            "Answer with one JSON object, or an event stream that ends with the answer.",
        ),
    }
}

fn method(call: ExchangeRef<'_>) -> &str {
    match &call.exchange.purpose {
        Purpose::Mcp { method } | Purpose::Challenge { method } => method,
        _ => "the call",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run, found_in};

    fn failed(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.calls[1] = answer;
        run.stop(Phase::Mcp, StopCode::McpError);
        run
    }

    #[test]
    fn an_error_of_the_server_is_quoted() {
        let error =
            json!({"jsonrpc": "2.0", "id": 2, "error": {"code": -32603, "message": "boom"}});
        let run = failed(Answer::json(200, error));
        let finding = run.finding("N05");
        assert_eq!(finding.title, "tools/list fails");
        assert_eq!(
            finding.actual.as_deref(),
            Some("200, JSON-RPC error -32603: boom")
        );
        assert_eq!(run.found(), ["N05"]);
    }

    #[test]
    fn what_is_no_answer_is_told_by_its_status() {
        for status in [200, 302, 403, 404, 418, 500] {
            assert_eq!(failed(Answer::bare(status)).found(), ["N05"], "{status}");
        }
        assert_eq!(
            failed(Answer::html(502, "Bad gateway"))
                .finding("N05")
                .owner,
            Owner::Network
        );
    }

    #[test]
    fn what_stands_in_front_is_told() {
        let page = Answer::html(403, "Attention Required! | Cloudflare").header("cf-ray", "1");
        assert_eq!(failed(page).finding("N05").variant, "in_front");
    }

    #[test]
    fn a_revision_that_is_not_spoken_is_the_client_s_choice() {
        let mut run = Run::healthy();
        let error = json!({"code": -32022, "message": "no", "data": {"supported": ["2026-07-28"]}});
        run.challenge = Answer::json(400, json!({"jsonrpc": "2.0", "id": 1, "error": error}));
        run.stop(Phase::Challenge, StopCode::McpError);
        let finding = run.finding("N05");
        assert_eq!(finding.owner, Owner::Client);
        assert_eq!(finding.actual.as_deref(), Some("supports 2026-07-28"));
    }

    #[test]
    fn without_a_revision_in_common_it_is_the_server_s() {
        for data in [json!(null), json!({"supported": ["2030-01-01"]})] {
            let mut run = Run::healthy();
            let error = json!({"code": -32022, "message": "no", "data": data});
            run.challenge = Answer::json(400, json!({"jsonrpc": "2.0", "id": 1, "error": error}));
            run.stop(Phase::Challenge, StopCode::McpError);
            assert_eq!(run.finding("N05").owner, Owner::McpServer);
        }
    }

    #[test]
    fn is_silent_when_calls_work() {
        assert!(Run::healthy().is_silent("N05"));
    }

    #[test]
    fn a_notification_that_fails_is_told_though_the_flow_goes_on() {
        let notified = |status| {
            let mut trace = Run::healthy().trace();
            let purpose = trace::Purpose::Mcp {
                method: "notifications/initialized".into(),
            };
            let request = trace::Request::new("POST", crate::sample::MCP);
            crate::sample::push(&mut trace, purpose, request, &Answer::bare(status));
            found_in(&trace, "N05")
        };
        assert_eq!(notified(500).unwrap().variant, "notification");
        assert_eq!(notified(202), None);
    }

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
        assert_eq!(called("no such city", true), None);
        assert_eq!(called("401 Unauthorized means no token", false), None);
    }

    #[test]
    fn the_newest_revision_fails_and_an_older_one_works() {
        let discovered = |status: u16, after: &str| {
            let mut run = Run::healthy();
            run.calls = Vec::new();
            let mut trace = run.trace();
            for (method, answer) in [
                ("server/discover", Answer::bare(status)),
                (after, Answer::bare(401)),
            ] {
                let purpose = trace::Purpose::Mcp {
                    method: method.into(),
                };
                let request = trace::Request::new("POST", crate::sample::MCP);
                crate::sample::push(&mut trace, purpose, request, &answer);
            }
            found_in(&trace, "N05").map(|finding| finding.variant)
        };
        let fails = Some("discover_fails".to_owned());
        assert_eq!(discovered(500, "initialize"), fails);
        assert_eq!(discovered(503, "initialize"), fails);
        assert_eq!(discovered(400, "initialize"), None);
        assert_eq!(discovered(500, "tools/list"), None);
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

    #[test]
    fn a_token_that_is_refused_is_told_by_401_alone() {
        let said = json!({"error": "invalid_token", "error_description": "token expired"});
        for status in [200, 400, 404] {
            let run = failed(Answer::json(status, said.clone()));
            assert_eq!(run.finding("N05").variant, "token_elsewhere", "{status}");
        }
        let other = failed(Answer::json(400, json!({"error": "bad_request"})));
        assert_eq!(other.finding("N05").variant, "unreadable_answer");
    }

    #[test]
    fn a_scope_that_is_lacking_is_told_by_403_alone() {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        let run = failed(Answer::bare(400).header("www-authenticate", challenge));
        assert_eq!(run.finding("N05").variant, "scope_elsewhere");
    }
}
