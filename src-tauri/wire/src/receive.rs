//! Reads a response's body: to its end, to the size limit, to the time limit, or to the answer in
//! an event stream.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use trace::{Body, BodyEnd, Header, Response, RpcAnswer, rpc_answer};

use crate::failure::{cut_off, in_seconds};

/// Reads the body. `deadline` and `timeout` are the same limit, as a moment and as it was set.
///
/// After its answer a server SHOULD end a `text/event-stream` (2025-11-25 basic/transports,
/// "Sending Messages to the Server"). Not all do, so reading one ends with the first event that
/// holds a JSON-RPC result or error.
pub(crate) async fn receive(
    response: &mut reqwest::Response,
    limit: u64,
    deadline: Instant,
    timeout: Duration,
) -> Body {
    let media = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let mut events = media
        .filter(|media| {
            media
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("text/event-stream")
        })
        .map(|_| Events::default());
    let mut body = Body::empty();
    loop {
        let chunk = match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return body,
            Ok(Err(error)) => {
                body.end = BodyEnd::CutOff {
                    reason: cut_off(&error),
                };
                return body;
            }
            Err(_) => {
                body.end = BodyEnd::CutOff {
                    reason: format!("the time limit of {} was reached", in_seconds(timeout)),
                };
                return body;
            }
        };
        let room = usize::try_from(limit).unwrap_or(usize::MAX) - body.bytes.len();
        body.bytes
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            body.end = BodyEnd::Truncated { limit };
            return body;
        }
        if events
            .as_mut()
            .is_some_and(|events| events.hold_an_answer(&body.bytes))
        {
            return body;
        }
    }
}

/// How far a stream's events have been looked at.
#[derive(Default)]
struct Events {
    /// Where the event begins that is not complete yet.
    begin: usize,
    /// Up to where its end has been looked for.
    looked: usize,
}

impl Events {
    fn hold_an_answer(&mut self, bytes: &[u8]) -> bool {
        while let Some(end) = self.next_end(bytes) {
            let event = &bytes[self.begin..end];
            self.begin = end;
            self.looked = end;
            if is_answer(event) {
                return true;
            }
        }
        // A blank line of four bytes may lie across two chunks.
        self.looked = bytes.len().saturating_sub(3).max(self.begin);
        false
    }

    /// Behind the blank line that ends the event.
    fn next_end(&self, bytes: &[u8]) -> Option<usize> {
        (self.looked..bytes.len()).find_map(|at| {
            ["\n\n", "\r\n\r\n", "\r\r"]
                .iter()
                .find(|blank| bytes[at..].starts_with(blank.as_bytes()))
                .map(|blank| at + blank.len())
        })
    }
}

fn is_answer(event: &[u8]) -> bool {
    let response = Response {
        status: 200,
        headers: vec![Header::new("content-type", "text/event-stream")],
        body: Body::new(event.to_vec()),
    };
    matches!(
        rpc_answer(&response),
        RpcAnswer::Result(_) | RpcAnswer::Error { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\r\n\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n\
                          event: message\rdata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r\rdata: late\n\n";

    #[test]
    fn a_stream_is_read_up_to_its_answer_however_it_is_cut() {
        let answered = STREAM.find("data: late").unwrap();
        for size in 1..STREAM.len() {
            let mut events = Events::default();
            let mut seen = 0;
            while !events.hold_an_answer(&STREAM.as_bytes()[..seen]) {
                assert!(seen < STREAM.len(), "no answer found in chunks of {size}");
                seen = (seen + size).min(STREAM.len());
            }
            assert!(
                (answered..answered + size).contains(&seen),
                "chunks of {size}: {seen}"
            );
        }
    }

    #[test]
    fn a_stream_without_an_answer_is_read_on() {
        let mut events = Events::default();
        let bytes =
            "data: {\"method\":\"ping\",\"id\":1}\n\ndata: [1]\n\ndata: {\"result\":".as_bytes();
        assert!(!events.hold_an_answer(bytes));
    }
}
