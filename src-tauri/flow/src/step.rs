//! Where a flow stands, what comes next, and what can be seen of it.

use trace::{Credential, Outcome, Phase, Purpose, Request, Secret, StopCode, Timestamp};

use crate::agenda::Errand;
use crate::judged::Judged;

/// A place in the flow, named for what it awaits.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The answer to the first call.
    ExpectChallenge,
    /// A protected resource metadata document; `attempt` counts the candidates from 0.
    ExpectResourceMetadata {
        attempt: usize,
    },
    /// An authorization server metadata document; `attempt` counts the candidates from 0.
    ExpectServerMetadata {
        attempt: usize,
    },
    /// The redirect URI, once the listener for it is open.
    ExpectListener,
    ExpectRegistration,
    /// The `request_uri` of a pushed authorization request.
    ExpectRequestUri,
    ExpectCallback,
    /// The code for the user and the one for the device.
    ExpectDeviceCode,
    /// The identity provider's metadata; `attempt` counts the candidates from 0.
    ExpectIdentityProvider {
        attempt: usize,
    },
    /// The identity provider's assertion for the authorization server.
    ExpectAssertion,
    ExpectToken,
    /// The answer to the first call with a token: `server/discover` or `initialize`.
    ExpectServerInfo,
    /// The acceptance of `notifications/initialized`.
    ExpectInitialized,
    ExpectTools,
    /// The answer of the tool that the setup names.
    ExpectToolResult,
    /// The rest of a stream that ended before its answer; `then` is the step that waits for it.
    ExpectEventStream {
        last_event_id: String,
        not_before: Timestamp,
        /// 1 for the first time.
        attempt: u8,
        then: Box<Step>,
    },
    /// The answer to a refresh request; `then` is where the flow was.
    ExpectRefresh {
        then: Box<Step>,
    },
    /// The answer to something the user asked for besides the flow.
    ExpectErrand(Box<Errand>),
    /// Nothing more, unless the user insists: then `otherwise` holds.
    Stopped {
        code: StopCode,
        message: String,
        otherwise: Option<Box<Judged>>,
    },
    Done {
        message: String,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Send this request and give the outcome to [`crate::Flow::judge`].
    Send(Plan),
    /// Send both at the same time and give the outcomes to [`crate::Flow::judge`].
    SendBoth(Box<[Plan; 2]>),
    /// Open the listener for the callback and give its redirect URI to [`crate::Flow::judge`].
    Listen,
    /// Send the browser to the request's URL and give the callback to [`crate::Flow::judge`].
    Browse(Plan),
    Stopped {
        code: StopCode,
        message: String,
        can_go_on: bool,
    },
    Done {
        message: String,
    },
}

/// A request with the words that explain it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub phase: Phase,
    pub purpose: Purpose,
    /// "Register this client"
    pub title: String,
    /// Why it is needed, in one sentence.
    pub why: String,
    /// A few words that say what the request carries.
    pub label: String,
    pub request: Request,
    /// The credentials that the request carries, and where they may go.
    pub credentials: Vec<Credential>,
    /// It is not sent before (RFC 8628 section 3.5: the time between two polls).
    pub not_before: Option<Timestamp>,
}

/// What came of a step.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// The request as it was sent, and what came back.
    Answer {
        request: &'a Request,
        outcome: &'a Outcome,
    },
    /// What came back to the two requests of [`Next::SendBoth`].
    Answers([&'a Outcome; 2]),
    /// The listener is open at this redirect URI.
    Listening { redirect_uri: &'a str },
    /// The browser came to the redirect URI with this request.
    Callback { request: &'a Request },
    /// It could not come about: no listener, no callback, no way through the pages.
    Failed { code: StopCode, message: &'a str },
}

/// The clock and the dice, handed in.
pub struct Hand<'a> {
    pub now: Timestamp,
    /// Fills the slice with random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

impl Hand<'_> {
    /// `bytes` random bytes as base64url.
    pub(crate) fn secret(&mut self, bytes: usize) -> Secret {
        let mut random = vec![0; bytes];
        (self.random)(&mut random);
        Secret::new(jose::encode(&random))
    }
}
