//! Authorization responses (RFC 6749 section 4.1.2), good or bad, always with `iss` (RFC 9207
//! section 2).

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::response_mode::ResponseMode;
use super::store::Requested;
use super::{AuthorizationServer, page};
use crate::Misbehaviour;
use crate::web::{OAuthError, Params, no_store};

/// Where an answer goes, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) state: Option<&'a str>,
    pub(super) mode: ResponseMode,
}

impl<'a> Destination<'a> {
    /// Of a request that is not judged yet.
    pub(super) fn of_params(redirect_uri: &'a str, params: &'a Params) -> Self {
        Self {
            redirect_uri,
            state: params.get("state"),
            mode: ResponseMode::asked(params).unwrap_or(ResponseMode::Query),
        }
    }

    /// Of a request that passed every check.
    pub(super) fn of(requested: &'a Requested) -> Self {
        Self {
            redirect_uri: &requested.redirect_uri,
            state: requested.state.as_deref(),
            mode: requested.response_mode,
        }
    }
}

/// Tells the client what went wrong.
pub(super) fn error(server: &AuthorizationServer, to: Destination, error: &OAuthError) -> Response {
    let fields = [
        ("error", error.code()),
        ("error_description", error.description()),
    ];
    respond(server, to, &fields)
}

/// Sends these fields, with `state` and `iss`.
pub(super) fn respond(
    server: &AuthorizationServer,
    to: Destination,
    fields: &[(&str, &str)],
) -> Response {
    let mut fields = fields.to_vec();
    if server.is(Misbehaviour::CallbackWithoutCode) {
        fields.retain(|(name, _)| *name != "code");
    }
    if let Some(state) = to.state.filter(|_| !server.is(Misbehaviour::StateAltered)) {
        fields.push(("state", state));
    }
    match server.misbehaviour {
        Some(Misbehaviour::IssMissing) => {}
        Some(Misbehaviour::IssWrong) => fields.push(("iss", "https://login.example")),
        _ => fields.push(("iss", &server.issuer)),
    }
    match to.mode {
        ResponseMode::Query => redirect(to.redirect_uri, &fields),
        ResponseMode::FormPost => page::posted(to.redirect_uri, &fields),
    }
}

/// Sends the browser on to another server's authorization endpoint.
pub(super) fn elsewhere(endpoint: &str, request: &Params) -> Response {
    redirect(endpoint, &request.pairs().collect::<Vec<_>>())
}

fn redirect(redirect_uri: &str, fields: &[(&str, &str)]) -> Response {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let Ok(location) = HeaderValue::try_from(format!("{redirect_uri}{separator}{query}")) else {
        return page::refused("The redirect_uri cannot be written into a header.");
    };
    // 303 makes the browser GET the callback, and so keeps the password out of it (RFC 9700 section
    // 4.12).
    let mut response = no_store(StatusCode::SEE_OTHER.into_response());
    response.headers_mut().insert(header::LOCATION, location);
    response
}
