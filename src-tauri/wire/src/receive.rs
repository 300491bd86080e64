//! Reads a response's body: to its end, to the size limit, to the time limit, or to the answer in
//! an event stream.

use std::error::Error;
use std::io;
use std::time::Duration;

use futures_util::Stream;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};
use trace::{Body, BodyEnd, Coding, CodingEnd, Header, RawBytes, Response, RpcAnswer, rpc_answer};

use crate::coding::{Guess, Incoming, Kind, MAGIC, undone};
use crate::failure::{cut_off, in_seconds};

/// Reads the body of `response`, whose head is `head`, and undoes its content coding. `deadline`
/// and `timeout` are the same limit, as a moment and as it was set. `limit` is for the bytes as
/// they came and for what they become.
///
/// After its answer a server SHOULD end a `text/event-stream` (2025-11-25 basic/transports,
/// "Sending Messages to the Server"). Not all do, so reading one ends with the first event that
/// holds a JSON-RPC result or error.
pub(crate) async fn receive(
    head: &Response,
    response: reqwest::Response,
    limit: u64,
    deadline: Instant,
    timeout: Duration,
) -> Body {
    let room = usize::try_from(limit).unwrap_or(usize::MAX);
    let reading = Reading {
        incoming: Incoming::new(Box::pin(response.bytes_stream()), room),
        events: head.media_type().as_deref() == Some("text/event-stream"),
        limit,
        deadline,
        timeout,
    };
    reading.read(head).await
}

/// Undoes the content coding of a body that is there as it was on the wire, up to `limit` bytes.
/// `head` is the head of its response.
pub async fn undone_body(head: &Response, raw: Vec<u8>, limit: u64) -> Body {
    const TIMEOUT: Duration = Duration::from_secs(10);
    let chunks = futures_util::stream::iter([Ok::<_, reqwest::Error>(raw)]);
    let reading = Reading {
        incoming: Incoming::new(chunks, usize::try_from(limit).unwrap_or(usize::MAX)),
        events: false,
        limit,
        deadline: Instant::now() + TIMEOUT,
        timeout: TIMEOUT,
    };
    reading.read(head).await
}

struct Reading<S> {
    incoming: Incoming<S>,
    /// It is an event stream.
    events: bool,
    limit: u64,
    deadline: Instant,
    timeout: Duration,
}

/// A body without its codings, and how undoing them ended.
type Undone = (Body, CodingEnd);

/// Why the reading of a body stopped before its end.
enum Stop<'a> {
    Failed(&'a (dyn Error + 'static)),
    TimedOut,
    Full,
}

