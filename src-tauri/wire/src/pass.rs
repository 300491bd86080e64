//! Passes on the request of another client, and its answer, as they come.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use hyper::body::Bytes;
use tokio::time::Instant;
use trace::{Body, Outcome, Request, Response};

use crate::failure::{cut_off, invalid_request};
use crate::outgoing::{outgoing, recorded};
use crate::pulse::Awake;
use crate::send::{Sent, Wire};

/// The pieces of a body, one after the other, as their reader asks for them.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// An answer whose body is still coming.
pub struct Passed {
    /// What was sent and the head of the answer; the body of both is empty.
    pub sent: Sent,
    /// The body as it comes, with its content coding. `None` when there is no answer: then the
    /// outcome says why.
    pub body: Option<Chunks>,
}

impl Wire {
    /// Sends a request of somebody else's as it is, and reads the whole answer. Nothing is added to
    /// it but `accept: */*` where it names none, which means the same (RFC 9110 section 12.5.1).
    /// Whether its credentials may go there is up to its sender.
    pub async fn pass_on_whole(&self, request: Request) -> Sent {
        self.sent(request, &[], true).await
    }

    /// The same while the body of the request is still coming, up to the head of the answer, which
    /// may take as long as `patience`. What reads the answer's body decides how fast it comes, and
    /// so does the server with the request's.
    ///
    /// A `body` that is there as a whole is sent once more where the server had closed the
    /// connection that it was sent on.
    pub async fn pass_on(&self, head: Request, body: Passing, patience: Duration) -> Passed {
        let awake = Awake::begin();
        let deadline = Instant::now() + patience;
        let mut sent = Sent::begun(head);
        let out = match outgoing(&sent.request) {
            Ok(out) => out,
            Err(reason) => {
                sent.outcome = Outcome::Failure(invalid_request(reason));
                return Passed { sent, body: None };
            }
        };
        let again = match &body {
            Passing::Whole(bytes) => out.try_clone().map(|out| (out, bytes.clone())),
            Passing::Coming(_) => None,
        };
        let limits = (deadline, patience);
        let mut answered = self.head(with(out, body), &mut sent, limits, false).await;
        if let (Err(true), Some((out, bytes))) = (&answered, again) {
            let request = sent.request.clone();
            let first = std::mem::replace(&mut sent, Sent::begun(request));
            sent.lost = Some(Box::new(first));
            let out = with(out, Passing::Whole(bytes));
            answered = self.head(out, &mut sent, limits, true).await;
        }
        let Ok(response) = answered else {
            return Passed { sent, body: None };
        };
        sent.outcome = Outcome::Response(Response {
            status: response.status().as_u16(),
            headers: recorded(response.headers()),
            body: Body::empty(),
        });
        let chunks = response.bytes_stream();
        let chunks = chunks.map_err(move |error| {
            // The limits of the body's reader hold until its end.
            let _ = &awake;
            io::Error::other(cut_off(&error))
        });
        Passed {
            sent,
            body: Some(Box::pin(chunks)),
        }
    }
}

/// The body of a request that is passed on.
pub enum Passing {
    Whole(Bytes),
    Coming(Chunks),
}

fn with(mut out: reqwest::Request, body: Passing) -> reqwest::Request {
    *out.body_mut() = match body {
        Passing::Whole(bytes) if bytes.is_empty() => None,
        Passing::Whole(bytes) => Some(bytes.into()),
        Passing::Coming(chunks) => Some(reqwest::Body::wrap_stream(chunks.map(|chunk| chunk))),
    };
    out
}
