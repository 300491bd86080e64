//! Who may call, and the challenge for those who may not (RFC 6750 section 3, RFC 9449 section 7,
//! RFC 9728 section 5.1).

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{McpServer, modern, tools};
use crate::Misbehaviour;
use crate::authorization_server::{Access, AuthorizationServer, Refused};
use crate::dpop::{Proven, Unproven};
use crate::jwt::ALGORITHM;
use crate::tls;
use crate::web::{Scheme, access_token, json_answer};

/// What every call needs.
const BASE_SCOPE: &str = "mcp:read";
const WRITE_SCOPE: &str = "mcp:write";

/// Someone with a good access token.
pub(super) struct Caller {
    access: Access,
    issued_by: Arc<AuthorizationServer>,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoToken,
    InvalidToken(&'static str),
    /// The token is bound to a key, or has to be, and the request proves none.
    Unbound(&'static str),
    InvalidProof(&'static str),
    NonceWanted,
    InsufficientScope(&'static str),
    /// The person has to log in with this `acr`, and no longer ago than these seconds (RFC 9470).
    InsufficientAuthentication(&'static str, u64),
}

impl McpServer {
    /// Judges the request's access token, and the proof that goes with one that is bound to a key.
    pub(super) fn authenticate(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Caller, Denied> {
        let Some((scheme, token)) = access_token(headers) else {
            self.authorization_servers
                .iter()
                .for_each(|server| server.called_without_token());
            return Err(Denied::NoToken);
        };
        let caller = self.known(token)?;
        // RFC 8705 section 3: the certificate has to be the one "used to obtain the token".
        if caller.access.certificate.is_some() && caller.access.certificate != tls::shown(headers) {
            return Err(Denied::InvalidToken(
                "The access token is bound to a certificate, and this is not the one that was shown",
            ));
        }
        match (scheme, &caller.access.key) {
            // RFC 9449 section 7.2: "MUST reject a DPoP-bound access token received as a bearer
            // token".
            (Scheme::Bearer, Some(_)) => {
                return Err(Denied::Unbound(
                    "The access token is bound to a key and no bearer token",
                ));
            }
            (_, None) if self.options.dpop_required => {
                return Err(Denied::Unbound("The access token has to be bound to a key"));
            }
            (Scheme::Dpop, None) => {
                return Err(Denied::Unbound("The access token is not bound to a key"));
            }
            (Scheme::Bearer, None) => {}
            (Scheme::Dpop, Some(key)) => self.check_proof(method, headers, token, key)?,
        }
        tracing::debug!(client = caller.access.client_id, "access token accepted");
        Ok(caller)
    }

    /// Whose token it is.
    fn known(&self, token: &str) -> Result<Caller, Denied> {
        if self.misbehaviour == Some(Misbehaviour::TokenNotAccepted) {
            return Err(FOREIGN);
        }
        let migrated = self.memory().migrated;
        let current = |server: &&Arc<AuthorizationServer>| {
            !migrated || self.second_as.as_deref() == Some(server.issuer())
        };
        for issued_by in self.authorization_servers.iter().filter(current) {
            match issued_by.check(token, Some(&self.audiences)) {
                Ok(access) => {
                    return Ok(Caller {
                        access,
                        issued_by: issued_by.clone(),
                    });
                }
                // Perhaps the other one issued it.
                Err(Refused::Foreign) => {}
                Err(Refused::Expired) => return Err(EXPIRED),
                Err(Refused::Revoked) => {
                    return Err(Denied::InvalidToken("The access token was revoked"));
                }
                Err(Refused::WrongAudience) => {
                    return Err(Denied::InvalidToken(
                        "The access token is meant for another audience",
                    ));
                }
            }
        }
        Err(FOREIGN)
    }

    fn check_proof(
        &self,
        method: &Method,
        headers: &HeaderMap,
        token: &str,
        key: &str,
    ) -> Result<(), Denied> {
        let request = Proven {
            headers,
            method: method.as_str(),
            path: "/mcp",
            access_token: Some(token),
        };
        match self.proofs.check(request) {
            Ok(Some(proven)) if proven == key => Ok(()),
            Ok(Some(_)) => Err(Denied::Unbound("The access token is bound to another key")),
            Ok(None) => Err(Denied::InvalidProof("There is no DPoP proof")),
            Err(Unproven::Invalid(text)) => Err(Denied::InvalidProof(text)),
            Err(Unproven::NonceWanted) => Err(Denied::NonceWanted),
        }
    }

    /// Whether this caller may make this call.
    pub(super) fn permit(&self, caller: &Caller, call: &Value) -> Result<(), Denied> {
        let method = call["method"].as_str().unwrap_or_default();
        // Without a method it is a response: there is nothing that it could do.
        let handshake = matches!(
            method,
            "" | "initialize" | "notifications/initialized" | "server/discover" | "ping"
        );
        if handshake {
            return Ok(());
        }
        if caller.access.early {
            caller.issued_by.early_was_refused();
            return Err(EXPIRED);
        }
        let tool = match method {
            "tools/call" => call["params"]["name"].as_str().unwrap_or_default(),
            _ => "",
        };
        let needed = match self.misbehaviour {
            Some(Misbehaviour::InsufficientScope) => WRITE_SCOPE,
            _ => tools::scope(tool),
        };
        let endless =
            self.misbehaviour == Some(Misbehaviour::EndlessStepUp) && needed == WRITE_SCOPE;
        let has = |needed: &str| caller.access.scope.iter().any(|scope| scope == needed);
        if endless || !has(needed) {
            return Err(Denied::InsufficientScope(needed));
        }
        // A client that gives up the scope it had gets nowhere: "computing the union of the
        // client's previously requested scope set and the scopes from the current challenge"
        // (2026-07-28, Step-Up Authorization Flow). Before, the challenge alone said what to ask
        // for.
        if !modern::declared_version(call).is_null() && !has(BASE_SCOPE) {
            return Err(Denied::InsufficientScope(BASE_SCOPE));
        }
        match tools::authentication(tool) {
            Some((acr, max_age))
                if self.options.transfer_tool && !caller.logged_in(acr, max_age) =>
            {
                Err(Denied::InsufficientAuthentication(acr, max_age))
            }
            _ => Ok(()),
        }
    }

    /// The 401 or 403 with its `WWW-Authenticate`.
    pub(super) fn challenge(&self, denied: &Denied, headers: &HeaderMap) -> Response {
        let (error, description) = denied.error();
        let status = match (self.misbehaviour, denied) {
            (Some(Misbehaviour::ForbiddenInsteadOfUnauthorized), _)
            | (_, Denied::InsufficientScope(_)) => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        let body =
            json!({ "error": error.unwrap_or("unauthorized"), "error_description": description });
        let mut response = json_answer(status, &body).into_response();
        let mut challenge = self.challenges(denied, headers).join(", ");
        if self.misbehaviour == Some(Misbehaviour::ChallengeUnparsable) {
            challenge.pop();
        }
        let challenge = HeaderValue::try_from(challenge);
        match (self.misbehaviour, challenge) {
            (Some(Misbehaviour::ChallengeMissing), _) | (_, Err(_)) => {}
            (_, Ok(challenge)) => {
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        if *denied == Denied::NonceWanted
            && let Ok(nonce) = HeaderValue::try_from(self.proofs.nonce())
        {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        response
    }

    /// A challenge for each scheme that may help. Only that of the scheme that was tried tells the
    /// error (RFC 9449 section 7.2).
    fn challenges(&self, denied: &Denied, headers: &HeaderMap) -> Vec<String> {
        let tried = access_token(headers).map(|(scheme, _)| scheme);
        let mut challenges = Vec::new();
        // A server that wants DPoP names Bearer too: clients that know nothing else find the
        // resource metadata there.
        if tried != Some(Scheme::Dpop) || self.options.dpop_required {
            let with_error = tried != Some(Scheme::Dpop);
            challenges.push(format!(
                "Bearer {}",
                self.parameters(denied, with_error).join(", ")
            ));
        }
        let bound = matches!(denied, Denied::Unbound(_));
        if tried == Some(Scheme::Dpop) || self.options.dpop_required || bound {
            let mut parameters = self.parameters(denied, tried == Some(Scheme::Dpop));
            parameters.push(format!("algs=\"{ALGORITHM}\""));
            challenges.push(format!("DPoP {}", parameters.join(", ")));
        }
        challenges
    }

    /// The parameters of a challenge, with or without the error.
    fn parameters(&self, denied: &Denied, with_error: bool) -> Vec<String> {
        let mut parameters = Vec::new();
        // Nothing of an error to someone who sent no token (RFC 6750 section 3.1).
        if let (Some(error), description) = denied.error()
            && with_error
        {
            parameters.push(format!("error=\"{error}\""));
            parameters.push(format!("error_description=\"{description}\""));
        }
        if self.misbehaviour == Some(Misbehaviour::ErrorWithoutToken) && *denied == Denied::NoToken
        {
            parameters.push("error=\"invalid_token\"".to_owned());
        }
        match self.misbehaviour {
            _ if self.options.no_metadata => {}
            Some(Misbehaviour::ChallengeWithoutResourceMetadata) => {}
            Some(Misbehaviour::ResourceMetadataParameterWrong) => {
                parameters
                    .push("resource=\"/.well-known/oauth-protected-resource/mcp\"".to_owned());
            }
            _ => parameters.push(format!(
                "resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"",
                self.origin
            )),
        }
        if let Denied::InsufficientAuthentication(acr, max_age) = denied {
            parameters.push(format!("acr_values=\"{acr}\""));
            parameters.push(format!("max_age=\"{max_age}\""));
        }
        let scope = match (denied, self.misbehaviour) {
            (Denied::InsufficientScope(_), Some(Misbehaviour::InsufficientScopeWithoutScope)) => {
                return parameters;
            }
            (Denied::InsufficientScope(scope), _) => scope,
            _ => BASE_SCOPE,
        };
        let before = match self.misbehaviour {
            Some(Misbehaviour::ScopeMalformed) => " ",
            _ => "",
        };
        parameters.push(format!("scope=\"{before}{scope}\""));
        parameters
    }
}

impl Caller {
    /// Whether the person logged in with this `acr`, no longer than `max_age` seconds ago.
    fn logged_in(&self, acr: &str, max_age: u64) -> bool {
        let now = UNIX_EPOCH
            .elapsed()
            .map(|since| since.as_secs())
            .unwrap_or_default();
        let recent = self
            .access
            .auth_time
            .is_some_and(|then| now <= then + max_age);
        self.access.acr.as_deref() == Some(acr) && recent
    }
}

impl Denied {
    /// The `error` and the `error_description`.
    fn error(&self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::NoToken => (None, "An access token is needed"),
            Self::InvalidToken(why) | Self::Unbound(why) => (Some("invalid_token"), why),
            Self::InvalidProof(why) => (Some("invalid_dpop_proof"), why),
            Self::NonceWanted => (
                Some("use_dpop_nonce"),
                "The DPoP proof has to hold the nonce of this answer",
            ),
            Self::InsufficientScope(_) => (
                Some("insufficient_scope"),
                "The access token lacks a scope that this call needs",
            ),
            Self::InsufficientAuthentication(..) => (
                Some("insufficient_user_authentication"),
                "This call needs a more recent login with a second factor",
            ),
        }
    }
}

const FOREIGN: Denied =
    Denied::InvalidToken("The access token is malformed or not from a known issuer");
const EXPIRED: Denied = Denied::InvalidToken("The access token expired");
