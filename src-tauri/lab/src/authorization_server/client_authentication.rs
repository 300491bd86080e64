//! How a client proves who it is: a secret (RFC 6749 section 2.3.1), an assertion (RFC 7523 section
//! 2.2), or nothing.

use axum::http::header::{self, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::AuthorizationServer;
use super::clients::Client;
use super::store::Store;
use crate::clock::now;
use crate::jwt::Jws;
use crate::web::{OAuthError, Params};

/// The only `client_assertion_type` (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion may live; "unreasonably far in the future" begins here (RFC 7523
/// section 3).
const ASSERTION_LIFETIME: u64 = 3600;
/// The parameters that only prove who the client is; the others are its request.
pub(super) const PARAMETERS: &[&str] =
    &["client_assertion", "client_assertion_type", "client_secret"];

impl AuthorizationServer {
    /// Finds out which client is asking, and whether it is.
    ///
    /// # Errors
    /// `invalid_request` for two methods at once, else `invalid_client` with 401.
    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        params: &Params,
    ) -> Result<Client, OAuthError> {
        let assertion = params.get("client_assertion");
        if assertion.is_none() && params.get("client_assertion_type").is_some() {
            return Err(OAuthError::new(
                "invalid_request",
                "client_assertion is missing",
            ));
        }
        let Some(assertion) = assertion else {
            if let Some(id) = params.get("client_id") {
                self.learn(id).await.map_err(|why| refused(&why))?;
            }
            return by_secret(&self.store(), headers, params);
        };
        if params.get("client_secret").is_some() || basic(headers).is_some() {
            let text = "The client authenticated with an assertion and with a secret";
            return Err(OAuthError::new("invalid_request", text));
        }
        if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(refused(&format!(
                "The client_assertion_type has to be {ASSERTION_TYPE}"
            )));
        }
        let assertion =
            Jws::parse(assertion).ok_or_else(|| refused("The client assertion is not a JWT"))?;
        let id = assertion
            .text("sub")
            .ok_or_else(|| refused("The client assertion has no sub"))?;
        if params.get("client_id").is_some_and(|named| named != id) {
            return Err(refused(
                "The client_id is not the sub of the client assertion",
            ));
        }
        self.learn(id).await.map_err(|why| refused(&why))?;
        self.by_assertion(id, &assertion)
    }

    /// The checks of RFC 7523 section 3.
    fn by_assertion(&self, id: &str, assertion: &Jws) -> Result<Client, OAuthError> {
        let mut store = self.store();
        let client = store
            .clients
            .get(id)
            .ok_or_else(|| refused("The client is unknown"))?
            .clone();
        if !client.may_authenticate_by("private_key_jwt") {
            return Err(refused("The client is not registered for private_key_jwt"));
        }
        if !assertion.is_signed_by_one_of(&client.keys) {
            return Err(refused(
                "None of the client's keys made the signature of the client assertion",
            ));
        }
        if assertion.text("iss") != Some(id) {
            return Err(refused("The iss of the client assertion is not the client"));
        }
        // The last two are what clients took before the issuer was settled on (RFC 9126 section 2).
        let (token, par) = (format!("{}/token", self.base), format!("{}/par", self.base));
        if !assertion.is_for(&[&self.issuer, &token, &par]) {
            return Err(refused(
                "The aud of the client assertion is not this authorization server",
            ));
        }
        let now = now();
        let expires = assertion
            .time("exp")
            .ok_or_else(|| refused("The client assertion has no exp"))?;
        if expires <= now {
            return Err(refused("The client assertion expired"));
        }
        if expires > now + ASSERTION_LIFETIME {
            return Err(refused(
                "The exp of the client assertion is more than an hour away",
            ));
        }
        if assertion.time("nbf").is_some_and(|from| from > now + 60) {
            return Err(refused("The nbf of the client assertion is in the future"));
        }
        let identity = format!("{id} {}", assertion.identity());
        if !store.used_assertions.is_first(identity, expires, now) {
            return Err(refused("The client assertion was used before"));
        }
        Ok(client)
    }
}

/// Finds out which client is asking by its secret or, for a public one, by its word.
///
/// # Errors
/// `invalid_request` for two methods at once, else `invalid_client` with 401.
fn by_secret(store: &Store, headers: &HeaderMap, params: &Params) -> Result<Client, OAuthError> {
    let given = match (basic(headers), params.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(OAuthError::new(
                "invalid_request",
                "The client authenticated in the header and in the body",
            ));
        }
        (Some(pair), None) => {
            let (id, secret) =
                pair.ok_or_else(|| refused("The Basic credentials cannot be read"))?;
            if params.get("client_id").is_some_and(|named| named != id) {
                return Err(OAuthError::new(
                    "invalid_request",
                    "The client_id differs from the Basic one",
                ));
            }
            (id, Some((secret, "client_secret_basic")))
        }
        (None, Some(secret)) => {
            let id = params
                .get("client_id")
                .ok_or_else(|| refused("There is no client_id"))?;
            (
                id.to_owned(),
                Some((secret.to_owned(), "client_secret_post")),
            )
        }
        (None, None) => {
            let id = params
                .get("client_id")
                .ok_or_else(|| refused("There is no client authentication"))?;
            (id.to_owned(), None)
        }
    };
    let (id, proof) = given;
    let client = store
        .clients
        .get(&id)
        .ok_or_else(|| refused("The client is unknown"))?;
    let public = client.auth_methods.iter().any(|method| method == "none");
    match (proof, &client.secret) {
        (None, _) if public => Ok(client.clone()),
        (None, _) => Err(refused("The client has to authenticate")),
        (Some((given, method)), Some(secret)) => {
            // A public client that was handed a secret all the same may use it either way.
            if !public && !client.auth_methods.iter().any(|known| known == method) {
                return Err(refused(&format!(
                    "The client is not registered for {method}"
                )));
            }
            if !bool::from(given.as_bytes().ct_eq(secret.as_bytes())) {
                return Err(refused("The client secret is wrong"));
            }
            Ok(client.clone())
        }
        (Some(_), None) => Err(refused("The client is public and has no secret")),
    }
}

/// The identifier and secret of a Basic header; `Some(None)` when there is one that cannot be read.
fn basic(headers: &HeaderMap) -> Option<Option<(String, String)>> {
    let (scheme, credentials) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let read = || {
        let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((form_decoded(id), form_decoded(secret)))
    };
    Some(read())
}

/// Both halves of the Basic credentials are form-encoded first (RFC 6749 section 2.3.1).
fn form_decoded(text: &str) -> String {
    // A lone value is parsed as a name without `=`; `&` and `=` in it are encoded by those who
    // follow the rule.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn refused(description: &str) -> OAuthError {
    OAuthError::unauthorized("invalid_client", description, "Basic realm=\"lab\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let value = format!("Basic {}", STANDARD.encode("a%3Ab:p%26+q="));
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(
            basic(&headers),
            Some(Some(("a:b".to_owned(), "p& q=".to_owned())))
        );
    }
}
