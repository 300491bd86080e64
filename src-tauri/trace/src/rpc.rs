//! Reads JSON-RPC answers of an MCP server, sent as JSON or as a server-sent event stream.

use std::time::Duration;

use serde_json::Value;

use crate::body::BodyEnd;
use crate::exchange::Response;
use crate::json::json_value;

/// A JSON-RPC answer found in a response.
#[derive(Debug, Clone, PartialEq)]
pub enum RpcAnswer {
    Result(Value),
    Error {
        code: i64,
        message: String,
        data: Value,
    },
    /// Not a JSON-RPC answer; the text says what it is instead.
    Other(String),
}

/// The answer in a response's body: a JSON object, or the first event whose data holds a result or
/// an error (2025-11-25 basic/transports, "Sending Messages to the Server").
pub fn rpc_answer(response: &Response) -> RpcAnswer {
    let Some(text) = response.body.text() else {
        return RpcAnswer::Other(format!(
            "{} bytes that are not text",
            response.body.bytes.len()
        ));
    };
    if response.media_type().as_deref() == Some("text/event-stream") {
        let events: Vec<String> = sse_data(text);
        let answer = events
            .iter()
            .filter_map(|data| json_value(data.as_bytes()).ok())
            .find_map(answer);
        return answer.unwrap_or_else(|| {
            RpcAnswer::Other(format!("{} events without a JSON-RPC answer", events.len()))
        });
    }
    match json_value(text.as_bytes()) {
        Ok(value) => answer(value)
            .unwrap_or_else(|| RpcAnswer::Other("JSON that is not a JSON-RPC answer".into())),
        Err(_) if text.trim().is_empty() => RpcAnswer::Other("an empty body".into()),
        Err(error) => {
            let media = response.media_type().unwrap_or("no content-type".into());
            RpcAnswer::Other(format!("{media} that is not JSON ({error})"))
        }
    }
}

/// Where a stream of events can be taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEvent {
    /// For the `Last-Event-ID` header.
    pub id: String,
    /// How long the server wants the client to wait.
    pub retry: Option<Duration>,
}

/// The last event of a `text/event-stream` that has an id (HTML Standard, "Interpreting an event
/// stream"); `None` where there is none.
pub fn last_event(response: &Response) -> Option<LastEvent> {
    let text = response
        .body
        .text()?
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let value = |field: &str| {
        let mut lines = text.lines().rev();
        lines.find_map(|line| {
            Some(
                line.strip_prefix(field)?
                    .strip_prefix(':')?
                    .trim_start_matches(' ')
                    .to_owned(),
            )
        })
    };
    Some(LastEvent {
        id: value("id").filter(|id| !id.is_empty())?,
        retry: value("retry")
            .and_then(|text| text.parse().ok())
            .map(Duration::from_millis),
    })
}

/// Why clients do not see the event that brings the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSlip {
    /// The event is of a type that nobody listens to.
    Type(String),
    /// The stream ends before the event does.
    NoEmptyLine,
}

/// What hides the event with the answer from clients that follow the HTML Standard.
pub fn event_slip(response: &Response) -> Option<EventSlip> {
    let is_stream = response.media_type().as_deref() == Some("text/event-stream");
    // Reading ends with the answer; a stream that broke off before it has other faults.
    if !is_stream || response.body.end != BodyEnd::Complete {
        return None;
    }
    let text = response.body.text()?;
    let kind_of = |line: &'_ str| {
        line.strip_prefix("event:")
            .map(str::trim)
            .map(str::to_owned)
    };
    let is_usual = |kind: &String| matches!(kind.as_str(), "" | "message");
    let lines = || text.split(['\n', '\r']);
    let ends = ["\n\n", "\r\n\r\n", "\r\r"]
        .iter()
        .any(|end| text.ends_with(end));
    // Nearly all are right, and that is seen without reading them.
    if ends && lines().filter_map(kind_of).all(|kind| is_usual(&kind)) {
        return None;
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let holds_answer = |block: &&str| {
        let mut data = sse_data(block).into_iter();
        data.any(|data| json_value(data.as_bytes()).ok().and_then(answer).is_some())
    };
    let mut blocks = text.split("\n\n").filter(holds_answer);
    let block = blocks.next()?;
    let kind = block.lines().find_map(kind_of);
    if let Some(kind) = kind.filter(|kind| !is_usual(kind)) {
        return Some(EventSlip::Type(kind));
    }
    let is_last = text
        .trim_end_matches('\n')
        .ends_with(block.trim_end_matches('\n'));
    (is_last && !text.ends_with("\n\n")).then_some(EventSlip::NoEmptyLine)
}

fn answer(value: Value) -> Option<RpcAnswer> {
    if let Some(result) = value.get("result") {
        return Some(RpcAnswer::Result(result.clone()));
    }
    let error = value.get("error")?.as_object()?;
    Some(RpcAnswer::Error {
        code: error.get("code").and_then(Value::as_i64)?,
        message: error
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .into(),
        data: error.get("data").cloned().unwrap_or(Value::Null),
    })
}

/// The data of each event: its `data:` lines joined by a line feed.
fn sse_data(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines_of = |block: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix("data:"));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n")
    };
    text.split("\n\n")
        .map(lines_of)
        .filter(|data| !data.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::exchange::Header;

    fn response(media: &str, body: &str) -> Response {
        Response {
            status: 200,
            headers: vec![Header::new("content-type", media)],
            body: Body::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn finds_the_answer_behind_notifications_in_a_stream() {
        let stream = "event: message\r\ndata: {\"method\":\"notifications/progress\"}\r\n\r\n: \
                      comment\r\n\r\ndata: {\"id\":1,\r\ndata: \"result\":{\"tools\":[]}}\r\n\r\n";
        let RpcAnswer::Result(result) =
            rpc_answer(&response("text/event-stream; charset=utf-8", stream))
        else {
            panic!("no result");
        };
        assert!(result["tools"].is_array());
    }

    #[test]
    fn the_last_event_tells_where_to_go_on() {
        let stream = "id: a\ndata: {}\n\nid: event-1\r\nretry: 500\r\ndata:\r\n\r\n";
        let event = last_event(&response("text/event-stream", stream)).unwrap();
        assert_eq!(
            (event.id.as_str(), event.retry),
            ("event-1", Some(Duration::from_millis(500)))
        );
        assert_eq!(
            last_event(&response("text/event-stream", "data: {}\n\n")),
            None
        );
    }

    #[test]
    fn says_what_came_instead() {
        let html = rpc_answer(&response("text/html", "<!doctype html>"));
        assert!(
            matches!(html, RpcAnswer::Other(text) if text.starts_with("text/html that is not JSON"))
        );
        let error =
            r#"{"error":{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}}"#;
        assert!(matches!(
            rpc_answer(&response("application/json", error)),
            RpcAnswer::Error { code: -32022, .. }
        ));
    }
}
