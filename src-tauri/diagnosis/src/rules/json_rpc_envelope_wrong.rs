use serde::Deserialize;
use serde_json::Value;
use trace::{EventSlip, event_slip};

use crate::finding::Part;
use crate::outline::Shape;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::snapshot::ResponseRef;
use crate::spec::{
    EVENT_DISPATCHED, EVENT_TYPE, JSON_RPC_ID, JSON_RPC_ONE_OF_BOTH, JSON_RPC_VERSION, Spec,
};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The JSON-RPC message around the answers of the MCP server: `jsonrpc` is "2.0", `id` is that
    /// of the request, and there is either a result or an error. `tools` of an answer to
    /// `tools/list`, which is an array. And the event that brings an answer in a stream.
    ///
    /// # Why it matters
    /// Clients find the request that an answer belongs to by its `id`. With another one they wait
    /// until their time is over, and say no more than that the server does not answer.
    ///
    /// # How to fix
    /// Copy `id` from the request byte for byte: a number stays a number, a text stays a text.
    ///
    /// # References
    /// JSON-RPC 2.0 section 5.
    "N06" "json_rpc_envelope_wrong" Error McpServer since None,
    title: "{member} of the MCP server's JSON-RPC answer is wrong",
    variants: [
        EVENT: Error McpServer Certain "Clients do not see the event with the MCP server's answer",
    ],
    spec: [JSON_RPC_VERSION, JSON_RPC_ID, JSON_RPC_ONE_OF_BOTH, EVENT_TYPE, EVENT_DISPATCHED],
    stops: [McpError],
    looks_at: [Call],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let mut told: Vec<&str> = Vec::new();
    for call in calls {
        let Some(fault) =
            fault(*call, reading.is_pasted).filter(|fault| !told.contains(&fault.member))
        else {
            continue;
        };
        told.push(fault.member);
        let found = RULE.found(fault.spec);
        let found = if fault.member == "event" {
            found.variant(&EVENT)
        } else {
            found.title_with([fault.member])
        };
        let finding = found
            .at(
                call.seq,
                match fault.member {
                    "event" => Part::body(""),
                    member => Part::body(&format!("/{member}")),
                },
            )
            .message(fault.why)
            .expected(fault.expected)
            .actual(excerpt(&fault.actual))
            .fix(fault.fix);
        findings.add(finding);
    }
}

struct Fault {
    member: &'static str,
    spec: Spec,
    why: &'static str,
    expected: String,
    actual: String,
    fix: String,
}

fn fault(call: ExchangeRef<'_>, is_pasted: bool) -> Option<Fault> {
    let response = call.response_with_body()?;
    // What is pasted has lost its last empty lines.
    let is_told = |slip: &EventSlip| !is_pasted || *slip != EventSlip::NoEmptyLine;
    if response.status == 200
        && let Some(slip) = event_slip(&response).filter(is_told)
    {
        return Some(unseen_event(slip));
    }
    // Most are right, and that is seen without reading all of a list of tools.
    if response.status != 200 || is_right(call, response) {
        return None;
    }
    let asked: Value = serde_json::from_slice(&call.request().get().body.bytes).ok()?;
    let id = asked.get("id")?;
    let answer = answer(&response)?;
    let answered = answer.get("id");
    // What is in front of the server's own code often answers before it has read the id. The
    // error itself is what has to be told.
    if answered.is_none_or(Value::is_null) && answer.get("error").is_some() {
        return None;
    }
    if answered != Some(id) {
        let actual =
            answered.map_or_else(|| "no id".into(), |answered| format!("\"id\": {answered}"));
        return Some(Fault {
            member: "id",
            spec: JSON_RPC_ID,
            why: "Clients take the answer for that to another request and go on waiting. This \
                  client reads it because it sends one request at a time.",
            expected: format!("\"id\": {id}"),
            actual,
            fix: format!("Answer with the id of the request, here \"id\": {id}."),
        });
    }
    if answer.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        let actual = answer.get("jsonrpc").map_or_else(
            || "no jsonrpc".into(),
            |sent| format!("\"jsonrpc\": {sent}"),
        );
        return Some(Fault {
            member: "jsonrpc",
            spec: JSON_RPC_VERSION,
            why: "Strict clients throw a message away that does not say that it is JSON-RPC 2.0.",
            expected: "\"jsonrpc\": \"2.0\"".into(),
            actual,
            fix: "Add \"jsonrpc\": \"2.0\" to each answer.".into(),
        });
    }
    if answer.get("result").is_some() && answer.get("error").is_some() {
        return Some(Fault {
            member: "error",
            spec: JSON_RPC_ONE_OF_BOTH,
            why: "There is a result and an error. Some clients take the one, some the other, and \
                  strict ones neither.",
            expected: "either result or error".into(),
            actual: "result and error".into(),
            fix: "Leave error out when the call succeeded, and result when it failed.".into(),
        });
    }
    let method = asked.get("method").and_then(Value::as_str);
    let result = answer.get("result")?;
    let is_known = matches!(
        method,
        Some("initialize" | "server/discover" | "tools/call")
    );
    if is_known && !result.is_object() {
        return Some(Fault {
            member: "result",
            spec: JSON_RPC_ONE_OF_BOTH,
            why: "Clients with a strict schema refuse the answer, since its result is not an object.",
            expected: "\"result\": { … }".into(),
            actual: format!("\"result\": {result}"),
            fix: format!(
                "Answer {} with an object in result.",
                method.unwrap_or_default()
            ),
        });
    }
    let lists_tools = method == Some("tools/list");
    let tools = result.get("tools");
    if lists_tools && !tools.is_some_and(Value::is_array) {
        let actual = tools.map_or_else(|| "no tools".into(), |tools| format!("\"tools\": {tools}"));
        return Some(Fault {
            member: "result/tools",
            spec: JSON_RPC_ONE_OF_BOTH,
            why: "Clients with a strict schema refuse the list, and show no tools or an error.",
            expected: "\"tools\": [ … ]".into(),
            actual,
            fix: "Answer tools/list with an array in result.tools, empty when there are none."
                .into(),
        });
    }
    None
}

