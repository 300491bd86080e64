use trace::StopCode;

use crate::finding::Part;
use crate::providers::access_proxy;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_ANSWER, MCP_ANSWER_2026, mcp_answer};
use crate::wording::{in_its_own_words, is_html};

rule! {
    /// # What it looks at
    /// The answer to a first call after which the flow stopped, because it is nothing that an MCP
    /// server says: a web page, a 404, JSON that is no JSON-RPC.
    ///
    /// # Why it matters
    /// Most often the URL is not that of the MCP endpoint: the path is missing or another one, or
    /// the URL is that of the server's web site. Nothing about authorization can be judged then.
    ///
    /// # How to fix
    /// Use the URL of the MCP endpoint, with its path (`/mcp` for many servers), as the server's
    /// documentation gives it.
    ///
    /// # References
    /// MCP transports, "Sending Messages to the Server".
    "N02" "not_an_mcp_server" Error Client Likely since None,
    title: "What answers at this URL is no MCP server",
    variants: [
        GATEWAY: Error Network Likely,
        SERVER_FAILS: Error McpServer Likely,
        OTHER_ANSWER: Error McpServer Likely,
        REDIRECTED: Error Network Likely "The first call is redirected to {place} instead of answered",
        HOST_UNKNOWN: Error McpServer Likely "The MCP server refuses the host name it is reached under",
        TOO_MANY: Error McpServer Likely "The first call is refused because there were too many",
    ],
    spec: [MCP_ANSWER, MCP_ANSWER_2026],
    stops: [NotAnMcpServer],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(stopped) = reading.stopped(StopCode::NotAnMcpServer) else {
        return;
    };
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let last = calls
        .filter(|call| call.seq < stopped)
        .max_by_key(|call| call.seq);
    let Some((call, response)) = last.and_then(|call| Some((call, call.response()?))) else {
        return;
    };
    let status = response.status;
    // Other answers are told apart by what they hold.
    if !(response.has_body() || matches!(status, 404 | 405 | 410 | 500..)) {
        return;
    }
    let finding = RULE
        .found(mcp_answer(reading.revision))
        .at(
            call.seq,
            if status == 200 {
                Part::body("")
            } else {
                Part::Status
            },
        )
        .expected("a JSON-RPC answer, or 401")
        .fix(
            "Use the URL of the MCP endpoint itself, with its path, as the server's documentation \
             gives it.",
        );
    let path = "The path may be missing or another one; /mcp is common.";
    let said = in_its_own_words(&response);
    findings.add(match status {
        404 | 410 => finding
            .message(format!("There is nothing at this URL. {path}"))
            .actual(said.clone()),
        405 => finding
            .message(format!(
                "This URL does not take POST, and an MCP endpoint does. {path} It may also be an \
                 endpoint of the old HTTP+SSE transport."
            ))
            .actual(said.clone()),
        300..=399 => {
            let place = response.header_value("location").unwrap_or_default();
            let place = trace::origin_of(place).unwrap_or_else(|| "another path".to_owned());
            let who = match access_proxy(&response) {
                Some(proxy) => format!("{proxy} sends its callers to a login."),
                None => "Something in front of the MCP server sends its callers elsewhere, as an \
                         access proxy does with its login page."
                    .into(),
            };
            finding
                .variant(&REDIRECTED)
                .title_with([place.as_str()])
                .message(format!(
                    "{who} The MCP server was not reached; an MCP client has no browser session \
                     that would let it through."
                ))
                .actual(said)
                .fix(
                    "Let the MCP path and /.well-known/ pass the proxy without a login, or switch \
                     on the proxy's own OAuth for MCP.",
                )
        }
        421 => finding
            .variant(&HOST_UNKNOWN)
            .message(
                "The server's protection against DNS rebinding does not know the host name it is \
                 reached under.",
            )
            .actual(said)
            .fix("Add the public host name, with its port, to the server's allowed hosts."),
        429 => finding
            .variant(&TOO_MANY)
            .message("A limit on requests answers. Nothing in the request itself is wrong.")
            .actual(said)
            .fix(
                "Wait for as long as Retry-After says. Raise the limit, or count by client instead \
                 of by address.",
            ),
        502..=504 => finding
            .variant(&GATEWAY)
            .message("A gateway answers and says that it does not reach the server behind it.")
            .actual(said.clone())
            .fix("Check that the MCP server runs, and that the gateway's address for it is right."),
        500.. => finding
            .variant(&SERVER_FAILS)
            .message(
                "The server fails on the first call, so nothing about authorization can be \
                      seen.",
            )
            .actual(said.clone())
            .fix(
                "Look into the MCP server's log: the first call must be answered 401 or with a \
                 JSON-RPC answer.",
            ),
        _ if is_html(&response) => finding
            .message(format!(
                "A web page answers: this is a web site, or a single-page application's \
                              catch-all route. {path}"
            ))
            .actual(said.clone()),
        _ => finding
            .variant(&OTHER_ANSWER)
            .message(format!(
                "The answer is no JSON-RPC answer. If this is the right URL, the server does not \
                 speak MCP as it should. {path}"
            ))
            .actual(said),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.challenge = answer;
        run.stop(Phase::Challenge, StopCode::NotAnMcpServer);
        run
    }

    #[test]
    fn tells_the_ways_apart() {
        let finding = |answer| answered(answer).finding("N02");
        assert!(
            finding(Answer::bare(404))
                .message
                .contains("nothing at this URL")
        );
        assert!(
            finding(Answer::html(200, "Shop"))
                .message
                .contains("web page")
        );
        assert_eq!(finding(Answer::bare(502)).owner, Owner::Network);
        assert_eq!(
            finding(Answer::json(200, json!({"hello": 1}))).owner,
            Owner::McpServer
        );
    }

    #[test]
    fn is_silent_when_a_403_explains_it() {
        assert!(answered(Answer::bare(403)).is_silent("N02"));
        assert!(Run::healthy().is_silent("N02"));
    }
}
