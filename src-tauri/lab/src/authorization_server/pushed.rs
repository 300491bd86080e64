//! The pushed authorization request endpoint (RFC 9126).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::client_authentication::PARAMETERS;
use super::pushed_requests::LIFETIME;
use super::{AuthorizationServer, request, request_object};
use crate::Misbehaviour;
use crate::clock::now;
use crate::web::{OAuthError, Params, json_answer, no_store};

/// `POST /par`
pub(super) async fn push(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match pushed(&server, &headers, &body).await {
        Ok(answer) => {
            let status = match server.misbehaviour {
                Some(Misbehaviour::PushedStatusNotCreated) => StatusCode::OK,
                _ => StatusCode::CREATED,
            };
            no_store(json_answer(status, &answer))
        }
        Err(error) => error.into_response(),
    }
}

async fn pushed(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, OAuthError> {
    let wrong = |text: String| OAuthError::new("invalid_request", text);
    let params = Params::of_form(headers, body)?;
    if server.is(Misbehaviour::PushedRequestRejected) {
        return Err(wrong("The request cannot be pushed".to_owned()));
    }
    // Before the client authenticates: an assertion is good once, and a nonce makes the client come
    // again.
    let key = server.proven_key(headers, "/par")?;
    let client = server.authenticate(headers, &params).await?;
    if params.get("request_uri").is_some() {
        return Err(wrong("A request_uri cannot be pushed".to_owned()));
    }
    if params.get("client_id").is_none() {
        return Err(wrong("client_id is missing".to_owned()));
    }
    let params = params.without(PARAMETERS);
    let params = match params.get("request") {
        Some(object) => request_object::read(server, &client, object)?,
        None => request_object::plain_allowed(&client, &params)?,
    };
    let params = bound(params, key)?;
    let (client, redirect_uri) = request::find_client(server, &params).map_err(wrong)?;
    request::check(server, &client, &redirect_uri, &params)?;
    let reference = server.store().pushed.keep(&client.id, params, now());
    Ok(match server.misbehaviour {
        Some(Misbehaviour::PushedAnswerUnusable) => json!({ "expires_in": LIFETIME }),
        _ => json!({ "request_uri": reference, "expires_in": LIFETIME }),
    })
}

/// The parameters with the key of the request's proof in them (RFC 9449 section 10.1).
fn bound(params: Params, key: Option<String>) -> Result<Params, OAuthError> {
    match (params.get("dpop_jkt"), key) {
        (_, None) => Ok(params),
        (Some(named), Some(key)) if named != key => Err(OAuthError::new(
            "invalid_dpop_proof",
            "The dpop_jkt is not the thumbprint of the proven key",
        )),
        (Some(_), Some(_)) => Ok(params),
        (None, Some(key)) => Ok(params.with("dpop_jkt", &key)),
    }
}
