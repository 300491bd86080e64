//! Token exchange (RFC 8693) at an identity provider: an ID token becomes an ID-JAG, with which the
//! client asks another authorization server for an access token (MCP, Enterprise-Managed
//! Authorization section 4).

use serde_json::json;

use super::assertion_grant::ID_JAG_TYPE;
use super::grants::impersonal_scope;
use super::token_request::{Fields, TokenRequest};
use crate::Misbehaviour;
use crate::clock::now;
use crate::jwt::{Jws, random_text};
use crate::web::OAuthError;
use crate::web::plain;

/// The only `requested_token_type`.
pub(super) const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// The only `subject_token_type`.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// Seconds that an ID-JAG lives.
const LIFETIME: u64 = 300;

/// The grant `urn:ietf:params:oauth:grant-type:token-exchange`.
pub(super) fn exchange(request: &TokenRequest) -> Result<Fields, OAuthError> {
    let (server, params) = (request.server, request.params);
    let wrong = |text: &str| OAuthError::new("invalid_request", text);
    let requested = request.required("requested_token_type")?;
    if requested != ID_JAG {
        return Err(wrong(&format!(
            "The only requested_token_type here is {ID_JAG}"
        )));
    }
    if request.required("subject_token_type")? != ID_TOKEN {
        return Err(wrong(&format!(
            "The only subject_token_type here is {ID_TOKEN}"
        )));
    }
    if params.get("actor_token").is_some() {
        return Err(wrong("An actor_token has no use here"));
    }
    let subject = subject(request)?;
    let partners = server
        .partners
        .as_ref()
        .ok_or_else(OAuthError::server_error)?;
    let audience = request.required("audience")?;
    if !partners.issuers.iter().any(|issuer| issuer == audience) {
        let text = format!(
            "There is no agreement with the audience {}",
            plain(audience)
        );
        return Err(OAuthError::new("invalid_target", text));
    }
    let resource = request.required("resource")?;
    let mut resources = params.all("resource");
    if resources.any(|asked| !partners.resources.iter().any(|known| known == asked)) {
        let text = format!("There is no agreement for the resource {}", plain(resource));
        return Err(OAuthError::new("invalid_target", text));
    }
    let scope = impersonal_scope(params.get("scope"))?.join(" ");
    let issued = now();
    let claims = json!({
        "iss": server.issuer,
        "sub": subject,
        "aud": audience,
        "resource": resource,
        "client_id": partners.client_id,
        "scope": scope,
        "jti": random_text(),
        "iat": issued,
        "exp": issued + LIFETIME,
    });
    let typ = match server.misbehaviour {
        Some(Misbehaviour::IdJagTypeWrong) => "JWT",
        _ => ID_JAG_TYPE,
    };
    let token = server
        .key
        .sign(typ, &claims)
        .map_err(|_| OAuthError::server_error())?;
    Ok(Fields::from_iter([
        ("issued_token_type".to_owned(), json!(ID_JAG)),
        // Named so for historical reasons; it is no access token, and so its type is N_A (RFC 8693
        // section 2.2.1).
        ("access_token".to_owned(), json!(token)),
        ("token_type".to_owned(), json!("N_A")),
        ("scope".to_owned(), json!(scope)),
        ("expires_in".to_owned(), json!(LIFETIME)),
    ]))
}

/// The person that the subject token speaks of. "If either the subject_token or actor_token are
/// invalid for any reason" the error is `invalid_request` (RFC 8693 section 2.2.2).
fn subject(request: &TokenRequest) -> Result<String, OAuthError> {
    let server = request.server;
    let wrong = |text: &str| OAuthError::new("invalid_request", text);
    let token = Jws::parse(request.required("subject_token")?)
        .ok_or_else(|| wrong("The subject_token is not a JWT"))?;
    if !token.is_signed_by(server.key.public()) || token.text("iss") != Some(&server.issuer) {
        return Err(wrong(
            "The subject_token is not from this identity provider",
        ));
    }
    if token.typ() != Some("JWT") {
        return Err(wrong("The subject_token is no ID token"));
    }
    if !token.is_for(&[&request.client.id]) {
        return Err(wrong("The subject_token was issued to another client"));
    }
    if token.time("exp").is_none_or(|expires| expires <= now()) {
        return Err(wrong("The subject_token expired"));
    }
    Ok(token.text("sub").unwrap_or_default().to_owned())
}
