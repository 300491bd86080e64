use trace::{ActionKind, Recorded, RpcAnswer, StopCode, rpc_answer};

use crate::by_status::{Decided, by_status};
use crate::finding::Part;
use crate::providers::answers_itself;
use crate::reading::{ExchangeRef, Reading, bearer};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_STATUS_CODES, MCP_UNAUTHORIZED};
use crate::step_up::{lacks_scope, misspelt};
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// A call without a token, or with one from an earlier run, that is answered 403, or 400 with
    /// words about authorization, where 401 is due.
    ///
    /// # Why it matters
    /// Only a 401 makes clients begin to authorize. A 403 tells them that authorizing would not
    /// help, a 400 that the request is malformed; they stop, or try the same again without end.
    ///
    /// # How to fix
    /// Answer 401 with `WWW-Authenticate` when there is no token or one that is not valid; keep 403
    /// for a valid token that lacks a scope.
    ///
    /// # References
    /// MCP authorization, "Error Handling"; RFC 6750 section 3.1.
    "D04" "forbidden_instead_of_unauthorized" Error McpServer since None,
    title: "A call without a token is not answered 401",
    variants: [
        OLD_TOKEN: Error McpServer Likely "A token that is no longer good is not answered 401",
        GARBLED: Warning McpServer Certain "A token that is not valid is answered {status} instead of 401",
        GARBLED_TAKEN: Error McpServer Likely "The MCP server accepts a token that nobody issued",
        HOST_CHECK: Error McpServer Likely,
        WITHOUT_CHALLENGE: Error McpServer Likely,
        IN_FRONT: Error Network Likely "What stands in front of the server refuses the first call",
        IN_TOOL_RESULT: Warning McpServer Certain
            "The challenge is in a tool's result and not in a 401",
    ],
    spec: [MCP_STATUS_CODES, MCP_UNAUTHORIZED],
    supersedes: ["N02" anywhere],
    stops: [WrongChallengeStatus, NotAnMcpServer],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    in_tool_result(reading, findings);
    garbled(reading, findings);
    let Some((seen, evidence)) = refusal(reading).or_else(|| refused_token(reading)) else {
        return;
    };
    let status = seen.status().unwrap_or_default();
    let finding = RULE
        .found(MCP_STATUS_CODES)
        .at(seen.seq, Part::Status)
        .expected("401 with WWW-Authenticate")
        .actual(answer_in_words(seen.exchange))
        .fix(
            "Answer 401 with WWW-Authenticate: Bearer and resource_metadata to a call without a \
             token, and 403 only to a valid token that lacks a scope.",
        );
    findings.add(match evidence {
        Evidence::Challenge => finding.message(format!(
            "The answer carries a challenge but says {status}. Clients begin to authorize on 401 \
             alone."
        )),
        Evidence::OldToken => finding
            .variant(&OLD_TOKEN)
            .message(format!(
                "The token of an earlier run is refused with {status}. Clients refresh or \
                 authorize afresh on 401 alone, so they are stuck with it. The server may also \
                 refuse something else in the call, such as its revision or session."
            ))
            .fix(
                "Answer 401 with WWW-Authenticate: Bearer error=\"invalid_token\" to a token that \
                 is expired or not valid.",
            ),
        Evidence::HostCheck => finding.variant(&HOST_CHECK).message(format!(
            "Without a token the server answers {status}, and clients do not begin to authorize. \
             The answer speaks of the host or the origin, so a check against DNS rebinding may \
             have refused the call before any token was looked at."
        )),
        Evidence::InFront(front) => finding
            .variant(&IN_FRONT)
            .message(format!(
                "{front} stands in front of the MCP server and answers with a page of its own: its \
                 rules take the client for a bot, or for a caller it does not want."
            ))
            .fix(format!(
                "Let requests to the MCP path and /.well-known/ pass {front}'s firewall and bot \
                 protection."
            )),
        Evidence::None => finding.variant(&WITHOUT_CHALLENGE).message(format!(
            "Without a token the server answers {status}, and clients do not begin to authorize. A \
             firewall or bot protection in front of the server may also have refused the call."
        )),
    });
}

