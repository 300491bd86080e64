//! What one request is answered, and whether it is the callback.

use std::time::SystemTime;

use subtle::ConstantTimeEq;
use tiny_http::Method;
use trace::{Body, Header, Pair, Request, Response, Secret, Timestamp, query_pairs};

use super::page::{Page, not_allowed, page, refusal};
use super::settings::CallbackMethod;

/// The longest body that is read, in bytes.
pub(super) const MOST_BODY: usize = 64 * 1024;

/// What a callback looks like.
pub(super) struct Expected {
    pub(super) method: CallbackMethod,
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
    /// The answer to what is no callback. Else how many bytes of body belong to it.
    pub(super) fn judge(&self, request: &tiny_http::Request) -> Result<usize, Response> {
        let mut hosts = request
            .headers()
            .iter()
            .filter(|header| header.field.equiv("host"));
        // Another name for this address is how a web page would reach us through its own (DNS
        // rebinding).
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
        match self.method {
            CallbackMethod::Query if *request.method() != Method::Get => Err(not_allowed("GET")),
            CallbackMethod::Query if request.body_length().is_some_and(|length| length > 0) => {
                Err(refusal(400, "A body is not read here."))
            }
            CallbackMethod::Query => Ok(0),
            CallbackMethod::FormPost if *request.method() != Method::Post => {
                Err(not_allowed("POST"))
            }
            CallbackMethod::FormPost => form_length(request),
        }
    }

    /// The callback, of a request that passed and its body; or the answer to a body that is no
    /// form.
    pub(super) fn callback(
        &self,
        request: &tiny_http::Request,
        body: Vec<u8>,
    ) -> Result<Callback, Response> {
        let pairs = match self.method {
            CallbackMethod::Query => query_pairs(request.url()),
            CallbackMethod::FormPost => {
                let form =
                    std::str::from_utf8(&body).map_err(|_| refusal(400, "This is not a form."))?;
                trace::pairs(form)
            }
        };
        let state_matches = self.state_matches(&pairs);
        Ok(Callback {
            response: page(&Page::of(&pairs, state_matches)),
            request: Request {
                method: request.method().as_str().into(),
                url: format!("http://{}{}", self.authority, request.url()),
                headers: recorded(request.headers()),
                body: Body::new(body),
            },
            at: Timestamp::from_system(SystemTime::now()),
            state_matches,
        })
    }

    /// Without the expected `state` exactly once, the request is somebody else's (RFC 6749 section
    /// 10.12; section 3.1: no parameter more than once).
    fn state_matches(&self, pairs: &[Pair]) -> bool {
        let Some(expected) = &self.state else {
            return true;
        };
        let mut states = pairs.iter().filter(|pair| pair.name == "state");
        match (states.next(), states.next()) {
            (Some(state), None) => state
                .value
                .as_bytes()
                .ct_eq(expected.expose().as_bytes())
                .into(),
            _ => false,
        }
    }
}

/// How long the body of a form is; the guard let in no other than one of a clear length.
fn form_length(request: &tiny_http::Request) -> Result<usize, Response> {
    let mut media = request
        .headers()
        .iter()
        .filter(|header| header.field.equiv("content-type"));
    let is_form = match (media.next(), media.next()) {
        (Some(media), None) => {
            let essence = media.value.as_str().split(';').next().unwrap_or_default();
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }
        _ => false,
    };
    if is_form {
        Ok(request.body_length().unwrap_or_default().min(MOST_BODY))
    } else {
        Err(refusal(415, "Only a form is read here."))
    }
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
            method: CallbackMethod::Query,
            authority: "127.0.0.1:1".into(),
            path: "/".into(),
            state: state.map(Secret::new),
        }
    }

    #[test]
    fn the_state_matches_only_when_it_is_there_once_and_equal() {
        let matches = |query: &str| {
            expected(Some("right")).state_matches(&query_pairs(&format!("/?{query}")))
        };
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