fn unseen_event(slip: EventSlip) -> Fault {
    match slip {
        EventSlip::Type(name) => Fault {
            member: "event",
            spec: EVENT_TYPE,
            why: "Clients listen to events of the type message, which is also that of events \
                  without one. They pass over the answer and wait until their time is over. This \
                  client reads it.",
            expected: "event: message, or no event field".into(),
            actual: format!("event: {name}"),
            fix: format!("Write event: message instead of event: {name}, or leave the field out."),
        },
        EventSlip::NoEmptyLine => Fault {
            member: "event",
            spec: EVENT_DISPATCHED,
            why: "An event ends with an empty line. Without one clients throw the event away when \
                  the stream ends, and wait until their time is over. This client reads it.",
            expected: "an empty line after the event with the answer".into(),
            actual: "the stream ends right after the data of the event, without an empty line"
                .into(),
            fix: "Write two line ends after the data of each event.".into(),
        },
    }
}

/// As much of a request as its answer is held against.
#[derive(Deserialize)]
struct Asked<'a> {
    id: Value,
    method: Option<&'a str>,
}

/// Whether an answer is certainly right; what is not may be so all the same.
fn is_right(call: ExchangeRef<'_>, response: ResponseRef<'_>) -> bool {
    let asked = serde_json::from_slice::<Asked<'_>>(&call.request().get().body.bytes);
    let (Ok(asked), Some(answer)) = (asked, response.outline()) else {
        return false;
    };
    let right_result = match &answer.result {
        Some(Shape::Object { lists_tools: false }) => asked.method != Some("tools/list"),
        Some(Shape::Object { .. }) | None => true,
        Some(_) => false,
    };
    answer.id.as_ref() == Some(&asked.id)
        && answer.jsonrpc.as_ref().and_then(Value::as_str) == Some("2.0")
        && answer.result.is_some() != answer.error.is_some()
        && right_result
}

/// The message with a result or an error: the whole body, or the data of an event.
fn answer(response: &trace::Response) -> Option<Value> {
    let text = response.body.text()?;
    let is_answer = |value: &Value| value.get("result").is_some() || value.get("error").is_some();
    if response.media_type().as_deref() == Some("text/event-stream") {
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let mut messages = data.filter_map(|data| trace::json_value(data.as_bytes()).ok());
        return messages.find(is_answer);
    }
    trace::json_value(text.as_bytes()).ok().filter(is_answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::{Answer, Run};

    #[test]
    fn an_event_that_clients_pass_over() {
        let message = json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": []}});
        let with = |before: &str, after: &str| {
            let mut run = Run::healthy();
            let body = format!("{before}data: {message}{after}");
            run.calls[1] = Answer::bare(200).header("content-type", "text/event-stream");
            run.calls[1].body = body;
            run
        };
        for (before, after) in [
            ("event: result\n", "\n\n"),
            ("event: message\n", "\n"),
            ("", ""),
        ] {
            let found = with(before, after).finding("N06");
            assert_eq!(found.variant, "event", "{before:?} {after:?}");
        }
        for (before, after) in [
            ("event: message\n", "\n\n"),
            ("", "\r\n\r\n"),
            ("event: ping\ndata: {}\n\n", "\n\n"),
            ("", "\r\r"),
        ] {
            assert!(with(before, after).is_silent("N06"), "{before:?} {after:?}");
        }
    }

    fn answered(change: impl FnOnce(&mut serde_json::Value)) -> Run {
        let mut run = Run::healthy();
        run.calls[1].edit(change);
        run
    }

    #[test]
    fn each_member() {
        for (run, member) in [
            (answered(|answer| answer["id"] = json!("2")), "id"),
            (answered(|answer| answer["id"] = json!(null)), "id"),
            (
                answered(|answer| answer["jsonrpc"] = json!("1.0")),
                "jsonrpc",
            ),
            (
                answered(|answer| answer["error"] = json!({"code": 1})),
                "error",
            ),
            (
                answered(|answer| answer["result"]["tools"] = json!({})),
                "result/tools",
            ),
        ] {
            assert!(run.finding("N06").title.starts_with(member), "{member}");
        }
    }

    #[test]
    fn an_event_stream_is_read_too() {
        let mut run = Run::healthy();
        let mut stream = Answer::bare(200).header("content-type", "text/event-stream");
        stream.body = "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{\"tools\":[]}}\n\n".into();
        run.calls[1] = stream;
        assert_eq!(run.finding("N06").expected.as_deref(), Some("\"id\": 2"));
    }

    #[test]
    fn is_silent_about_answers_as_they_have_to_be_and_about_refusals() {
        assert!(Run::healthy().is_silent("N06"));
        assert!(Run::healthy_with_refresh().is_silent("N06"));
    }
}
