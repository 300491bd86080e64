//! Failed calls after which this client goes on, and others stop.

use trace::StopCode;

use crate::finding::{Finding, Part};
use crate::reading::{Reading, challenge_error, method};
use crate::wording::answer_in_words;

/// A notification that is not taken.
pub(super) fn notification(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
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
        finding
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
pub(super) fn discover_fails(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
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
        finding
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

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run, found_in};

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
}
