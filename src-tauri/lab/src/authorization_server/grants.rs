//! What can be exchanged for tokens: a code, a refresh token, a client's own credentials.

use serde_json::json;
use subtle::ConstantTimeEq;

use super::authorization::Authorization;
use super::server::SCOPES;
use super::store::{GrantId, Requested, Worthless};
use super::token_request::{Fields, TokenRequest};
use super::{AuthorizationServer, authorization_details};
use crate::Misbehaviour;
use crate::clock::now;
use crate::jwt::s256;
use crate::web::plain;
use crate::web::{OAuthError, scopes};

/// RFC 6749 section 4.1.3, with RFC 7636 section 4.6 and RFC 8707 section 2.2.
pub(super) fn exchange_code(request: &TokenRequest) -> Result<Fields, OAuthError> {
    let server = request.server;
    let code = request.required("code")?;
    let verifier = request.required("code_verifier")?;
    if server.is(Misbehaviour::TokenRequestRefused) {
        let text = "The authorization code is invalid or expired";
        return Err(OAuthError::new("invalid_grant", text));
    }
    let looked_at = server.store().look_at_code(code, now());
    if looked_at.is_err() && server.is(Misbehaviour::TokenErrorMalformed) {
        let text = "The authorization code is not known";
        let challenge = "Basic realm=\"lab\"";
        return Err(OAuthError::unauthorized("invalid_grant", text, challenge));
    }
    let mut requested = looked_at.map_err(worthless_code)?;
    check_code(&requested, request, verifier)?;
    if server.is(Misbehaviour::ScopeNarrowed) {
        let scope = &mut requested.authorization.scope;
        scope.retain(|scope| scope != "offline_access");
    }
    let granted = &requested.authorization;
    let resources = resources_within(request, granted)?;

    let grant = {
        let mut store = server.store();
        // Another request with the same code may have come between.
        store.look_at_code(code, now()).map_err(worthless_code)?;
        let grant = store.add_grant(granted.clone());
        if !server.is(Misbehaviour::CodeReplayWorks) {
            store.spend_code(code, grant);
        }
        grant
    };
    let early = server.misbehaviour.is_some_and(Misbehaviour::expires_early)
        && server.store().early_token.authorized();
    let fields = request.access_token(grant, granted, &granted.scope, &resources, early)?;
    for_a_person(request, grant, granted, fields)
}

/// Adds what only a person's consent gives: a refresh token and an ID token.
pub(super) fn for_a_person(
    request: &TokenRequest,
    grant: GrantId,
    granted: &Authorization,
    mut fields: Fields,
) -> Result<Fields, OAuthError> {
    let kept_back = request.server.is(Misbehaviour::ScopeNarrowed);
    if request.client.may_use("refresh_token") && !kept_back {
        fields.insert("refresh_token".to_owned(), request.refresh_token(grant));
    }
    if granted.scope.iter().any(|scope| scope == "openid") {
        let access_token = fields["access_token"].as_str();
        let id_token = request.server.sign_id_token(granted, access_token)?;
        fields.insert("id_token".to_owned(), json!(id_token));
    }
    Ok(fields)
}

fn check_code(
    requested: &Requested,
    request: &TokenRequest,
    verifier: &str,
) -> Result<(), OAuthError> {
    let refused = |text: &str| Err(OAuthError::new("invalid_grant", text));
    if requested.authorization.client_id != request.client.id {
        return refused("The authorization code was issued to another client");
    }
    // OAuth 2.1 leaves redirect_uri out of the token request; one that is sent has to be the same.
    if request
        .params
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
    let binds = !request.server.is(Misbehaviour::DpopIgnored);
    if binds && requested.dpop_jkt.is_some() && requested.dpop_jkt != request.key {
        return refused("The authorization code is bound to another key than the proven one");
    }
    Ok(())
}

