//! The token endpoint (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::clients::{DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE};
use super::token_request::{Fields, TokenRequest, required};
use super::{AuthorizationServer, assertion_grant, device, grants, token_exchange};
use crate::tls;
use crate::web::plain;
use crate::web::{OAuthError, Params, answer, json_answer, no_store};
use crate::{Endpoint, Misbehaviour};

/// `POST /token`
pub(super) async fn token(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(answer) = server.wrong_answer(Endpoint::Token) {
        return answer;
    }
    match server.misbehaviour {
        Some(Misbehaviour::TokenResponseUnusable) => {
            let text = "The code passed is incorrect or expired.";
            let error = json!({ "error": "bad_verification_code", "error_description": text });
            return no_store(json_answer(StatusCode::OK, &error));
        }
        Some(Misbehaviour::TokenErrorNotOauth) => {
            let error = json!({ "message": "Bad request", "statusCode": 400 });
            return no_store(json_answer(StatusCode::BAD_REQUEST, &error));
        }
        Some(Misbehaviour::TokenEndpointRedirects) => {
            let elsewhere = [(header::LOCATION, "/token/")];
            return (StatusCode::MOVED_PERMANENTLY, elsewhere).into_response();
        }
        _ => {}
    }
    match granted(&server, &headers, &body).await {
        Ok(fields) => success(&server, fields),
        Err(error) => error.into_response(),
    }
}

async fn granted(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Fields, OAuthError> {
    let params = Params::of_form(headers, body)?;
    let in_header =
        headers.contains_key(header::AUTHORIZATION) && params.get("client_id").is_none();
    if server.is(Misbehaviour::ClientIdIgnoredInBasic) && in_header {
        return Err(OAuthError::new("invalid_request", "Missing client_id"));
    }
    // Before the client authenticates: an assertion is good once, and a nonce makes the client come
    // again.
    let key = server
        .proven_key(headers, "/token")?
        .filter(|_| !server.is(Misbehaviour::DpopIgnored));
    let known = |grant_type: &str| server.grant_types().contains(&grant_type);
    // The client of an assertion is found out by the assertion.
    if params.get("grant_type") == Some(JWT_BEARER) && known(JWT_BEARER) {
        return assertion_grant::exchange(server, headers, &params, key).await;
    }
    let client = server.authenticate(headers, &params).await?;
    let grant_type = required(&params, "grant_type")?;
    let handler = match grant_type {
        _ if !known(grant_type) => return Err(unsupported(grant_type)),
        "authorization_code" => grants::exchange_code,
        "refresh_token" => grants::refresh,
        "client_credentials" => grants::own_behalf,
        DEVICE_CODE => device::poll,
        TOKEN_EXCHANGE => token_exchange::exchange,
        _ => return Err(unsupported(grant_type)),
    };
    if !client.may_use(grant_type) {
        let text = format!("The client is not registered for {grant_type}");
        return Err(OAuthError::new("unauthorized_client", text));
    }
    if key.is_none() && client.is_held_to("dpop_bound_access_tokens") {
        let text = "The client registered to prove possession of a key in every token request";
        return Err(OAuthError::new("invalid_dpop_proof", text));
    }
    handler(&TokenRequest {
        server,
        client,
        params: &params,
        key,
        certificate: tls::shown(headers),
    })
}

fn unsupported(grant_type: &str) -> OAuthError {
    let text = format!("The grant type {} is not supported", plain(grant_type));
    OAuthError::new("unsupported_grant_type", text)
}

/// RFC 6749 section 5.1.
fn success(server: &AuthorizationServer, mut fields: Fields) -> Response {
    match server.misbehaviour {
        Some(Misbehaviour::ScopeNarrowed) => fields.shift_remove("scope"),
        Some(Misbehaviour::AuthorizationDetailsDropped) => {
            fields.shift_remove("authorization_details")
        }
        Some(Misbehaviour::IssuedTokenTypeMissing) => fields.shift_remove("issued_token_type"),
        Some(Misbehaviour::TokenTypeMissing) => fields.shift_remove("token_type"),
        Some(Misbehaviour::ExpiresInNotANumber) => {
            let quoted = fields
                .get("expires_in")
                .map(|seconds| json!(seconds.to_string()));
            quoted.and_then(|quoted| fields.insert("expires_in".to_owned(), quoted))
        }
        Some(Misbehaviour::TokenAnswerMemberWrong) => {
            let in_milliseconds = json!(3_600_000_000_000_u64);
            fields.insert("expires_in".to_owned(), in_milliseconds)
        }
        _ => None,
    };
    match server.misbehaviour {
        Some(Misbehaviour::TokenResponseFormEncoded) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &fields {
                let number = value.to_string();
                form.append_pair(name, value.as_str().unwrap_or(&number));
            }
            no_store(answer(
                StatusCode::OK,
                "application/x-www-form-urlencoded",
                form.finish(),
            ))
        }
        Some(Misbehaviour::TokenResponseCacheable) => {
            json_answer(StatusCode::OK, &Value::Object(fields))
        }
        _ => no_store(json_answer(StatusCode::OK, &Value::Object(fields))),
    }
}