/// What besides the status shows that authorization is meant.
enum Evidence {
    Challenge,
    /// The same, and the call carried a token.
    OldToken,
    HostCheck,
    /// A page of what stands in front of the server.
    InFront(&'static str),
    None,
}

/// A tool's result with a challenge in its `_meta`, as one vendor's clients read it. To all others
/// the call has just failed.
fn in_tool_result(reading: &Reading<'_>, findings: &mut Findings) {
    const MEMBER: &str = "mcp/www_authenticate";
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let found = calls.into_iter().find_map(|call| {
        let response = call.response_with_body()?;
        // Reading every answer whole would take longer than all other rules together.
        if !response.text()?.contains("www_authenticate") {
            return None;
        }
        let RpcAnswer::Result(result) = rpc_answer(&response) else {
            return None;
        };
        let challenge = result["_meta"].get(MEMBER)?.clone();
        Some((call.seq, challenge))
    });
    let Some((seq, challenge)) = found else {
        return;
    };
    let finding = RULE
        .found(MCP_UNAUTHORIZED)
        .variant(&IN_TOOL_RESULT)
        .at(seq, Part::body("/result/_meta"))
        .message(
            "The tool wants a token and says so inside its result, which few clients read there. \
             All others take the call for one that failed and do not begin to authorize.",
        )
        .expected("401 with WWW-Authenticate")
        .actual(excerpt(&format!("\"{MEMBER}\": {challenge}")))
        .fix(
            "Answer a call that needs a token with 401 and WWW-Authenticate: Bearer with \
             resource_metadata, besides what the result says.",
        );
    findings.add(finding);
}

/// The latest call without a token, when it was refused with a status that is not 401.
fn refusal<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, Evidence)> {
    if reading.unauthorized().is_some() {
        return None;
    }
    let last = *reading.first_calls.last()?;
    let response = last.response()?;
    let challenged = response.header_value("www-authenticate").is_some();
    let body = response
        .body
        .text()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| body.contains(word));
    match response.status {
        400 | 403 if challenged => Some((last, Evidence::Challenge)),
        403 if says(&[
            "invalid host",
            "invalid origin",
            "host header",
            "origin not allowed",
        ]) =>
        {
            Some((last, Evidence::HostCheck))
        }
        403 if answers_itself(&response).is_some() => {
            let front = answers_itself(&response).unwrap_or_default();
            Some((last, Evidence::InFront(front)))
        }
        // In a log that has no fields of requests, the call may have carried a token.
        403 if last.exchange.recorded.request_headers != Recorded::Whole => None,
        403 => Some((last, Evidence::None)),
        // A server of another era answers 400 to a request it does not know.
        400 if !matches!(
            rpc_answer(&response),
            RpcAnswer::Error {
                code: -32099..=-32000 | -32601 | -32602,
                ..
            }
        ) && says(&[
            "unauthorized",
            "unauthenticated",
            "access token",
            "bearer",
            "credentials",
            "not logged in",
        ]) =>
        {
            Some((last, Evidence::None))
        }
        _ => None,
    }
}

/// The call with a token at which the flow stopped for the status of its challenge.
fn refused_token<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, Evidence)> {
    let stopped = reading.stopped(StopCode::WrongChallengeStatus)?;
    let call = reading.call_before(stopped)?;
    let is_about_scope = lacks_scope(call) || misspelt(call).is_some();
    (bearer(call.request()).is_some() && !is_about_scope).then_some((call, Evidence::OldToken))
}

