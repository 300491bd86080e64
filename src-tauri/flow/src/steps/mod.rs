//! One file per step: each is a pair of pure functions, what to send and what to make of the
//! answer.

pub(crate) mod assertion;
pub(crate) mod authorization;
pub(crate) mod beginning;
pub(crate) mod challenge;
pub(crate) mod device;
pub(crate) mod errand;
pub(crate) mod event_stream;
pub(crate) mod mcp;
pub(crate) mod pushed;
pub(crate) mod refresh;
pub(crate) mod registration;
pub(crate) mod request_object;
pub(crate) mod resource_metadata;
pub(crate) mod server_metadata;
pub(crate) mod step_up;
pub(crate) mod token;
pub(crate) mod tool;

use serde_json::Value;
use trace::{Failure, Outcome, Request, Response, StopCode, Verdict, origin_of};
use url::Url;

use crate::facts::Redirect;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::step::Step;

/// How many redirects of one request are followed.
const MOST_REDIRECTS: u8 = 5;

/// Follows a redirect where a client may: a GET anywhere, a POST only by 307 or 308 within its
/// origin, since it may carry a token (RFC 9110 section 15.4). `Err` gives the flow back when there
/// is nothing to follow.
pub(crate) fn redirect(
    mut flow: Flow,
    request: &Request,
    outcome: &Outcome,
) -> Result<Judged, Box<Flow>> {
    let Outcome::Response(response) = outcome else {
        return Err(Box::new(flow));
    };
    let keeps_method = matches!(response.status, 307 | 308);
    let is_get = request.method == "GET";
    if !(keeps_method || is_get && matches!(response.status, 301..=303)) {
        return Err(Box::new(flow));
    }
    // Credentials in a body are for the endpoint alone that they were sent to.
    let carries_credentials = matches!(
        flow.step,
        Step::ExpectToken
            | Step::ExpectRefresh { .. }
            | Step::ExpectRequestUri
            | Step::ExpectDeviceCode
            | Step::ExpectAssertion
            | Step::ExpectErrand(_)
    );
    let target = response.header_value("location").and_then(|location| {
        let target = Url::parse(&request.url).ok()?.join(location).ok()?;
        matches!(target.scheme(), "http" | "https").then(|| target.to_string())
    });
    let Some(target) = target.filter(|_| !carries_credentials) else {
        return Err(Box::new(flow));
    };
    if !is_get && origin_of(&target) != origin_of(&request.url) {
        return Err(Box::new(flow));
    }
    let earlier = flow.facts.redirect.take();
    let hops = earlier.as_ref().map_or(0, |redirect| redirect.hops);
    if hops == MOST_REDIRECTS {
        flow.facts.redirect = earlier;
        return Err(Box::new(flow));
    }
    let verdict = Verdict::moved_on(format!("→ {target}"));
    let crosses = origin_of(&target) != origin_of(&request.url);
    flow.facts.redirect = Some(Redirect {
        url: target,
        hops: hops + 1,
        left_origin: crosses || earlier.is_some_and(|redirect| redirect.left_origin),
    });
    Ok(Judged::stay(flow, verdict))
}

/// Stops because there was no response.
pub(crate) fn no_response(flow: Flow, failure: &Failure) -> Judged {
    Judged::stop(
        flow,
        StopCode::Transport,
        "no response",
        failure.message.clone(),
    )
}

/// The JSON object of a body, when it is one.
pub(crate) fn json_object(response: &Response) -> Option<serde_json::Map<String, Value>> {
    match serde_json::from_slice(&response.body.bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// What an OAuth error answer says (RFC 6749 section 5.2), or what came instead.
pub(crate) fn oauth_error(response: &Response) -> OauthError {
    type Standard = oauth2::StandardErrorResponse<oauth2::basic::BasicErrorResponseType>;
    match serde_json::from_slice::<Standard>(&response.body.bytes) {
        Ok(standard) => OauthError {
            code: Some(standard.error().to_string()),
            description: standard.error_description().cloned(),
        },
        Err(_) => OauthError {
            code: None,
            description: None,
        },
    }
}

pub(crate) struct OauthError {
    pub code: Option<String>,
    pub description: Option<String>,
}

impl OauthError {
    /// "invalid_grant: the code is unknown", or the status when there is no error code.
    pub fn words(&self, status: u16) -> String {
        match (&self.code, &self.description) {
            (Some(code), Some(description)) => format!("{code}: {description}"),
            (Some(code), None) => code.clone(),
            (None, _) => format!("status {status} without an OAuth error"),
        }
    }
}

/// The values of a list as one scope, each once, in the order they came.
pub(crate) fn scope_of<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut scopes: Vec<&str> = Vec::new();
    for value in values.into_iter().flat_map(str::split_whitespace) {
        if !scopes.contains(&value) {
            scopes.push(value);
        }
    }
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// Whether a URL can be requested or opened.
pub(crate) fn is_http(url: &str) -> bool {
    origin_of(url).is_some()
}
