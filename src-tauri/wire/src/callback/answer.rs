//! What one request is answered, and whether it is the callback.

use std::time::SystemTime;

use subtle::ConstantTimeEq;
use tiny_http::Method;
use trace::{Body, Header, Pair, Request, Response, Secret, Timestamp, query_pairs};

use super::page::{Page, page, refusal};

/// What a callback looks like.
pub(super) struct Expected {
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) state: Option<Secret>,
}

pub(super) struct Callback {
    pub(super) request: Request,
    pub(super) response: Response,
    pub(super) at: Timestamp,
    pub(super) state_matches: bool,
}

impl Expected {
    /// The callback, or the answer to what is none.
    pub(super) fn judge(&self, request: &tiny_http::Request) -> Result<Callback, Response> {
        let mut hosts = request
            .headers()
            .iter()
            .filter(|header| header.field.equiv("host"));
        // Another name for this address is how a web page would reach us through its own (DNS rebinding).
        let ours = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.value.as_str().eq_ignore_ascii_case(&self.authority),
            _ => false,
        };
        let target = request.url();
        if !ours || !target.starts_with('/') {
            return Err(refusal(400, "This is not the host of the redirect URI."));
        }
        if target.split('?').next() != Some(&self.path) {
            return Err(refusal(404, "There is nothing here."));
        }
        if *request.method() != Method::Get {
            return Err(refusal(405, "Only GET is answered here."));
        }
        if has_body(request) {
            return Err(refusal(400, "A body is not read here."));
        }
        let url = format!("http://{}{target}", self.authority);
        let pairs = query_pairs(&url);
        let state_matches = self.state_matches(&pairs);
        Ok(Callback {
            response: page(&Page::of(&pairs, state_matches)),
            request: Request {
                method: "GET".into(),
                url,
                headers: recorded(request.headers()),
                body: Body::empty(),
            },
            at: Timestamp::from_system(SystemTime::now()),
            state_matches,
        })
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

/// The request announces a body, of any length.
pub(super) fn has_body(request: &tiny_http::Request) -> bool {
    let coded = |header: &tiny_http::Header| header.field.equiv("transfer-encoding");
    request.body_length().is_some_and(|length| length > 0) || request.headers().iter().any(coded)
}

fn recorded(headers: &[tiny_http::Header]) -> Vec<Header> {
    headers
        .iter()
        .map(|header| Header::new(header.field.as_str().as_str(), header.value.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(state: Option<&str>) -> Expected {
        Expected {
            authority: "127.0.0.1:1".into(),
            path: "/".into(),
            state: state.map(Secret::new),
        }
    }

    #[test]
    fn the_state_matches_only_when_it_is_there_once_and_equal() {
        let matches =
            |query: &str| expected(Some("right")).state_matches(&query_pairs(&format!("/?{query}")));
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
        assert!(expected(None).state_matches(&[]));
    }
}