/// How a token is answered that was garbled on purpose. Where calls need no token, a garbled one
/// does no harm.
fn garbled(reading: &Reading<'_>, findings: &mut Findings) {
    let tried = |call: &&ExchangeRef<'_>| {
        reading.action_at(call.seq) == Some(ActionKind::TryInvalidToken)
            && bearer(call.request()).is_some()
    };
    let Some(call) = reading.calls.iter().find(tried) else {
        return;
    };
    let Some(response) = call.response_with_body() else {
        return;
    };
    let status = response.status;
    let finding = RULE.found(MCP_STATUS_CODES).at(call.seq, Part::Status);
    // A limit or a gateway answers whatever the token is.
    let is_of_network = by_status(&response, "the MCP server")
        .is_some_and(|decided| decided.is_of_network() && decided.kind != Decided::ToLogin);
    if status == 401 || status == 429 || is_of_network {
        return;
    }
    let expected = "401 with WWW-Authenticate: Bearer error=\"invalid_token\"";
    if (200..300).contains(&status) {
        let works = matches!(rpc_answer(&response), RpcAnswer::Result(_));
        if reading.unauthorized().is_some() && works {
            findings.add(
                finding
                    .variant(&GARBLED_TAKEN)
                    .message(
                        "A call without a token is refused, and one with a token whose end was \
                         changed is answered as if it were good. So the server looks at whether \
                         there is a token, and not at the token: anybody gets in.",
                    )
                    .expected(expected)
                    .actual(format!("{status} with a result"))
                    .fix(
                        "Check each token: its signature, issuer, audience and times, or ask the \
                         authorization server about it.",
                    ),
            );
        }
        return;
    }
    findings.add(
        finding
            .variant(&GARBLED)
            .title_with([status.to_string().as_str()])
            .message(
                "Clients refresh or authorize afresh on 401 alone. With another status they keep a \
                 token that has expired or was revoked, and show a failed call each time.",
            )
            .expected(expected)
            .actual(answer_in_words(call.exchange))
            .fix(
                "Answer 401 with WWW-Authenticate: Bearer error=\"invalid_token\" to a token that \
                 is expired or not valid, whatever is wrong with it.",
            ),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{ActionKind, Phase, Purpose, Recorded, Request, StopCode};

    use crate::finding::{Certainty, Owner};
    use crate::sample::{Answer, MCP, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.challenge = answer;
        run.stop(Phase::Challenge, StopCode::NotAnMcpServer);
        run
    }

    #[test]
    fn a_log_does_not_show_whether_a_token_was_sent() {
        let mut run = Run::healthy();
        run.challenge = Answer::bare(403);
        run.stop(Phase::Challenge, StopCode::NotAnMcpServer);
        let mut trace = run.trace();
        for entry in &mut trace.entries {
            if let trace::EntryKind::Exchange(exchange) = &mut std::sync::Arc::make_mut(entry).kind
            {
                exchange.recorded.request_headers = Recorded::Incomplete;
            }
        }
        assert!(crate::sample::found_in(&trace, "D04").is_none());
    }

    #[test]
    fn a_403_with_a_challenge_is_certain_and_a_bare_one_likely() {
        let with = Answer::bare(403).header("www-authenticate", "Bearer");
        assert_eq!(answered(with).finding("D04").certainty, Certainty::Certain);
        let bare = answered(Answer::bare(403)).finding("D04");
        assert_eq!(bare.certainty, Certainty::Likely);
        assert!(bare.message.contains("firewall"));
        let host =
            answered(Answer::json(403, json!({"error": "Invalid Host header"}))).finding("D04");
        assert!(host.message.contains("DNS rebinding"));
    }

    #[test]
    fn a_token_that_was_garbled_on_purpose() {
        let tried = |answer: &Answer| {
            let mut trace = Run::healthy().trace();
            let action = ActionKind::TryInvalidToken;
            crate::sample::decide(&mut trace, trace::Decision::Action { action });
            crate::sample::call(&mut trace, answer, "garbled");
            crate::sample::call(&mut trace, &Run::healthy().calls[1], "good");
            let found = crate::sample::found_in(&trace, "D04");
            found.map(|finding| finding.variant)
        };
        for status in [400, 403, 500] {
            let found = tried(&Answer::bare(status));
            assert_eq!(found.as_deref(), Some("garbled"), "{status}");
        }
        let result = json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": []}});
        let taken = tried(&Answer::json(200, result));
        assert_eq!(taken.as_deref(), Some("garbled_taken"));
        for lawful in [
            Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\""),
            Answer::bare(429),
            Answer::bare(502),
        ] {
            assert_eq!(tried(&lawful), None);
        }
    }

    #[test]
    fn a_400_counts_when_it_speaks_of_authorization() {
        let answer = Answer::json(400, json!({"error": "Missing access token"}));
        assert_eq!(answered(answer).finding("D04").certainty, Certainty::Likely);
    }

    #[test]
    fn what_stands_in_front_is_named() {
        let page = Answer::html(403, "Attention Required! | Cloudflare");
        let finding = answered(page).finding("D04");
        assert_eq!(finding.owner, Owner::Network);
        assert!(finding.message.starts_with("Cloudflare"));
    }

    #[test]
    fn a_challenge_inside_a_tool_s_result() {
        let mut run = Run::healthy();
        run.calls[1].edit(|answer| {
            answer["result"]["isError"] = json!(true);
            answer["result"]["_meta"] = json!({"mcp/www_authenticate": ["Bearer error=\"x\""]});
        });
        assert_eq!(run.finding("D04").variant, "in_tool_result");
    }

    #[test]
    fn a_token_of_an_earlier_run_counts() {
        let mut trace = trace::Trace::new(MCP, trace::Timestamp(0));
        let purpose = Purpose::Mcp {
            method: "initialize".into(),
        };
        let request = Request::new("POST", MCP).header("authorization", "Bearer old");
        let answer = Answer::bare(400).header("www-authenticate", "Bearer error=\"invalid_token\"");
        crate::sample::push(&mut trace, purpose, request, &answer);
        crate::sample::stop(&mut trace, StopCode::WrongChallengeStatus);
        let found = crate::diagnose(&trace);
        assert_eq!((found.len(), found[0].code.as_str()), (1, "D04"));
        assert!(found[0].message.contains("refresh or authorize afresh"));
    }

    #[test]
    fn is_silent_about_other_400s_and_when_a_401_came() {
        let message = "Bad Request: no bearer session";
        let answer = json!({"jsonrpc": "2.0", "error": {"code": -32000, "message": message}});
        assert!(answered(Answer::json(400, answer)).is_silent("D04"));
        assert!(Run::healthy().is_silent("D04"));
    }
}