impl<S, B> Reading<S>
where
    S: Stream<Item = reqwest::Result<B>> + Send + Unpin + 'static,
    B: AsRef<[u8]> + 'static,
{
    async fn read(self, head: &Response) -> Body {
        // The first bytes decide how the rest is read.
        loop {
            let more = timeout_at(self.deadline, self.incoming.more()).await;
            let raw = || self.incoming.take_raw();
            match more {
                Ok(Ok(true)) if self.incoming.with_raw(<[u8]>::len) < MAGIC => {}
                Ok(Ok(_)) => return self.whole(head).await,
                Ok(Err(error)) => return self.ended(raw(), Err(Stop::Failed(&error))),
                Err(_) => return self.ended(raw(), Err(Stop::TimedOut)),
            }
        }
    }

    /// The body, of which some has come.
    async fn whole(&self, head: &Response) -> Body {
        let first = self.incoming.with_raw(<[u8]>::to_vec);
        let guess = Guess::of(head, &first);
        let name = guess.announced.join(", ");
        let reason = match guess.kind {
            Kind::Plain => return self.plain().await,
            Kind::False(reason) => reason,
            Kind::Coded(codings) => match self.undone(&first, &codings).await {
                Ok((body, end)) => {
                    let raw = self.incoming.take_raw();
                    let coding = Coding {
                        name: if name.is_empty() {
                            codings.join(", ")
                        } else {
                            name
                        },
                        length: raw.len() as u64,
                        raw: Some(RawBytes(raw)),
                        end,
                    };
                    let coding = Some(Box::new(coding));
                    return Body { coding, ..body };
                }
                Err(reason) => reason,
            },
        };
        let mut body = self.plain().await;
        // A body that only looked coded is kept as it is.
        if !name.is_empty() {
            body.coding = Some(Box::new(Coding {
                name,
                length: body.bytes.len() as u64,
                raw: None,
                end: CodingEnd::Broken { reason },
            }));
        }
        body
    }

    /// The body as it comes.
    async fn plain(&self) -> Body {
        let mut events = self.events.then(Events::default);
        loop {
            let answered = self.incoming.with_raw(|raw| {
                events
                    .as_mut()
                    .is_some_and(|events| events.hold_an_answer(raw))
            });
            if answered {
                return self.ended(self.incoming.take_raw(), Ok(()));
            }
            let more = timeout_at(self.deadline, self.incoming.more()).await;
            let raw = || self.incoming.take_raw();
            match more {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) if self.incoming.is_over() => {
                    return self.ended(raw(), Err(Stop::Full));
                }
                Ok(Ok(false)) => return self.ended(raw(), Ok(())),
                Ok(Err(error)) => return self.ended(raw(), Err(Stop::Failed(&error))),
                Err(_) => return self.ended(raw(), Err(Stop::TimedOut)),
            }
        }
    }

    /// The body with its codings undone. An error, in a few words, when it does not have these
    /// codings.
    async fn undone(&self, first: &[u8], codings: &[&'static str]) -> Result<Undone, String> {
        const PIECE: usize = 16 * 1024;
        let mut reader = undone(self.incoming.clone(), first, codings);
        let mut events = self.events.then(Events::default);
        let room = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        let mut piece = vec![0; PIECE];
        loop {
            let read = match timeout_at(self.deadline, reader.read(&mut piece)).await {
                Ok(Ok(read)) => read,
                // What was cut off at the limit is missing at the end.
                _ if self.incoming.is_over() => return Ok(self.full(bytes)),
                Ok(Err(error)) => return self.broken(bytes, &error, codings),
                Err(_) => {
                    let body = self.ended(bytes, Err(Stop::TimedOut));
                    return Ok((body, CodingEnd::Complete));
                }
            };
            if read == 0 {
                if self.incoming.is_over() {
                    return Ok(self.full(bytes));
                }
                return Ok((self.ended(bytes, Ok(())), CodingEnd::Complete));
            }
            let left = room - bytes.len();
            bytes.extend_from_slice(&piece[..read.min(left)]);
            if read > left {
                return Ok(self.full(bytes));
            }
            if events
                .as_mut()
                .is_some_and(|events| events.hold_an_answer(&bytes))
            {
                return Ok((self.ended(bytes, Ok(())), CodingEnd::Complete));
            }
        }
    }

    /// The limit was reached.
    fn full(&self, bytes: Vec<u8>) -> Undone {
        let end = CodingEnd::Truncated { limit: self.limit };
        (self.ended(bytes, Err(Stop::Full)), end)
    }

    /// The transport failed, or the coding is broken, or there was none: the body is plain text.
    fn broken(
        &self,
        bytes: Vec<u8>,
        error: &io::Error,
        codings: &[&'static str],
    ) -> Result<Undone, String> {
        let transport = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        if let Some(error) = transport {
            let body = self.ended(bytes, Err(Stop::Failed(error)));
            return Ok((body, CodingEnd::Complete));
        }
        let names = codings.join(", ");
        let is_text = |raw: &[u8]| match std::str::from_utf8(raw) {
            Ok(_) => true,
            // A character of which some bytes have come.
            Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
        };
        if self.incoming.with_raw(is_text) {
            return Err(format!("the bytes are not {names}: {error}"));
        }
        let reason = if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("the {names} data ended before its end")
        } else {
            format!("the {names} data is broken: {error}")
        };
        let mut body = Body::new(bytes);
        body.end = BodyEnd::CutOff {
            reason: reason.clone(),
        };
        Ok((body, CodingEnd::Broken { reason }))
    }

    fn ended(&self, bytes: Vec<u8>, end: Result<(), Stop<'_>>) -> Body {
        let mut body = Body::new(bytes);
        body.end = match end {
            Ok(()) => BodyEnd::Complete,
            Err(Stop::Full) => BodyEnd::Truncated { limit: self.limit },
            Err(Stop::Failed(error)) => BodyEnd::CutOff {
                reason: cut_off(error),
            },
            Err(Stop::TimedOut) => BodyEnd::CutOff {
                reason: format!("the time limit of {} was reached", in_seconds(self.timeout)),
            },
        };
        body
    }
}

/// How far a stream's events have been looked at.
#[derive(Default)]
struct Events {
    /// Where the event begins that is not complete yet.
    begin: usize,
    /// How far its end has been searched for.
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

    /// Just after the blank line that ends the event.
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
