//! What is seen of a watched browser.

use std::time::Duration;

use trace::{
    Body, BodyEnd, Failure, FailureKind, Header, Outcome, Recorded, Recording, Request, Response,
    Timestamp,
};

/// What was seen of the browser.
#[derive(Debug)]
pub enum Seen {
    Hop(Box<Hop>),
    /// The user closed it.
    Closed,
}

/// What of a login a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A page, which the user sees in the address bar.
    Page,
    /// A document in a frame of a page.
    Frame,
    /// What a script of a page sends.
    Script,
}

/// A request of a login, and what came back.
#[derive(Debug)]
pub struct Hop {
    pub part: Part,
    pub request: Request,
    pub outcome: Outcome,
    pub started: Timestamp,
    pub total: Duration,
    pub recorded: Recording,
}

/// A body as far as it is kept.
pub(crate) fn limited(mut bytes: Vec<u8>, limit: u64) -> Body {
    let is_longer = bytes.len() as u64 > limit;
    bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut body = Body::new(bytes);
    if is_longer {
        body.end = BodyEnd::Truncated { limit };
    }
    body
}

/// What came back: a response, whose body may not have been kept.
pub(crate) fn response(
    status: Option<u64>,
    headers: Vec<Header>,
    body: Option<Body>,
    recorded: &mut Recording,
) -> Outcome {
    if body.is_none() {
        recorded.response_body = Recorded::NotRecorded;
    }
    Outcome::Response(Response {
        status: status.unwrap_or_default() as u16,
        headers,
        body: body.unwrap_or_else(Body::empty),
    })
}

/// What came back: nothing. `error` is what the browser says of it, if it had the time to.
pub(crate) fn failure(url: &str, error: Option<&str>, kind: fn(&str) -> FailureKind) -> Failure {
    let place = trace::origin_of(url).unwrap_or_else(|| url.to_owned());
    match error {
        Some(error) => Failure {
            kind: kind(error),
            message: format!("The browser got no answer from {place} ({error})."),
        },
        None => Failure {
            kind: FailureKind::Cancelled,
            message: format!("The browser was ended before {place} answered."),
        },
    }
}

/// The end of a request, at a time of the browser's own clock.
pub(crate) struct End {
    pub at: f64,
    /// The browser's error.
    pub failed: Option<String>,
}

/// From the browser's clock, which may be set back, and at most a day.
pub(crate) fn lasted(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0))
}
