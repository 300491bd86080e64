//! The token endpoint (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::clients::Client;
use super::store::{Authorization, GrantId, Requested, Worthless};
use super::{AuthorizationServer, SCOPES, authorization_details, plain};
use crate::Misbehaviour;
use crate::jwt::s256;
use crate::web::{OAuthError, Params, answer, json_answer, media_type, no_store, scopes};

/// `POST /token`
pub(super) async fn token(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match grant(&server, &headers, &body).await {
        Ok(fields) => success(&server, fields),
        Err(error) => error.into_response(),
    }
}

async fn grant(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, OAuthError> {
    if media_type(headers) != "application/x-www-form-urlencoded" {
        let text = "The request has to be application/x-www-form-urlencoded";
        return Err(OAuthError::new("invalid_request", text));
    }
    let params = Params::parse(body);
    if let Some(name) = params.repeated() {
        return Err(OAuthError::new(
            "invalid_request",
            format!("{} is there twice", plain(name)),
        ));
    }
    let client = server.authenticate(headers, &params).await?;
    let grant_type = required(&params, "grant_type")?;
    let handler = match grant_type {
        "authorization_code" => exchange_code,
        "refresh_token" => refresh,
        "client_credentials" => own_behalf,
        _ => {
            let text = format!("The grant type {} is not supported", plain(grant_type));
            return Err(OAuthError::new("unsupported_grant_type", text));
        }
    };
    if !client.may_use(grant_type) {
        let text = format!("The client is not registered for {grant_type}");
        return Err(OAuthError::new("unauthorized_client", text));
    }
    handler(server, &client, &params)
}

/// RFC 6749 section 4.1.3, with RFC 7636 section 4.6 and RFC 8707 section 2.2.
fn exchange_code(
    server: &AuthorizationServer,
    client: &Client,
    params: &Params,
) -> Result<Map<String, Value>, OAuthError> {
    let code = required(params, "code")?;
    let verifier = required(params, "code_verifier")?;
    let requested = server
        .store()
        .look_at_code(code, super::now())
        .map_err(|worthless| {
            OAuthError::new(
                "invalid_grant",
                match worthless {
                    Worthless::Replayed => {
                        "The authorization code was used before; its tokens are revoked now"
                    }
                    Worthless::Expired => "The authorization code expired",
                    _ => "The authorization code is unknown",
                },
            )
        })?;
    check_code(&requested, client, params, verifier)?;
    let granted = &requested.authorization;
    let resources =
        AuthorizationServer::resources_of(params.all("resource"), &granted.resources, &granted.resources)?;

    let grant = {
        let mut store = server.store();
        let grant = store.add_grant(granted.clone());
        store.spend_code(code, grant);
        grant
    };
    let early = server.misbehaviour.is_some_and(Misbehaviour::expires_early)
        && server.store().early_token.authorized();
    let access = server.sign_access_token(grant, granted, &granted.scope, &resources, early)?;
    let id_token = match granted.scope.iter().any(|scope| scope == "openid") {
        true => Some(server.sign_id_token(granted, &access)?),
        false => None,
    };
    let mut fields = fields(server, access, granted, &granted.scope);
    if client.may_use("refresh_token") {
        fields.insert(
            "refresh_token".to_owned(),
            json!(server.store().add_refresh(grant)),
        );
    }
    if let Some(id_token) = id_token {
        fields.insert("id_token".to_owned(), json!(id_token));
    }
    Ok(fields)
}

fn check_code(
    requested: &Requested,
    client: &Client,
    params: &Params,
    verifier: &str,
) -> Result<(), OAuthError> {
    let refused = |text: &str| Err(OAuthError::new("invalid_grant", text));
    if requested.authorization.client_id != client.id {
        return refused("The authorization code was issued to another client");
    }
    // OAuth 2.1 leaves redirect_uri out of the token request; one that is sent has to be the same.
    if params
        .get("redirect_uri")
        .is_some_and(|uri| uri != requested.redirect_uri)
    {
        return refused("The redirect_uri is not the one of the authorization request");
    }
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(unreserved) {
        return refused("The code_verifier is not 43 to 128 unreserved characters");
    }
    if !bool::from(
        s256(verifier)
            .as_bytes()
            .ct_eq(requested.code_challenge.as_bytes()),
    ) {
        return refused("The code_verifier does not fit the code_challenge");
    }
    Ok(())
}

/// RFC 6749 section 6. Every refresh token is good for one use; using it again revokes all that came from it.
fn refresh(
    server: &AuthorizationServer,
    client: &Client,
    params: &Params,
) -> Result<Map<String, Value>, OAuthError> {
    let token = required(params, "refresh_token")?;
    match server.misbehaviour {
        Some(Misbehaviour::RefreshCatchAllError) => {
            return Err(OAuthError::new("invalid_request", "Token request failed"));
        }
        Some(Misbehaviour::RefreshInvalidRequest) => {
            let text = "The refresh token is invalid or has expired";
            return Err(OAuthError::new("invalid_request", text));
        }
        Some(Misbehaviour::RefreshTokenRejected) => {
            return Err(OAuthError::new(
                "invalid_grant",
                "The refresh token is invalid or has expired",
            ));
        }
        _ => {}
    }
    let (grant, granted) = server.store().look_at_refresh(token).map_err(|worthless| {
        OAuthError::new(
            "invalid_grant",
            match worthless {
                Worthless::Replayed => {
                    "The refresh token was used before; all tokens of its grant are revoked now"
                }
                Worthless::Revoked => "The refresh token was revoked",
                _ => "The refresh token is unknown",
            },
        )
    })?;
    if granted.client_id != client.id {
        return Err(OAuthError::new(
            "invalid_grant",
            "The refresh token was issued to another client",
        ));
    }
    let scope = match params.get("scope").map(scopes) {
        None => granted.scope.clone(),
        Some(asked) => narrowed(asked, &granted.scope)?,
    };
    let resources =
        AuthorizationServer::resources_of(params.all("resource"), &granted.resources, &granted.resources)?;
    let access = server.sign_access_token(grant, &granted, &scope, &resources, false)?;
    let mut fields = fields(server, access, &granted, &scope);
    let mut store = server.store();
    store.early_token.refreshed();
    store.rotate_refresh(token);
    fields.insert("refresh_token".to_owned(), json!(store.add_refresh(grant)));
    Ok(fields)
}

/// RFC 6749 section 4.4: a client on its own behalf; no refresh token.
fn own_behalf(
    server: &AuthorizationServer,
    client: &Client,
    params: &Params,
) -> Result<Map<String, Value>, OAuthError> {
    if !client.is_confidential() {
        let text = "A client that cannot authenticate has no behalf of its own";
        return Err(OAuthError::new("unauthorized_client", text));
    }
    let asked = scopes(params.get("scope").unwrap_or("mcp:read"));
    // The other scopes speak of a person, and there is none.
    let scope = narrowed(
        asked,
        &SCOPES[..2]
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect::<Vec<_>>(),
    )?;
    let known = &server.resources;
    let resources = AuthorizationServer::resources_of(params.all("resource"), known, &known[..1])?;
    let authorization = Authorization {
        client_id: client.id.clone(),
        subject: client.id.clone(),
        scope: scope.clone(),
        resources: resources.clone(),
        details: authorization_details::read(server, params)?,
        ..Authorization::default()
    };
    let grant: GrantId = server.store().add_grant(authorization.clone());
    let access = server.sign_access_token(grant, &authorization, &scope, &resources, false)?;
    Ok(fields(server, access, &authorization, &scope))
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, OAuthError> {
    params
        .get(name)
        .ok_or_else(|| OAuthError::new("invalid_request", format!("{name} is missing")))
}

fn narrowed(asked: Vec<String>, granted: &[String]) -> Result<Vec<String>, OAuthError> {
    match asked.iter().find(|scope| !granted.contains(scope)) {
        Some(more) => {
            let text = format!("The scope {} is more than can be granted here", plain(more));
            Err(OAuthError::new("invalid_scope", text))
        }
        None => Ok(asked),
    }
}

fn fields(
    server: &AuthorizationServer,
    access_token: String,
    granted: &Authorization,
    scope: &[String],
) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("access_token".to_owned(), json!(access_token));
    fields.insert("token_type".to_owned(), json!("Bearer"));
    fields.insert("expires_in".to_owned(), json!(server.access_token_lifetime()));
    fields.insert("scope".to_owned(), json!(scope.join(" ")));
    // RFC 9396 section 7.
    if let Some(details) = &granted.details {
        fields.insert("authorization_details".to_owned(), details.clone());
    }
    fields
}

/// RFC 6749 section 5.1.
fn success(server: &AuthorizationServer, fields: Map<String, Value>) -> Response {
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
        Some(Misbehaviour::TokenResponseCacheable) => json_answer(StatusCode::OK, &Value::Object(fields)),
        _ => no_store(json_answer(StatusCode::OK, &Value::Object(fields))),
    }
}
