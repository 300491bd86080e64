//! A request to the token endpoint whose client is known, and the fields of its answer.

use serde_json::{Map, Value, json};

use super::AuthorizationServer;
use super::authorization::Authorization;
use super::clients::Client;
use super::store::GrantId;
use super::tokens::NewAccess;
use crate::Misbehaviour;
use crate::web::{OAuthError, Params};

/// A request to the token endpoint by a client that is who it says.
pub(super) struct TokenRequest<'a> {
    pub(super) server: &'a AuthorizationServer,
    pub(super) client: Client,
    pub(super) params: &'a Params,
    /// The thumbprint of the key that the request proved (RFC 9449 section 5).
    pub(super) key: Option<String>,
    /// The thumbprint of the certificate that the client showed (RFC 8705 section 3).
    pub(super) certificate: Option<String>,
}

/// The fields of a token response.
pub(super) type Fields = Map<String, Value>;

impl TokenRequest<'_> {
    /// A parameter that has to be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, OAuthError> {
        required(self.params, name)
    }

    /// Signs an access token, and puts it into the response with what goes along.
    pub(super) fn access_token(
        &self,
        grant: GrantId,
        authorization: &Authorization,
        scope: &[String],
        resources: &[String],
        early: bool,
    ) -> Result<Fields, OAuthError> {
        let access_token = self.server.sign_access_token(&NewAccess {
            grant,
            authorization,
            scope,
            resources,
            key: self.key.as_deref(),
            certificate: self.certificate.as_deref(),
            early,
        })?;
        let token_type = if self.key.is_some() { "DPoP" } else { "Bearer" };
        let mut fields = Fields::new();
        fields.insert("access_token".to_owned(), json!(access_token));
        fields.insert("token_type".to_owned(), json!(token_type));
        let promised = match self.server.misbehaviour {
            Some(Misbehaviour::ExpiresInWrong) => 2 * self.server.access_token_lifetime(),
            _ => self.server.access_token_lifetime(),
        };
        fields.insert("expires_in".to_owned(), json!(promised));
        fields.insert("scope".to_owned(), json!(scope.join(" ")));
        // RFC 9396 section 7.
        if let Some(details) = &authorization.details {
            fields.insert("authorization_details".to_owned(), details.clone());
        }
        Ok(fields)
    }

    /// A new refresh token. One of a public client is bound to the key that it proved; a
    /// confidential client authenticates instead (RFC 9449 section 5).
    pub(super) fn refresh_token(&self, grant: GrantId) -> Value {
        let public = self.client.may_authenticate_by("none");
        let key = self.key.clone().filter(|_| public);
        json!(self.server.store().add_refresh(grant, key))
    }
}

pub(super) fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, OAuthError> {
    params
        .get(name)
        .ok_or_else(|| OAuthError::new("invalid_request", format!("{name} is missing")))
}
