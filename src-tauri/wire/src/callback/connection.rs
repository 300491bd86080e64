//! One connection to the listener: one request, one page.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq;
use tokio::net::TcpStream;
use trace::{Body, Header, Pair, Request, Response, Secret, Timestamp, query_pairs};

use super::page::{Page, page, refusal};

/// For a request's head to arrive, and for all of a connection.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
const CONNECTION_LIMIT: Duration = Duration::from_secs(15);
/// Bytes of a request's head. A code can be some kilobytes long, and other programs' cookies for this host come along.
const HEAD_BYTES: usize = 64 * 1024;

/// What a callback looks like.
#[derive(Debug)]
pub(super) struct Expected {
    authority: String,
    path: String,
    state: Option<Secret>,
    /// The one callback was there.
    taken: AtomicBool,
}

pub(super) struct Callback {
    pub(super) request: Request,
    pub(super) response: Response,
    pub(super) at: Timestamp,
    pub(super) state_matches: bool,
}

impl Expected {
    pub(super) fn new(authority: String, path: String, state: Option<Secret>) -> Self {
        Self {
            authority,
            path,
            state,
            taken: AtomicBool::new(false),
        }
    }

    /// Without the expected `state` exactly once, the request is somebody else's (RFC 6749 section 10.12; section 3.1:
    /// no parameter more than once).
    fn state_matches(&self, pairs: &[Pair]) -> bool {
        let Some(expected) = &self.state else { return true };
        let mut states = pairs.iter().filter(|pair| pair.name == "state");
        match (states.next(), states.next()) {
            (Some(state), None) => state.value.as_bytes().ct_eq(expected.expose().as_bytes()).into(),
            _ => false,
        }
    }
}

/// Answers one request and closes the connection; the callback, if it was one, once its page is written.
pub(super) async fn serve(stream: TcpStream, expected: Arc<Expected>) -> Option<Callback> {
    let callback = Mutex::new(None);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (response, received) = answer(&request, &expected);
        if received.is_some() {
            *callback.lock().unwrap_or_else(PoisonError::into_inner) = received;
        }
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Ok(Err(error)) = tokio::time::timeout(CONNECTION_LIMIT, connection).await {
        tracing::debug!(%error, "a connection to the callback listener ended early");
    }
    callback.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn answer(
    request: &hyper::Request<Incoming>,
    expected: &Expected,
) -> (hyper::Response<String>, Option<Callback>) {
    let refused = |status, text| (to_hyper(&refusal(status, text)), None);
    let mut hosts = request.headers().get_all("host").iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    // Another name for this address is how a web page would reach us through its own (DNS rebinding).
    let ours = host.is_some_and(|host| host.eq_ignore_ascii_case(&expected.authority));
    if !ours || request.uri().authority().is_some() {
        return refused(400, "This is not the host of the redirect URI.");
    }
    if request.uri().path() != expected.path {
        return refused(404, "There is nothing here.");
    }
    if request.method() != hyper::Method::GET {
        return refused(405, "Only GET is answered here.");
    }
    if expected.taken.swap(true, Ordering::AcqRel) {
        return refused(410, "The answer was already received.");
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    let url = format!("http://{}{target}", expected.authority);
    let pairs = query_pairs(&url);
    let state_matches = expected.state_matches(&pairs);
    let response = page(&Page::of(&pairs, state_matches));
    let callback = Callback {
        request: Request {
            method: "GET".into(),
            url,
            headers: crate::outgoing::recorded(request.headers()),
            body: Body::empty(),
        },
        response: response.clone(),
        at: Timestamp::from_system(SystemTime::now()),
        state_matches,
    };
    (to_hyper(&response), Some(callback))
}

fn to_hyper(response: &Response) -> hyper::Response<String> {
    let mut out = hyper::Response::new(response.body.text().unwrap_or_default().to_string());
    *out.status_mut() = hyper::StatusCode::from_u16(response.status).unwrap_or_default();
    for Header { name, value } in &response.headers {
        let header = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        );
        if let (Ok(name), Ok(value)) = header {
            out.headers_mut().append(name, value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_matches_only_when_it_is_there_once_and_equal() {
        let expected = Expected::new("127.0.0.1:1".into(), "/".into(), Some(Secret::new("right")));
        let matches = |query: &str| expected.state_matches(&query_pairs(&format!("/?{query}")));
        assert!(matches("code=a&state=right"));
        for wrong in [
            "",
            "code=a",
            "state=",
            "state=Right",
            "state=right2",
            "state=righ",
            "state=right&state=right",
            "state=right&state=wrong",
            "State=right",
        ] {
            assert!(!matches(wrong), "{wrong}");
        }
        assert!(Expected::new(String::new(), String::new(), None).state_matches(&[]));
    }
}
