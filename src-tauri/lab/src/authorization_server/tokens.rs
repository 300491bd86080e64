//! Making tokens, and judging an access token that comes back.

use serde_json::json;

use super::authorization::Authorization;
use super::request::USER;
use super::store::GrantId;
use super::{AuthorizationServer, acr};
use crate::Misbehaviour;
use crate::clock::now;
use crate::jwt::{half_hash, random_text, s256};
use crate::web::{OAuthError, scopes};

/// `typ` of an access token (RFC 9068 section 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// What a good access token says.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) subject: String,
    pub(crate) client_id: String,
    pub(crate) scope: Vec<String>,
    /// The thumbprint of the key that it is bound to (RFC 9449 section 6.1).
    pub(crate) key: Option<String>,
    /// The thumbprint of the certificate that it is bound to (RFC 8705 section 3.1).
    pub(crate) certificate: Option<String>,
    /// How the person was authenticated, and when in seconds since 1970.
    pub(crate) acr: Option<String>,
    pub(crate) auth_time: Option<u64>,
    /// Counts as expired once the MCP handshake is done.
    pub(crate) early: bool,
}

/// An access token to be made.
pub(super) struct NewAccess<'a> {
    pub(super) grant: GrantId,
    pub(super) authorization: &'a Authorization,
    pub(super) scope: &'a [String],
    pub(super) resources: &'a [String],
    /// The thumbprint of the key to bind it to.
    pub(super) key: Option<&'a str>,
    pub(super) certificate: Option<&'a str>,
    pub(super) early: bool,
}

/// Why an access token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not signed or not known by this authorization server.
    Foreign,
    Expired,
    Revoked,
    WrongAudience,
}

impl AuthorizationServer {
    /// Signs an access token (RFC 9068 section 2.2).
    pub(super) fn sign_access_token(&self, new: &NewAccess) -> Result<String, OAuthError> {
        let provider = self.options.provider;
        if let Some(token) = provider.and_then(|setup| setup.opaque_token()) {
            return Ok(token.to_owned());
        }
        let authorization = new.authorization;
        let jti = random_text();
        let issued = now();
        let audience = match (self.misbehaviour, new.resources) {
            (Some(Misbehaviour::TokenAudienceWrong), _) => json!(self.as_url),
            _ if self.audience() == Some("") => json!(null),
            _ if self.audience().is_some() => json!(self.audience()),
            (_, [one]) => json!(one),
            (_, several) => json!(several),
        };
        let mut claims = json!({
            "iss": self.issuer,
            "sub": authorization.subject,
            "aud": audience,
            "client_id": authorization.client_id,
            "scope": new.scope.join(" "),
            "iat": issued,
            "exp": match self.misbehaviour {
                Some(Misbehaviour::TokenExpiredAtIssue) => issued - 60,
                _ => issued + self.access_token_lifetime(),
            },
            "jti": jti,
        });
        if let Some(key) = new.key.filter(|_| !self.is(Misbehaviour::DpopTokenUnbound)) {
            claims["cnf"] = json!({ "jkt": key });
        }
        if let Some(certificate) = new.certificate {
            claims["cnf"]["x5t#S256"] = match self.misbehaviour {
                Some(Misbehaviour::CertificateBindingWrong) => json!(s256("another certificate")),
                _ => json!(certificate),
            };
        }
        // RFC 9068 section 2.2.1.
        if let Some(acr) = authorization.acr {
            claims["acr"] = json!(acr);
        }
        if let Some(details) = &authorization.details {
            claims["authorization_details"] = details.clone();
        }
        if let Some(auth_time) = authorization.auth_time {
            claims["auth_time"] = json!(auth_time);
        }
        let wrong = provider.and_then(|setup| setup.wrong_claims());
        for (name, value) in wrong.into_iter().flatten() {
            claims[name] = value.clone();
        }
        let token = self
            .key
            .sign(ACCESS_TOKEN_TYPE, &claims)
            .map_err(|_| OAuthError::server_error())?;
        self.store().add_access(jti, new.grant, new.early);
        Ok(token)
    }

