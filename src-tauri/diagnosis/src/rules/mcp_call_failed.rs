use trace::{Response, RpcAnswer, StopCode, rpc_answer};

use crate::finding::Part;
use crate::providers::answers_itself;
use crate::reading::{ExchangeRef, Reading, UNSUPPORTED_VERSION, bearer, method};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{MCP_ANSWER, MCP_ANSWER_2026, mcp_answer};
use crate::wording::{excerpt, in_its_own_words, is_html};

mod gone_past;
mod lost_header;
mod other_status;
mod revision;
mod tools;
mod user_wanted;

use lost_header::lost_header;

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
        HEADER_LOST: Error Network Likely
            "{method} fails for a header that was sent and did not arrive",
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
        TOOL_SCOPE: Warning McpServer Likely
            "A tool wants more scope, and says so in its result alone",
        SCOPE_ELSEWHERE: Error McpServer Likely
            "The MCP server says insufficient_scope with {status} instead of 403",
        SCOPE_MISSPELT: Error McpServer Certain
            "The challenge says {error} instead of insufficient_scope",
        TOKEN_ELSEWHERE: Error McpServer Likely
            "The MCP server says invalid_token with {status} instead of 401",
        WANTS_USER: Error Client Likely "{method} wants the user at a page first",
        REVISION_NOT_LISTED: Warning McpServer Certain
            "server/discover does not list {revision}, which the MCP server speaks",
        REVISION_UNKNOWN: Error McpServer Certain "The MCP server does not speak {revision}",
        REVISION_CHOSEN: Error Client Certain "The MCP server does not speak {revision}",
    ],
    spec: [MCP_ANSWER, MCP_ANSWER_2026],
    follows: ["B03/session_id"],
    stops: [McpError],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let found = |variant| RULE.found(mcp_answer(reading.revision)).variant(variant);
    let besides = [
        gone_past::notification(found(&NOTIFICATION), reading),
        tools::tool_scope(found(&TOOL_SCOPE), reading)
            .or_else(|| tools::tool_unauthorized(found(&TOOL_UNAUTHORIZED), reading)),
        tools::pages(found(&SAME_CURSOR), found(&NEXT_PAGE), reading),
        tools::tools_unknown(found(&TOOLS_UNKNOWN), reading),
        gone_past::discover_fails(
            RULE.found(MCP_ANSWER_2026).variant(&DISCOVER_FAILS),
            reading,
        ),
        revision::not_listed(
            RULE.found(MCP_ANSWER_2026).variant(&REVISION_NOT_LISTED),
            reading,
        ),
    ];
    for finding in besides.into_iter().flatten() {
        findings.add(finding);
    }
    let with_other_status = other_status::scope_elsewhere(found(&SCOPE_ELSEWHERE), reading)
        .or_else(|| other_status::scope_misspelt(found(&SCOPE_MISSPELT), reading))
        .or_else(|| other_status::token_elsewhere(found(&TOKEN_ELSEWHERE), reading));
    if let Some(finding) = with_other_status {
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
        Some(token) if response.status >= 500 && !is_taken(reading, token) => {
            "No call with this token has worked yet: the server may fail where it checks the token, \
             as well as in the call itself. A token that it does not accept has to be answered 401. "
        }
        Some(_) => "Authorization is done: the token is not what this is about. ",
        None => "",
    };
    let finding = found(&METHOD_FAILS)
        .title_with([method])
        .expected(format!("a JSON-RPC result to {method}"));
    findings.add(match rpc_answer(&response) {
        RpcAnswer::Error {
            code: UNSUPPORTED_VERSION,
            data,
            ..
        } => {
            let variant = if revision::offers_another(&data) {
                &REVISION_CHOSEN
            } else {
                &REVISION_UNKNOWN
            };
            revision::unsupported(finding.variant(variant), call, reading, &data)
        }
        RpcAnswer::Error {
            code: user_wanted::CODE,
            message,
            data,
        } => user_wanted::finding(finding.variant(&WANTS_USER), call, &message, &data),
        RpcAnswer::Error { code, message, .. } if lost_header(call, &message).is_some() => {
            let name = lost_header(call, &message).unwrap_or_default();
            let finding = lost_header::finding(finding.variant(&HEADER_LOST), name)
                .title_with([method])
                .at(call.seq, Part::body("/error"));
            finding.actual(excerpt(&format!(
                "{}, JSON-RPC error {code}: {message}",
                response.status
            )))
        }
        RpcAnswer::Error {
            code,
            message,
            data,
        } => finding
            .at(call.seq, Part::body("/error"))
            .message(format!("{worked}The server answers with a JSON-RPC error."))
            .actual(excerpt(&match revision::supported(&data) {
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
                .message(match answers_itself(&response) {
                    Some(front) if std::ptr::eq(variant, &IN_FRONT) => {
                        format!("{worked}{front} answers. {why}")
                    }
                    _ => format!("{worked}{why}"),
                })
                .actual(said)
                .fix(fix)
        }
    });
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

/// Whether a call with this token was answered with success.
fn is_taken(reading: &Reading<'_>, token: &str) -> bool {
    reading.calls.iter().any(|call| {
        let succeeded = call.status().is_some_and(|status| status < 300);
        succeeded && bearer(call.request()) == Some(token)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    pub(super) fn failed(answer: Answer) -> Run {
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
    fn a_header_that_was_sent_and_is_missed_was_lost_on_the_way() {
        let variant = |message: &str| {
            let error = json!({"code": -32600, "message": message});
            let answer = json!({"jsonrpc": "2.0", "id": 2, "error": error});
            let mut trace = failed(Answer::json(406, answer)).trace();
            for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
                if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                    let accept = "application/json, text/event-stream";
                    let headers = &mut exchange.request.headers;
                    headers.retain(|header| !header.name.eq_ignore_ascii_case("accept"));
                    headers.push(trace::Header::new("accept", accept));
                }
            }
            crate::sample::found_in(&trace, "N05").unwrap().variant
        };
        let both = "Not Acceptable: Client must accept both application/json and text/event-stream";
        assert_eq!(variant(both), "header_lost");
        assert_eq!(variant("Missing Accept header"), "header_lost");
        assert_eq!(variant("Client must accept text/html"), "method_fails");
        assert_eq!(variant("Session is required"), "method_fails");
        assert_eq!(variant("You must accept the terms"), "method_fails");
    }

    #[test]
    fn what_stands_in_front_is_told() {
        let page = Answer::html(403, "Attention Required! | Cloudflare").header("cf-ray", "1");
        assert_eq!(failed(page).finding("N05").variant, "in_front");
    }

    #[test]
    fn is_silent_when_calls_work() {
        assert!(Run::healthy().is_silent("N05"));
    }

    #[test]
    fn a_page_that_the_user_has_to_open_first_is_named() {
        let error = |data: serde_json::Value| {
            let error = json!({"code": -32042, "message": "Authorization is needed", "data": data});
            let answer = json!({"jsonrpc": "2.0", "id": 2, "error": error});
            failed(Answer::json(200, answer)).finding("N05")
        };
        let url = "https://mcp.example/connect";
        let finding = error(json!({"elicitations": [{"mode": "url", "url": url}]}));
        assert_eq!(finding.variant, "wants_user");
        assert!(finding.fix.contains(url), "{}", finding.fix);
        assert!(
            error(json!(null))
                .fix
                .contains("the page that the server names")
        );
    }
}
