//! The authorization endpoint (RFC 6749 section 4.1.1) with PKCE, resource indicators and `iss`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use url::{Url, form_urlencoded};

use super::clients::Client;
use super::store::{Authorization, Requested};
use super::{AuthorizationServer, SCOPES, now, page, plain};
use crate::Misbehaviour;
use crate::web::{OAuthError, Params, is_loopback, media_type, no_store, scopes};

/// The one person who can log in.
const USER: (&str, &str) = ("alice", "wonderland");
/// From here on a port is one that the system picked, on Linux at least; elsewhere such begin higher.
const FIRST_RANDOM_PORT: u16 = 32768;

/// `GET /authorize`
pub(super) async fn from_query(
    State(server): State<Arc<AuthorizationServer>>,
    RawQuery(query): RawQuery,
) -> Response {
    authorize(&server, &Params::parse(query.unwrap_or_default().as_bytes()))
}

/// `POST /authorize` with a form (OpenID Connect Core section 3.1.2.1)
pub(super) async fn from_form(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if media_type(&headers) != "application/x-www-form-urlencoded" {
        return page::refused("The request is not a form.");
    }
    authorize(&server, &Params::parse(&body))
}

/// `POST /authorize/decision`: what the person at the page decided. Approving is the default, as the page's first
/// button is.
pub(super) async fn decide(State(server): State<Arc<AuthorizationServer>>, body: Bytes) -> Response {
    let params = Params::parse(&body);
    let key = params.get("transaction").unwrap_or_default();
    let Some(requested) = server.store().pending(key, now()) else {
        return page::refused("This page is too old, or was answered before. Start again in the client.");
    };
    if params.get("decision") == Some("deny") {
        server.store().forget_pending(key);
        let error = OAuthError::new("access_denied", "The person said no");
        return error_redirect(
            &server,
            &requested.redirect_uri,
            requested.state.as_deref(),
            &error,
        );
    }
    if (params.get("username"), params.get("password")) != (Some(USER.0), Some(USER.1)) {
        let client = server
            .store()
            .clients
            .get(&requested.authorization.client_id)
            .cloned();
        let notice = Some("The user name or the password is wrong.");
        return page::consent(
            StatusCode::FORBIDDEN,
            &requested,
            client.as_ref(),
            key,
            USER,
            notice,
        );
    }
    server.store().forget_pending(key);
    grant(&server, requested)
}

fn authorize(server: &AuthorizationServer, params: &Params) -> Response {
    // Until the redirect URI is known to be the client's, errors are only shown (RFC 6749 section 4.1.2.1).
    let (client, redirect_uri) = match find_client(server, params) {
        Ok(found) => found,
        Err(text) => return page::refused(&text),
    };
    let requested = match check(server, &client, &redirect_uri, params) {
        Ok(requested) => requested,
        Err(error) => return error_redirect(server, &redirect_uri, params.get("state"), &error),
    };
    if server.auto_approve {
        return grant(server, requested);
    }
    let key = server.store().keep_pending(requested.clone(), now());
    page::consent(StatusCode::OK, &requested, Some(&client), &key, USER, None)
}

fn find_client(server: &AuthorizationServer, params: &Params) -> Result<(Client, String), String> {
    if let Some(name @ ("client_id" | "redirect_uri")) = params.repeated() {
        return Err(format!("{name} is there twice."));
    }
    let id = params.get("client_id").ok_or("client_id is missing.")?;
    let client = server
        .store()
        .clients
        .get(id)
        .cloned()
        .ok_or("The client_id is unknown.")?;
    let redirect_uri = match (params.get("redirect_uri"), client.redirect_uris.as_slice()) {
        (Some(uri), _) if client.has_redirect_uri(uri) => uri.to_owned(),
        (Some(_), _) => return Err("The redirect_uri is not registered for this client.".to_owned()),
        (None, [only]) => only.clone(),
        (None, _) => return Err("redirect_uri is missing.".to_owned()),
    };
    if server.is(Misbehaviour::RedirectUriRejected) && has_random_loopback_port(&redirect_uri) {
        return Err("invalid redirect URI".to_owned());
    }
    Ok((client, redirect_uri))
}

