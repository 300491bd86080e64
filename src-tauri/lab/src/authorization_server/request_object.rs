//! Authorization requests that are not plain parameters: pushed before (RFC 9126), or an object
//! (RFC 9101).

use serde_json::Value;

use super::AuthorizationServer;
use super::clients::Client;
use crate::clock::now;
use crate::jwt::Jws;
use crate::web::{OAuthError, Params};

/// The `typ` that a request object should have (RFC 9101 section 10.8); `JWT` and none are taken
/// too.
const TYPE: &str = "oauth-authz-req+jwt";
/// Claims that speak of the object, not of the request.
const ABOUT_THE_OBJECT: &[&str] = &["iss", "aud", "exp", "nbf", "iat", "jti"];

/// The parameters that count, where `outer` are those at the authorization endpoint.
///
/// # Errors
/// When the request came in a way that is not allowed, or its reference or object is not valid.
pub(super) fn effective(
    server: &AuthorizationServer,
    outer: &Params,
) -> Result<Params, OAuthError> {
    let id = outer.get("client_id").unwrap_or_default();
    let object = match (outer.get("request"), outer.get("request_uri")) {
        (Some(_), Some(_)) => {
            let text = "request and request_uri exclude each other";
            return Err(OAuthError::new("invalid_request", text));
        }
        (None, Some(reference)) => {
            let pushed = server.store().pushed.take(reference, id, now());
            let text = "The request_uri is unknown, expired, used before or another client's";
            return pushed.ok_or_else(|| OAuthError::new("invalid_request_uri", text));
        }
        (object, None) => object,
    };
    // An unknown client is someone else's to refuse.
    let Some(client) = server.store().clients.get(id).cloned() else {
        return Ok(outer.clone());
    };
    if server.options.require_par || client.is_held_to("require_pushed_authorization_requests") {
        let text = "The authorization request has to be pushed first";
        return Err(OAuthError::new("invalid_request", text));
    }
    match object {
        Some(object) => read(server, &client, object),
        None => plain_allowed(&client, outer),
    }
}

/// Plain parameters, unless the client is held to signing them (RFC 9101 section 10.5).
///
/// # Errors
/// `invalid_request` when it is.
pub(super) fn plain_allowed(client: &Client, params: &Params) -> Result<Params, OAuthError> {
    if client.is_held_to("require_signed_request_object") {
        return Err(OAuthError::new(
            "invalid_request",
            "The client registered to send signed request objects only",
        ));
    }
    Ok(params.clone())
}

/// The parameters in a request object: those and no others (RFC 9101 section 6.3).
///
/// An unsigned one is as good as plain parameters, so a client without a key may send it (OpenID
/// Connect Core section 6.1); one that has a key signs.
///
/// # Errors
/// `invalid_request_object`.
pub(super) fn read(
    server: &AuthorizationServer,
    client: &Client,
    object: &str,
) -> Result<Params, OAuthError> {
    let wrong = |text: &str| Err(OAuthError::new("invalid_request_object", text));
    let Some(object) = Jws::parse(object) else {
        return wrong("The request object is not a JWT");
    };
    if !matches!(
        object.typ().map(str::to_ascii_lowercase).as_deref(),
        None | Some("jwt" | TYPE)
    ) {
        return wrong("The typ of the request object is not oauth-authz-req+jwt");
    }
    let unsigned_allowed =
        client.keys.is_empty() && !client.is_held_to("require_signed_request_object");
    let unsigned = unsigned_allowed && object.is_unsigned();
    if !unsigned && !object.is_signed_by_one_of(&client.keys) {
        return wrong("None of the client's keys made the signature of the request object");
    }
    if object.text("client_id") != Some(&client.id) {
        return wrong("The client_id in the request object is not the client's");
    }
    if object.text("iss").is_some_and(|issuer| issuer != client.id) {
        return wrong("The iss of the request object is not the client");
    }
    if object.claims.get("aud").is_some() && !object.is_for(&[&server.issuer]) {
        return wrong("The aud of the request object is not this authorization server");
    }
    if object.time("exp").is_some_and(|expires| expires <= now()) {
        return wrong("The request object expired");
    }
    if object.time("nbf").is_some_and(|from| from > now() + 60) {
        return wrong("The nbf of the request object is in the future");
    }
    let claims = object.claims.as_object().into_iter().flatten();
    if claims
        .clone()
        .any(|(name, _)| matches!(name.as_str(), "request" | "request_uri"))
    {
        return wrong("A request object holds neither request nor request_uri");
    }
    let parameters = claims
        .filter(|(name, _)| !ABOUT_THE_OBJECT.contains(&name.as_str()))
        .flat_map(|(name, value)| {
            texts(name, value)
                .into_iter()
                .map(|text| (name.clone(), text))
        });
    Ok(Params::from_pairs(parameters))
}

/// A claim as the parameter of the same name.
fn texts(name: &str, value: &Value) -> Vec<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match value {
        Value::Array(several) if name == "resource" => several.iter().map(text).collect(),
        one => vec![text(one)],
    }
}