/// RFC 6749 section 6. Every refresh token is good for one use; using it again revokes all that
/// came from it.
pub(super) fn refresh(request: &TokenRequest) -> Result<Fields, OAuthError> {
    let server = request.server;
    let token = request.required("refresh_token")?;
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
    let looked_at = server.store().look_at_refresh(token);
    let refreshable = looked_at.map_err(worthless_refresh_token)?;
    let granted = refreshable.authorization;
    if granted.client_id != request.client.id {
        return Err(OAuthError::new(
            "invalid_grant",
            "The refresh token was issued to another client",
        ));
    }
    if refreshable.key.is_some() && refreshable.key != request.key {
        return Err(OAuthError::new(
            "invalid_grant",
            "The refresh token is bound to another key than the proven one",
        ));
    }
    let scope = match request.params.get("scope").map(scopes) {
        None => granted.scope.clone(),
        Some(asked) => narrowed(asked, &granted.scope)?,
    };
    let resources = resources_within(request, &granted)?;
    let kept =
        server.is(Misbehaviour::RefreshNotRotated) || server.is(Misbehaviour::RotatedTokenAccepted);
    if !kept {
        let rotated = server.store().rotate_refresh(token);
        rotated.map_err(worthless_refresh_token)?;
    }
    let mut fields =
        request.access_token(refreshable.grant, &granted, &scope, &resources, false)?;
    server.store().early_token.refreshed();
    if server.is(Misbehaviour::RefreshNotRotated) {
        return Ok(fields);
    }
    fields.insert(
        "refresh_token".to_owned(),
        request.refresh_token(refreshable.grant),
    );
    Ok(fields)
}

fn worthless_code(worthless: Worthless) -> OAuthError {
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
}

fn worthless_refresh_token(worthless: Worthless) -> OAuthError {
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
}

/// RFC 6749 section 4.4: a client on its own behalf; no refresh token.
pub(super) fn own_behalf(request: &TokenRequest) -> Result<Fields, OAuthError> {
    let (server, client) = (request.server, &request.client);
    if !client.is_confidential() {
        let text = "A client that cannot authenticate has no behalf of its own";
        return Err(OAuthError::new("unauthorized_client", text));
    }
    let authorization = Authorization {
        client_id: client.id.clone(),
        subject: client.id.clone(),
        scope: impersonal_scope(request.params.get("scope"))?,
        resources: resources_known(request)?,
        details: authorization_details::read(server, request.params)?,
        ..Authorization::default()
    };
    without_a_person(request, &authorization)
}

/// The response to a grant in which no person is asked: an access token, and nothing to refresh it
/// with.
pub(super) fn without_a_person(
    request: &TokenRequest,
    authorization: &Authorization,
) -> Result<Fields, OAuthError> {
    let grant = request.server.store().add_grant(authorization.clone());
    let (scope, resources) = (&authorization.scope, &authorization.resources);
    request.access_token(grant, authorization, scope, resources, false)
}

/// The scope asked for, where there is no person for the other scopes to speak of.
pub(super) fn impersonal_scope(asked: Option<&str>) -> Result<Vec<String>, OAuthError> {
    let impersonal: Vec<String> = SCOPES[..2]
        .iter()
        .map(|scope| (*scope).to_owned())
        .collect();
    narrowed(scopes(asked.unwrap_or(SCOPES[0])), &impersonal)
}

/// The scopes asked for, when all of them were granted.
pub(super) fn narrowed(asked: Vec<String>, granted: &[String]) -> Result<Vec<String>, OAuthError> {
    match asked.iter().find(|scope| !granted.contains(scope)) {
        Some(more) => {
            let text = format!("The scope {} is more than can be granted here", plain(more));
            Err(OAuthError::new("invalid_scope", text))
        }
        None => Ok(asked),
    }
}

/// The resources asked for, of all that this server issues tokens for.
fn resources_known(request: &TokenRequest) -> Result<Vec<String>, OAuthError> {
    let known = &request.server.resources;
    AuthorizationServer::resources_of(request.params.all("resource"), known, &known[..1])
}

/// The resources asked for, of those that were granted.
fn resources_within(
    request: &TokenRequest,
    granted: &Authorization,
) -> Result<Vec<String>, OAuthError> {
    let known = &granted.resources;
    AuthorizationServer::resources_of(request.params.all("resource"), known, known)
}
