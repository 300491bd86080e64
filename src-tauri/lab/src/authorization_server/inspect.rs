//! Revocation (RFC 7009), introspection (RFC 7662) and userinfo (OpenID Connect Core section 5.3).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::AuthorizationServer;
use crate::Misbehaviour;
use crate::dpop::Proven;
use crate::web::{OAuthError, Params, Scheme, access_token, json_answer, no_store};

/// `POST /revoke`: a refresh token takes everything of its grant with it, an access token only
/// itself.
pub(super) async fn revoke(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match revoked(&server, &headers, &Params::parse(&body)).await {
        Ok(()) => no_store(StatusCode::OK.into_response()),
        Err(error) => error.into_response(),
    }
}

/// `POST /introspect`: for clients that authenticate.
pub(super) async fn introspect(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match introspected(&server, &headers, &Params::parse(&body)).await {
        Ok(_) if server.is(Misbehaviour::SideRequestFails) => {
            let text = "The token store does not answer";
            let error = json!({ "error": "server_error", "error_description": text });
            json_answer(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
        Ok(mut answer) => {
            if server.is(Misbehaviour::AnswerMemberWrong) {
                answer["active"] = answer["active"].to_string().into();
            }
            no_store(json_answer(StatusCode::OK, &answer))
        }
        Err(error) => error.into_response(),
    }
}

/// `GET` or `POST /userinfo`
pub(super) async fn userinfo(
    State(server): State<Arc<AuthorizationServer>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some((scheme, token)) = access_token(&headers) else {
        return challenge(StatusCode::UNAUTHORIZED, "Bearer");
    };
    let Ok(access) = server.check(token, None) else {
        return challenge(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"");
    };
    // Nonces are demanded at the token endpoint and at the MCP server; here a proof is enough.
    let request = Proven {
        headers: &headers,
        method: method.as_str(),
        path: "/userinfo",
        access_token: Some(token),
    };
    let proven = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => match server.userinfo_proofs.check(request) {
            Ok(Some(key)) => Some(key),
            _ => {
                let value = "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"";
                return challenge(StatusCode::UNAUTHORIZED, value);
            }
        },
    };
    if access.key != proven {
        let value = "DPoP error=\"invalid_token\", algs=\"ES256\"";
        return challenge(StatusCode::UNAUTHORIZED, value);
    }
    let has = |scope: &str| access.scope.iter().any(|known| known == scope);
    if !has("openid") {
        return challenge(
            StatusCode::FORBIDDEN,
            "Bearer error=\"insufficient_scope\", scope=\"openid\"",
        );
    }
    let subject = match server.misbehaviour {
        Some(Misbehaviour::UserinfoSubjectWrong) => "somebody-else",
        _ => &access.subject,
    };
    let mut claims = Map::from_iter([("sub".to_owned(), json!(subject))]);
    if has("profile") {
        claims.insert("name".to_owned(), json!("Alice Liddell"));
        claims.insert("preferred_username".to_owned(), json!(access.subject));
    }
    if has("email") {
        claims.insert("email".to_owned(), json!("alice@lab.example"));
        claims.insert("email_verified".to_owned(), json!(true));
    }
    no_store(json_answer(StatusCode::OK, &Value::Object(claims)))
}

async fn revoked(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    params: &Params,
) -> Result<(), OAuthError> {
    let client = server.authenticate(headers, params).await?;
    match server.misbehaviour {
        Some(Misbehaviour::RevokedTokenAccepted) => return Ok(()),
        Some(Misbehaviour::RevocationRefused) => {
            let text = "Revocation is for clients with a secret";
            return Err(OAuthError::unauthorized(
                "invalid_client",
                text,
                "Basic realm=\"lab\"",
            ));
        }
        _ => {}
    }
    let mut store = server.store();
    let token = params
        .get("token")
        .ok_or_else(|| OAuthError::new("invalid_request", "token is missing"))?;
    let another = || OAuthError::new("invalid_grant", "The token was issued to another client");
    if let Some(grant) = store.live_refresh(token) {
        if grant.authorization.client_id != client.id {
            return Err(another());
        }
        store.revoke_refresh(token);
    } else if let Some(claims) = server.own_claims(token) {
        if claims["client_id"] != client.id.as_str() {
            return Err(another());
        }
        store.revoke_access(claims["jti"].as_str().unwrap_or_default());
    }
    // A token that is unknown or dead already is a success too (RFC 7009 section 2.2).
    Ok(())
}

async fn introspected(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Value, OAuthError> {
    let client = server.authenticate(headers, params).await?;
    if !client.is_confidential() && !server.is(Misbehaviour::IntrospectionUnprotected) {
        let text = "Introspection is for clients that authenticate";
        return Err(OAuthError::unauthorized(
            "invalid_client",
            text,
            "Basic realm=\"lab\"",
        ));
    }
    let token = params
        .get("token")
        .ok_or_else(|| OAuthError::new("invalid_request", "token is missing"))?;
    if server.is(Misbehaviour::IntrospectionDisagrees) {
        return Ok(json!({ "active": false }));
    }
    if let Some(claims) = server.live_claims(token) {
        // RFC 9449 section 6.2.
        let token_type = if claims["cnf"]["jkt"].is_string() {
            "DPoP"
        } else {
            "Bearer"
        };
        let mut answer =
            json!({ "active": true, "token_type": token_type, "username": claims["sub"] });
        if let (Some(answer), Some(claims)) = (answer.as_object_mut(), claims.as_object()) {
            answer.extend(claims.clone());
        }
        return Ok(answer);
    }
    let store = server.store();
    Ok(match store.live_refresh(token) {
        Some(grant) => json!({
            "active": true,
            "client_id": grant.authorization.client_id,
            "sub": grant.authorization.subject,
            "scope": grant.authorization.scope.join(" "),
            "iss": server.issuer,
        }),
        None => json!({ "active": false }),
    })
}

fn challenge(status: StatusCode, value: &'static str) -> Response {
    let mut response = status.into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    response
}
