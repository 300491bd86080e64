//! Assertions as grants (RFC 7523 section 2.1): the ID-JAG of an identity provider (MCP,
//! Enterprise-Managed Authorization), and the token that a platform gives its workloads.

use axum::http::HeaderMap;

use super::AuthorizationServer;
use super::authorization::Authorization;
use super::clients::{Client, JWT_BEARER};
use super::grants::{impersonal_scope, narrowed, without_a_person};
use super::token_request::{Fields, TokenRequest};
use super::trust::{Says, TrustedIssuer};
use crate::clock::now;
use crate::jwt::Jws;
use crate::tls;
use crate::web::plain;
use crate::web::{OAuthError, Params, scopes};

/// `typ` of an identity assertion (Enterprise-Managed Authorization section 4.3).
pub(super) const ID_JAG_TYPE: &str = "oauth-id-jag+jwt";
/// Seconds that an assertion may live.
const LIFETIME: u64 = 3600;

/// The grant `urn:ietf:params:oauth:grant-type:jwt-bearer`.
pub(super) async fn exchange(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    params: &Params,
    key: Option<String>,
) -> Result<Fields, OAuthError> {
    let assertion = params
        .get("assertion")
        .ok_or_else(|| OAuthError::new("invalid_request", "assertion is missing"))?;
    let assertion = Jws::parse(assertion).ok_or_else(|| refused("The assertion is not a JWT"))?;
    let trusted = trusted(server, &assertion)?;
    let (client, authorization) = match trusted.says {
        Says::WhoUsesAClient => {
            let client = server.authenticate(headers, params).await?;
            let authorization = of_a_person(server, &client, &assertion, params)?;
            (client, authorization)
        }
        Says::WhichWorkload => {
            // The assertion itself says who is asking; a client_id beside it has to be a client
            // all the same.
            let client = match params.get("client_id") {
                Some(_) => server.authenticate(headers, params).await?,
                None => Client::of_workload(assertion.text("sub").unwrap_or_default()),
            };
            let authorization = of_a_workload(server, &client, &assertion, params)?;
            (client, authorization)
        }
    };
    if !client.may_use(JWT_BEARER) {
        let text = format!("The client is not registered for {JWT_BEARER}");
        return Err(OAuthError::new("unauthorized_client", text));
    }
    let identity = format!("{} {}", trusted.issuer, assertion.identity());
    let expires = assertion.time("exp").unwrap_or_default();
    if !server
        .store()
        .used_assertions
        .is_first(identity, expires, now())
    {
        return Err(refused("The assertion was used before"));
    }
    let request = TokenRequest {
        server,
        client,
        params,
        key,
        certificate: tls::shown(headers),
    };
    without_a_person(&request, &authorization)
}

/// Whose assertion it is, when that is believed (RFC 7523 section 3).
fn trusted<'a>(
    server: &'a AuthorizationServer,
    assertion: &Jws,
) -> Result<&'a TrustedIssuer, OAuthError> {
    let issuer = assertion
        .text("iss")
        .ok_or_else(|| refused("The assertion has no iss"))?;
    let trusted = server
        .trusted
        .iter()
        .find(|trusted| trusted.issuer == issuer)
        .ok_or_else(|| refused(&format!("The issuer {} is not trusted here", plain(issuer))))?;
    if !assertion.is_signed_by(&trusted.key) {
        return Err(refused(
            "The signature of the assertion is not its issuer's",
        ));
    }
    if !assertion.is_for(&[&server.issuer]) {
        let text = format!("The aud of the assertion is not {}", server.issuer);
        return Err(refused(&text));
    }
    let now = now();
    let expires = assertion
        .time("exp")
        .ok_or_else(|| refused("The assertion has no exp"))?;
    if expires <= now {
        return Err(refused("The assertion expired"));
    }
    if expires > now + LIFETIME {
        return Err(refused(
            "The exp of the assertion is more than an hour away",
        ));
    }
    if assertion.time("nbf").is_some_and(|from| from > now + 60) {
        return Err(refused("The nbf of the assertion is in the future"));
    }
    if assertion.text("sub").is_none_or(str::is_empty) {
        return Err(refused("The assertion has no sub"));
    }
    Ok(trusted)
}

/// Enterprise-Managed Authorization section 5.1.
fn of_a_person(
    server: &AuthorizationServer,
    client: &Client,
    assertion: &Jws,
    params: &Params,
) -> Result<Authorization, OAuthError> {
    if assertion.typ() != Some(ID_JAG_TYPE) {
        return Err(refused(&format!(
            "The typ of the assertion is not {ID_JAG_TYPE}"
        )));
    }
    if assertion.text("client_id") != Some(&client.id) {
        return Err(refused("The assertion was issued for another client"));
    }
    let resource = assertion
        .text("resource")
        .filter(|resource| server.resources.iter().any(|known| known == resource))
        .ok_or_else(|| refused("The resource of the assertion is missing or unknown"))?;
    if params.all("resource").any(|asked| asked != resource) {
        let text = "The resource is not the one of the assertion";
        return Err(OAuthError::new("invalid_target", text));
    }
    let granted = impersonal_scope(assertion.text("scope"))?;
    let scope = match params.get("scope") {
        Some(asked) => narrowed(scopes(asked), &granted)?,
        None => granted,
    };
    Ok(Authorization {
        client_id: client.id.clone(),
        subject: assertion.text("sub").unwrap_or_default().to_owned(),
        scope,
        resources: vec![resource.to_owned()],
        ..Authorization::default()
    })
}

fn of_a_workload(
    server: &AuthorizationServer,
    client: &Client,
    assertion: &Jws,
    params: &Params,
) -> Result<Authorization, OAuthError> {
    let known = &server.resources;
    Ok(Authorization {
        client_id: client.id.clone(),
        subject: assertion.text("sub").unwrap_or_default().to_owned(),
        scope: impersonal_scope(params.get("scope"))?,
        resources: AuthorizationServer::resources_of(params.all("resource"), known, &known[..1])?,
        ..Authorization::default()
    })
}

/// RFC 7521 section 4.1.1: whatever is wrong with an assertion is `invalid_grant`.
fn refused(text: &str) -> OAuthError {
    OAuthError::new("invalid_grant", text)
}
