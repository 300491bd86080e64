//! What is seen of a watched browser.

use std::time::Duration;

use trace::{Body, BodyEnd, Outcome, Recording, Request, Timestamp};

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