fn check(
    server: &AuthorizationServer,
    client: &Client,
    redirect_uri: &str,
    params: &Params,
) -> Result<Requested, OAuthError> {
    let wrong = |code: &'static str, text: &str| Err(OAuthError::new(code, text));
    if let Some(name) = params.repeated() {
        return Err(OAuthError::new(
            "invalid_request",
            format!("{} is there twice", plain(name)),
        ));
    }
    if params.get("request").is_some() {
        return wrong("request_not_supported", "Request objects are not supported");
    }
    if params.get("request_uri").is_some() {
        return wrong("request_uri_not_supported", "Request objects are not supported");
    }
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => return wrong("unsupported_response_type", "The only response_type here is code"),
        None => return wrong("invalid_request", "response_type is missing"),
    }
    if !client.may_use("authorization_code") {
        return wrong(
            "unauthorized_client",
            "The client is not registered for authorization_code",
        );
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return wrong("invalid_request", "The only response_mode here is query");
    }
    let Some(code_challenge) = params.get("code_challenge") else {
        return wrong("invalid_request", "code_challenge is missing");
    };
    // Left out, the method would be plain (RFC 7636 section 4.3).
    if params.get("code_challenge_method") != Some("S256") {
        return wrong("invalid_request", "The only code_challenge_method here is S256");
    }
    let base64url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if code_challenge.len() != 43 || !code_challenge.chars().all(base64url) {
        return wrong(
            "invalid_request",
            "The code_challenge is no SHA-256 hash in base64url",
        );
    }
    let scope = scopes(params.get("scope").unwrap_or("mcp:read"));
    if let Some(unknown) = scope.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        let text = format!("The scope {} is unknown", plain(unknown));
        return Err(OAuthError::new("invalid_scope", text));
    }
    let known = &server.resources;
    let resources = AuthorizationServer::resources_of(params.all("resource"), known, &known[..1])?;
    if params.get("prompt") == Some("none") && !server.auto_approve {
        return wrong("login_required", "Nobody is logged in");
    }
    Ok(Requested {
        authorization: Authorization {
            client_id: client.id.clone(),
            subject: USER.0.to_owned(),
            scope,
            resources,
            nonce: params.get("nonce").map(str::to_owned),
            auth_time: Some(now()),
        },
        redirect_uri: redirect_uri.to_owned(),
        state: params.get("state").map(str::to_owned),
        code_challenge: code_challenge.to_owned(),
    })
}

fn grant(server: &AuthorizationServer, requested: Requested) -> Response {
    let (redirect_uri, state) = (requested.redirect_uri.clone(), requested.state.clone());
    let code = server.store().add_code(requested, now());
    redirect(server, &redirect_uri, state.as_deref(), &[("code", &code)])
}

fn error_redirect(
    server: &AuthorizationServer,
    redirect_uri: &str,
    state: Option<&str>,
    error: &OAuthError,
) -> Response {
    let fields = [
        ("error", error.code()),
        ("error_description", error.description()),
    ];
    redirect(server, redirect_uri, state, &fields)
}

/// An authorization response, good or bad, always with `iss` (RFC 9207 section 2).
fn redirect(
    server: &AuthorizationServer,
    redirect_uri: &str,
    state: Option<&str>,
    fields: &[(&str, &str)],
) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    if let Some(state) = state.filter(|_| !server.is(Misbehaviour::StateAltered)) {
        query.append_pair("state", state);
    }
    match server.misbehaviour {
        Some(Misbehaviour::IssMissing) => &mut query,
        Some(Misbehaviour::IssWrong) => query.append_pair("iss", "https://login.example"),
        _ => query.append_pair("iss", &server.issuer),
    };
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{separator}{}", query.finish());
    let Ok(location) = HeaderValue::try_from(location) else {
        return page::refused("The redirect_uri cannot be written into a header.");
    };
    // 303 makes the browser GET the callback, and so keeps the password out of it (RFC 9700 section 4.12).
    let mut response = no_store(StatusCode::SEE_OTHER.into_response());
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn has_random_loopback_port(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    url.host_str().is_some_and(is_loopback) && url.port().is_some_and(|port| port >= FIRST_RANDOM_PORT)
}
