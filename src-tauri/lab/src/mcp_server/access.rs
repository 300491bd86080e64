//! Who may call, and the challenge for those who may not (RFC 6750 section 3, RFC 9728 section 5.1).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{McpServer, tools};
use crate::Misbehaviour;
use crate::authorization_server::{Access, AuthorizationServer, Refused};
use crate::web::{bearer, json_answer};

/// What every call needs.
const BASE_SCOPE: &str = "mcp:read";

/// Someone with a good access token.
pub(super) struct Caller {
    access: Access,
    issued_by: Arc<AuthorizationServer>,
}

/// Why a call is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoToken,
    InvalidToken(&'static str),
    InsufficientScope(&'static str),
}

impl McpServer {
    /// Judges the request's access token.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        let Some(token) = bearer(headers) else {
            self.authorization_servers
                .iter()
                .for_each(|server| server.called_without_token());
            return Err(Denied::NoToken);
        };
        for issued_by in &self.authorization_servers {
            match issued_by.check(token, Some(&self.audiences)) {
                Ok(access) => {
                    tracing::debug!(client = access.client_id, "access token accepted");
                    return Ok(Caller {
                        access,
                        issued_by: issued_by.clone(),
                    });
                }
                // Perhaps the other one issued it.
                Err(Refused::Foreign) => {}
                Err(Refused::Expired) => return Err(EXPIRED),
                Err(Refused::Revoked) => return Err(Denied::InvalidToken("The access token was revoked")),
                Err(Refused::WrongAudience) => {
                    return Err(Denied::InvalidToken(
                        "The access token is meant for another audience",
                    ));
                }
            }
        }
        Err(Denied::InvalidToken(
            "The access token is malformed or not from a known issuer",
        ))
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
        let needed = match method {
            "tools/call" => tools::scope(call["params"]["name"].as_str().unwrap_or_default()),
            _ => BASE_SCOPE,
        };
        match caller.access.scope.iter().any(|scope| scope == needed) {
            true => Ok(()),
            false => Err(Denied::InsufficientScope(needed)),
        }
    }

    /// The 401 or 403 with its `WWW-Authenticate`.
    pub(super) fn challenge(&self, denied: &Denied) -> Response {
        let (status, error, description, scope) = match denied {
            Denied::NoToken => (
                StatusCode::UNAUTHORIZED,
                None,
                "An access token is needed",
                BASE_SCOPE,
            ),
            Denied::InvalidToken(why) => (StatusCode::UNAUTHORIZED, Some("invalid_token"), *why, BASE_SCOPE),
            Denied::InsufficientScope(scope) => {
                let why = "The access token lacks a scope that this call needs";
                (StatusCode::FORBIDDEN, Some("insufficient_scope"), why, *scope)
            }
        };
        let status = match self.misbehaviour {
            Some(Misbehaviour::ForbiddenInsteadOfUnauthorized) => StatusCode::FORBIDDEN,
            _ => status,
        };
        let mut parameters = Vec::new();
        // Nothing of an error to someone who sent no token (RFC 6750 section 3.1).
        if let Some(error) = error {
            parameters.push(format!("error=\"{error}\""));
            parameters.push(format!("error_description=\"{description}\""));
        }
        match self.misbehaviour {
            Some(Misbehaviour::ChallengeWithoutResourceMetadata) => {}
            Some(Misbehaviour::ResourceMetadataParameterWrong) => {
                parameters.push("resource=\"/.well-known/oauth-protected-resource/mcp\"".to_owned());
            }
            _ => parameters.push(format!(
                "resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"",
                self.origin
            )),
        }
        parameters.push(format!("scope=\"{scope}\""));

        let body = json!({ "error": error.unwrap_or("unauthorized"), "error_description": description });
        let mut response = json_answer(status, &body).into_response();
        let challenge = HeaderValue::try_from(format!("Bearer {}", parameters.join(", ")));
        match (self.misbehaviour, challenge) {
            (Some(Misbehaviour::ChallengeMissing), _) | (_, Err(_)) => {}
            (_, Ok(challenge)) => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

const EXPIRED: Denied = Denied::InvalidToken("The access token expired");
