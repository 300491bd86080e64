//! Everything else: passed on and handed on as it comes.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;
use trace::{Outcome, Purpose, Response};
use wire::Passing;

use crate::head::{body_length, sent_head};
use crate::limits::Limit;
use crate::messages::Mapping;
use crate::proxy::{Asking, Proxy, locked};
use crate::serve::{Closed, Out, refusal};
use crate::stream::{Asked, Begin, handed_on};

/// A body of a known length up to this is read first, so that it can be sent once more where the
/// server closes the connection that it came on.
const SMALL: u64 = 64 * 1024;

impl Proxy {
    pub(crate) async fn call(
        self: &Arc<Self>,
        mut asking: Asking,
        body: Incoming,
    ) -> Result<hyper::Response<Out>, Closed> {
        let limits = self.limits().clone();
        let length = body.size_hint().exact();
        if length.is_some_and(|length| length > limits.request) {
            let why = "The body is too large.";
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, why));
        }
        let small = length.is_some_and(|length| length <= SMALL);
        let (entry, passing) = if small {
            let Ok(read) = timeout(limits.patience, body.collect()).await else {
                let why = "The body did not come in time.";
                return Ok(refusal(StatusCode::REQUEST_TIMEOUT, why));
            };
            let bytes = read.map_err(|_| Closed)?.to_bytes();
            asking.request.body.bytes = bytes.to_vec();
            asking.client.body.bytes = bytes.to_vec();
            let entry = Arc::new(self.begin(Purpose::Unknown, &asking));
            asking.request.body.bytes = Vec::new();
            (entry, Passing::Whole(bytes))
        } else {
            let entry = Arc::new(self.begin(Purpose::Unknown, &asking));
            let asked = Asked::new(body, entry.clone(), limits.request, limits.patience);
            (entry, Passing::Coming(Box::pin(asked)))
        };
        let proof = asking.request.header_value("dpop").is_some();
        let passed = self
            .wire
            .pass_on(asking.request.clone(), passing, limits.answer)
            .await;
        entry.connected(passed.sent.timings.clone(), passed.sent.connection.clone());
        let (response, chunks) = match (passed.sent.outcome, passed.body) {
            (Outcome::Response(response), Some(chunks)) => (response, chunks),
            (failure, _) => {
                entry.answered(failure.clone(), failure, None);
                return Err(Closed);
            }
        };
        if self.replaces() {
            let named = locked(&self.state).known.take_challenge(&response.headers);
            if let Some(origin) = named {
                self.open(origin).await;
            }
        }
        if proof {
            self.meets(Limit::DpopProof);
            if response.status == StatusCode::UNAUTHORIZED.as_u16() {
                entry.says_nothing();
            }
        }
        if self.meets_limit(Limit::ResourceIsOurs)
            && response.status == StatusCode::UNAUTHORIZED.as_u16()
            && asking.request.header_value("authorization").is_some()
        {
            entry.says_nothing();
        }
        let client = self.seen(&asking, &response);
        let begin = self.first_event(&asking, &response);
        let length = body_length(&asking.request.method, &response);
        let out = sent_head(&client, handed_on(chunks, entry.clone(), length, begin));
        entry.answered(Outcome::Response(response), Outcome::Response(client), None);
        Ok(out)
    }

    /// The older transport begins with an event that says where messages are sent (2024-11-05
    /// basic/transports, "HTTP with SSE"): to us.
    fn first_event(self: &Arc<Self>, asking: &Asking, response: &Response) -> Option<Begin> {
        let events = response.media_type().as_deref() == Some("text/event-stream");
        let plain = response.header_value("content-encoding").is_none();
        if !(self.replaces() && asking.request.method == "GET" && events && plain) {
            return None;
        }
        let (proxy, host) = (self.clone(), asking.host.clone());
        let url = asking.request.url.clone();
        Some(Box::new(move |event| {
            let state = locked(&proxy.state);
            let mapping = Mapping {
                places: &state.places,
                host: &host,
            };
            mapping.endpoint_event(event, &url)
        }))
    }

    /// The head of the answer as the client sees it.
    fn seen(&self, asking: &Asking, response: &Response) -> Response {
        if !self.replaces() {
            return response.clone();
        }
        let state = locked(&self.state);
        let mapping = Mapping {
            places: &state.places,
            host: &asking.host,
        };
        Response {
            headers: mapping.headers(&response.headers, &asking.request.url),
            ..response.clone()
        }
    }
}