    /// The audience of the provider that is played, where it has one of its own.
    fn audience(&self) -> Option<&'static str> {
        self.options.provider?.provider.audience.as_deref()
    }

    /// Signs an ID token (OpenID Connect Core section 2).
    pub(super) fn sign_id_token(
        &self,
        authorization: &Authorization,
        access_token: Option<&str>,
    ) -> Result<String, OAuthError> {
        let issued = now();
        let mut claims = json!({
            "iss": match self.misbehaviour {
                Some(Misbehaviour::IdTokenIssuerWrong) => "https://login.example",
                _ => &self.issuer,
            },
            "sub": authorization.subject,
            "aud": match self.misbehaviour {
                Some(Misbehaviour::IdTokenAudienceWrong) => "another-client",
                _ => &authorization.client_id,
            },
            "iat": issued,
            "exp": issued + 600,
            "auth_time": authorization.auth_time,
        });
        if let Some(claims) = claims.as_object_mut()
            && self.is(Misbehaviour::IdTokenUnusable)
        {
            claims.shift_remove("sub");
        }
        if let Some(acr) = authorization.acr {
            claims["acr"] = json!(acr);
        }
        if let Some(access_token) = access_token {
            claims["at_hash"] = match self.misbehaviour {
                Some(Misbehaviour::AccessTokenHashWrong) => json!(half_hash("another token")),
                _ => json!(half_hash(access_token)),
            };
        }
        if let Some(nonce) = &authorization.nonce {
            claims["nonce"] = match self.misbehaviour {
                Some(Misbehaviour::IdTokenNonceWrong) => json!("another-nonce"),
                _ => json!(nonce),
            };
        }
        self.key
            .sign("JWT", &claims)
            .map_err(|_| OAuthError::server_error())
    }

    /// Judges an access token: signature, issuer, `exp`, revocation, and the audience if one is
    /// wanted.
    ///
    /// # Errors
    /// The first reason against it.
    pub(crate) fn check(
        &self,
        token: &str,
        audiences: Option<&[String]>,
    ) -> Result<Access, Refused> {
        let claims = self
            .key
            .verify(ACCESS_TOKEN_TYPE, token)
            .ok_or(Refused::Foreign)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        if claims["iss"] != self.issuer.as_str() || !self.store().knows_access(&text("jti")) {
            return Err(Refused::Foreign);
        }
        if claims["exp"].as_u64().is_none_or(|exp| now() >= exp) {
            return Err(Refused::Expired);
        }
        let named = |wanted: &String| match &claims["aud"] {
            serde_json::Value::Array(several) => several.iter().any(|one| one == wanted.as_str()),
            one => one == wanted.as_str() || (one.is_null() && wanted.is_empty()),
        };
        if audiences.is_some_and(|wanted| !wanted.iter().any(named)) {
            return Err(Refused::WrongAudience);
        }
        let store = self.store();
        let (_, early) = store.live_access(&text("jti")).ok_or(Refused::Revoked)?;
        Ok(Access {
            subject: text("sub"),
            client_id: text("client_id"),
            scope: scopes(&text("scope")),
            key: claims["cnf"]["jkt"].as_str().map(str::to_owned),
            certificate: claims["cnf"]["x5t#S256"].as_str().map(str::to_owned),
            acr: claims["acr"].as_str().map(str::to_owned),
            auth_time: claims["auth_time"].as_u64(),
            early,
        })
    }

    /// An ID token for a client whose person just logged in.
    pub(crate) fn id_token(&self, client_id: &str) -> Option<String> {
        let authorization = Authorization {
            client_id: client_id.to_owned(),
            subject: USER.0.to_owned(),
            acr: Some(acr::PASSWORD),
            auth_time: Some(now()),
            ..Authorization::default()
        };
        self.sign_id_token(&authorization, None).ok()
    }

    /// The claims of an access token that is good now.
    pub(super) fn live_claims(&self, token: &str) -> Option<serde_json::Value> {
        self.check(token, None).ok()?;
        self.key.verify(ACCESS_TOKEN_TYPE, token)
    }

    /// The claims of an access token of this server, be it expired or revoked.
    pub(super) fn own_claims(&self, token: &str) -> Option<serde_json::Value> {
        self.key
            .verify(ACCESS_TOKEN_TYPE, token)
            .filter(|claims| claims["iss"] == self.issuer.as_str())
    }

    /// Told by the MCP server when it refused an early token as expired.
    pub(crate) fn early_was_refused(&self) {
        self.store().early_token.refused();
    }

    /// Told by the MCP server when it was called without a token.
    pub(crate) fn called_without_token(&self) {
        self.store().early_token.called_without_token();
    }
}
