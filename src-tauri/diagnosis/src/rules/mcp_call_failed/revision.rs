//! Revisions that the MCP server does not speak.

use serde_json::Value;
use trace::{Revision, RpcAnswer, rpc_answer};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, method};
use crate::wording::{excerpt, list};

/// The revisions that an error names in its data, whatever its code.
pub(super) fn supported(data: &Value) -> Option<String> {
    let supported = data.get("supported")?.as_array()?;
    let supported: Vec<&str> = supported.iter().filter_map(Value::as_str).collect();
    (!supported.is_empty()).then(|| list(&supported))
}

/// Whether the error names a revision that clients speak.
pub(super) fn offers_another(data: &Value) -> bool {
    let mut supported = data["supported"].as_array().into_iter().flatten();
    supported.any(|version| {
        let version = version.as_str();
        version.is_some_and(|version| version.parse::<Revision>().is_ok())
    })
}

pub(super) fn unsupported(
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
        .title_with([revision.as_str()])
        .expected(format!("a server that speaks {revision}"));
    match (supported.as_slice(), offers_another(data)) {
        ([], _) => finding
            .message(format!(
                "The server refuses the revision {revision} and does not say which ones it speaks."
            ))
            .actual("no list of what it supports")
            .fix("Name the supported revisions in data.supported of this error."),
        (supported, true) => finding
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

/// The list of revisions lacks the one in which it is answered, and other calls as well.
pub(super) fn not_listed(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let calls = || reading.first_calls.iter().chain(&reading.calls);
    let (call, listed) = calls().find_map(|call| {
        let response = call
            .response_with_body()
            .filter(|_| method(*call) == "server/discover")?;
        let RpcAnswer::Result(result) = rpc_answer(&response) else {
            return None;
        };
        let listed = result.get("supportedVersions")?.as_array()?.clone();
        Some((call, listed))
    })?;
    let revision = reading.revision;
    let names: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    // An empty list, or one of other things than texts, is told as such.
    if !revision.at_least(Revision::R20260728)
        || names.is_empty()
        || names.contains(&revision.as_str())
    {
        return None;
    }
    Some(
        finding
            .title_with([revision.as_str()])
            .at(call.seq, Part::body("/result/supportedVersions"))
            .message(
                "Clients choose a revision from this list. One that finds none of its own there \
                 stops, or goes back to an older one.",
            )
            .expected(format!("{revision} in supportedVersions"))
            .actual(excerpt(&format!(
                "\"supportedVersions\": {}",
                Value::Array(listed)
            )))
            .fix(format!(
                "List {revision} in supportedVersions, or do not answer calls of that revision."
            )),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run, found_in, push_to_server};

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
    fn the_revision_that_is_spoken_has_to_be_listed() {
        let listed = |versions: serde_json::Value| {
            let mut run = Run::healthy();
            run.revision = trace::Revision::R20260728;
            let mut trace = run.trace();
            let method = "server/discover".to_owned();
            let answer = json!({
                "jsonrpc": "2.0",
                "id": 9,
                "result": {"supportedVersions": versions, "capabilities": {}}
            });
            let request = trace::Request::new("POST", trace.server_url.clone());
            let purpose = trace::Purpose::Mcp { method };
            push_to_server(&mut trace, purpose, request, &Answer::json(200, answer));
            found_in(&trace, "N05").map(|finding| finding.variant)
        };
        assert_eq!(
            listed(json!(["2024-11-05"])).as_deref(),
            Some("revision_not_listed")
        );
        assert_eq!(listed(json!(["2025-11-25", "2026-07-28"])), None);
        assert_eq!(listed(json!([])), None);
    }
}
