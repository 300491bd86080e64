//! Bodies that pass as they come, at their reader's pace.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use tokio::time::{Sleep, sleep};
use trace::BodyEnd;
use wire::Chunks;

use crate::record::{Direction, Entry};
use crate::serve::Out;

/// A client's body on its way to the server.
pub struct Asked {
    incoming: Incoming,
    entry: Arc<Entry>,
    /// Bytes that may still come.
    room: u64,
    patience: Duration,
    /// Runs while a piece is waited for.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Asked {
    pub fn new(incoming: Incoming, entry: Arc<Entry>, room: u64, patience: Duration) -> Self {
        entry.streams(Direction::ToServer);
        Self {
            incoming,
            entry,
            room,
            patience,
            waiting: None,
        }
    }

    fn broken(&self, reason: &str) -> Poll<Option<io::Result<Bytes>>> {
        let end = BodyEnd::CutOff {
            reason: reason.into(),
        };
        self.entry.ended(Direction::ToServer, end);
        Poll::Ready(Some(Err(io::Error::other(reason.to_owned()))))
    }
}

impl Stream for Asked {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(None) => {
                    self.entry.ended(Direction::ToServer, BodyEnd::Complete);
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    return self.broken(&format!("the client's body is broken: {error}"));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    self.waiting = None;
                    // Frames that are not data are trailers, which are not passed on.
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    let Some(room) = self.room.checked_sub(data.len() as u64) else {
                        return self.broken("the client's body is too large");
                    };
                    self.room = room;
                    self.entry.piece(Direction::ToServer, &data);
                    return Poll::Ready(Some(Ok(data)));
                }
                Poll::Pending => {
                    let patience = self.patience;
                    let waiting = self
                        .waiting
                        .get_or_insert_with(|| Box::pin(sleep(patience)));
                    return match waiting.as_mut().poll(cx) {
                        Poll::Ready(()) => self.broken("the client's body did not come in time"),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

/// A server's body on its way to the client, of this length where the answer says so. `begin`
/// changes the first event of an event stream, once it is there; `None` where nothing of it is
/// changed.
pub fn handed_on(
    chunks: Chunks,
    entry: Arc<Entry>,
    length: Option<u64>,
    begin: Option<Begin>,
) -> Out {
    entry.streams(Direction::ToClient);
    let mut frames = HandedOn {
        chunks: Some(chunks),
        entry,
        missing: length,
    };
    frames.end_where_whole();
    let frames = frames.map(|chunk| chunk.map(Frame::data));
    match begin {
        None => StreamBody::new(frames).boxed_unsync(),
        Some(begin) => {
            let mut beginning = Beginning {
                held: Vec::new(),
                begin: Some(begin),
            };
            // What is still held back is sent at the end.
            let frames = frames.map(Some).chain(stream::iter([None]));
            let changed = frames.map(move |frame| match frame {
                None => Ok(Frame::data(beginning.rest())),
                Some(frame) => frame.map(|frame| match frame.into_data() {
                    Ok(data) => Frame::data(beginning.next(data)),
                    Err(other) => other,
                }),
            });
            StreamBody::new(changed).boxed_unsync()
        }
    }
}

/// What the first event of a stream becomes; `None` where it stays.
pub type Begin = Box<dyn FnOnce(&str) -> Option<String> + Send>;

/// Holds the first event back until it is whole.
struct Beginning {
    held: Vec<u8>,
    begin: Option<Begin>,
}

impl Beginning {
    /// A longer first event is never one that has to be changed.
    const MOST: usize = 8 * 1024;

    fn rest(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    fn next(&mut self, data: Bytes) -> Bytes {
        if self.begin.is_none() {
            return data;
        }
        self.held.extend_from_slice(&data);
        let text = String::from_utf8_lossy(&self.held);
        let whole = text.contains("\n\n") || text.contains("\r\n\r\n");
        if !whole && self.held.len() < Self::MOST {
            return Bytes::new();
        }
        let changed = self.begin.take().and_then(|begin| begin(&text));
        let held = std::mem::take(&mut self.held);
        changed.map_or(Bytes::from(held), Bytes::from)
    }
}

struct HandedOn {
    chunks: Option<Chunks>,
    entry: Arc<Entry>,
    /// Bytes that are still to come, where that is known.
    missing: Option<u64>,
}

impl HandedOn {
    /// Nobody asks for more of a body that is there as long as it was said to be.
    fn end_where_whole(&mut self) {
        if self.missing == Some(0) && self.chunks.take().is_some() {
            self.entry.ended(Direction::ToClient, BodyEnd::Complete);
        }
    }
}

impl Stream for HandedOn {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(chunks) = &mut self.chunks else {
            return Poll::Ready(None);
        };
        let chunk = match chunks.as_mut().poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(chunk) => chunk,
        };
        match &chunk {
            Some(Ok(data)) => {
                self.entry.piece(Direction::ToClient, data);
                let came = data.len() as u64;
                self.missing = self.missing.map(|missing| missing.saturating_sub(came));
                self.end_where_whole();
            }
            Some(Err(error)) => {
                let reason = error.to_string();
                self.chunks = None;
                self.entry
                    .ended(Direction::ToClient, BodyEnd::CutOff { reason });
            }
            None => {
                self.chunks = None;
                self.entry.ended(Direction::ToClient, BodyEnd::Complete);
            }
        }
        Poll::Ready(chunk)
    }
}
