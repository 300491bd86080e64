//! What an authorization request has to be (RFC 6749 section 4.1.1, with PKCE and resource
//! indicators), wherever it arrives.

use url::Url;

use super::authorization::Authorization;
use super::clients::Client;
use super::response_mode::ResponseMode;
use super::store::Requested;
use super::{AuthorizationServer, acr, authorization_details};
use crate::Misbehaviour;
use crate::web::plain;
use crate::web::{OAuthError, Params, is_loopback, scopes};

/// The one person who can log in: user name and password.
pub(super) const USER: (&str, &str) = ("alice", "wonderland");
/// What that person's second factor shows.
pub(super) const ONE_TIME_CODE: &str = "271828";
/// From here on a port is one that the system picked, on Linux at least; elsewhere such begin
/// higher.
const FIRST_RANDOM_PORT: u16 = 32768;

/// The client that asks, and where its answer goes. Until both are known errors are only shown (RFC
/// 6749 section 4.1.2.1).
///
/// # Errors
/// One sentence to show.
pub(super) fn find_client(
    server: &AuthorizationServer,
    params: &Params,
) -> Result<(Client, String), String> {
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
        (Some(_), _) => {
            return Err("The redirect_uri is not registered for this client.".to_owned());
        }
        (None, [only]) => only.clone(),
        (None, _) => return Err("redirect_uri is missing.".to_owned()),
    };
    if server.is(Misbehaviour::RedirectUriRejected) && has_random_loopback_port(&redirect_uri) {
        return Err("invalid redirect URI".to_owned());
    }
    Ok((client, redirect_uri))
}

/// The request, when every parameter is right.
///
/// # Errors
/// The OAuth error that the client gets.
pub(super) fn check(
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
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return wrong(
                "unsupported_response_type",
                "The only response_type here is code",
            );
        }
        None => return wrong("invalid_request", "response_type is missing"),
    }
    if !client.may_use("authorization_code") {
        return wrong(
            "unauthorized_client",
            "The client is not registered for authorization_code",
        );
    }
    let Some(response_mode) = ResponseMode::asked(params) else {
        return wrong(
            "invalid_request",
            "The response_mode is neither query nor form_post",
        );
    };
    let code_challenge = code_challenge(params)?;
    let (scope, resources) = scope_and_resources(server, params)?;
    Ok(Requested {
        authorization: Authorization {
            client_id: client.id.clone(),
            subject: USER.0.to_owned(),
            scope,
            resources,
            details: authorization_details::read(server, params)?,
            nonce: params.get("nonce").map(str::to_owned),
            acr: Some(match server.misbehaviour {
                Some(Misbehaviour::LoginNotSufficient) => acr::PASSWORD,
                _ => acr::asked(params)?,
            }),
            auth_time: None,
        },
        redirect_uri: redirect_uri.to_owned(),
        response_mode,
        state: params.get("state").map(str::to_owned),
        code_challenge: code_challenge.to_owned(),
        dpop_jkt: params.get("dpop_jkt").map(str::to_owned),
    })
}

/// What is asked for, when this server has it to give.
///
/// # Errors
/// `invalid_scope` or `invalid_target`.
pub(super) fn scope_and_resources(
    server: &AuthorizationServer,
    params: &Params,
) -> Result<(Vec<String>, Vec<String>), OAuthError> {
    let known = server.scopes();
    let scope = scopes(params.get("scope").unwrap_or(known[0]));
    if let Some(unknown) = scope.iter().find(|scope| !known.contains(&scope.as_str())) {
        let text = format!("The scope {} is unknown", plain(unknown));
        return Err(OAuthError::new("invalid_scope", text));
    }
    let known = &server.resources;
    let resources = AuthorizationServer::resources_of(params.all("resource"), known, &known[..1])?;
    Ok((scope, resources))
}

/// The S256 challenge (RFC 7636 section 4.3).
fn code_challenge(params: &Params) -> Result<&str, OAuthError> {
    let wrong = |text: &str| Err(OAuthError::new("invalid_request", text));
    let Some(code_challenge) = params.get("code_challenge") else {
        return wrong("code_challenge is missing");
    };
    // Left out, the method would be plain.
    if params.get("code_challenge_method") != Some("S256") {
        return wrong("The only code_challenge_method here is S256");
    }
    let base64url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if code_challenge.len() != 43 || !code_challenge.chars().all(base64url) {
        return wrong("The code_challenge is no SHA-256 hash in base64url");
    }
    Ok(code_challenge)
}

fn has_random_loopback_port(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else {
        return false;
    };
    url.host_str().is_some_and(is_loopback)
        && url.port().is_some_and(|port| port >= FIRST_RANDOM_PORT)
}
