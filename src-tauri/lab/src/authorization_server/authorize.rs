//! The authorization endpoint (RFC 6749 section 3.1).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::request::{ONE_TIME_CODE, USER, check, find_client};
use super::request_object::effective;
use super::response::{self, Destination};
use super::store::Requested;
use super::{AuthorizationServer, acr, page};
use crate::clock::now;
use crate::web::{OAuthError, Params, media_type};
use crate::{Endpoint, Misbehaviour};

/// A client that every authorization server of the lab knows.
const KNOWN_THERE: &str = "lab-public";

/// `GET /authorize`
pub(super) async fn from_query(
    State(server): State<Arc<AuthorizationServer>>,
    RawQuery(query): RawQuery,
) -> Response {
    authorize(
        &server,
        &Params::parse(query.unwrap_or_default().as_bytes()),
    )
    .await
}

/// `POST /authorize` with a form (OpenID Connect Core section 3.1.2.1)
pub(super) async fn from_form(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if media_type(&headers) != "application/x-www-form-urlencoded" {
        return page::refused("The request is not a form.");
    }
    authorize(&server, &Params::parse(&body)).await
}

/// `POST /authorize/decision`: what the person at the page decided. Approving is the default, as
/// the page's first button is.
pub(super) async fn decide(
    State(server): State<Arc<AuthorizationServer>>,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body);
    let key = params.get("transaction").unwrap_or_default();
    let Some(requested) = server.store().pending(key, now()) else {
        return page::refused(
            "This page is too old, or was answered before. Start again in the client.",
        );
    };
    if params.get("decision") == Some("deny") {
        server.store().forget_pending(key);
        let error = OAuthError::new("access_denied", "The person said no");
        return response::error(&server, Destination::of(&requested), &error);
    }
    let second_factor = requested.authorization.acr == Some(acr::MULTIPLE_FACTORS);
    if let Some(notice) = wrong_login(&params, second_factor) {
        return consent(
            &server,
            StatusCode::FORBIDDEN,
            &requested,
            key,
            Some(notice),
        );
    }
    server.store().forget_pending(key);
    grant(&server, requested)
}

/// What is wrong with the user name and password that someone typed.
pub(super) fn wrong_login(params: &Params, second_factor: bool) -> Option<&'static str> {
    if (params.get("username"), params.get("password")) != (Some(USER.0), Some(USER.1)) {
        return Some("The user name or the password is wrong.");
    }
    let code_is_right = params.get("one_time_code") == Some(ONE_TIME_CODE);
    (second_factor && !code_is_right).then_some("The one-time code is wrong.")
}

async fn authorize(server: &AuthorizationServer, outer: &Params) -> Response {
    if let Some(answer) = server.wrong_answer(Endpoint::Authorization) {
        return answer;
    }
    if let (Some(victim), true) = (&server.second_as_url, server.is(Misbehaviour::MixUp)) {
        let request = outer.without(&["client_id"]).with("client_id", KNOWN_THERE);
        return response::elsewhere(&format!("{victim}/authorize"), &request);
    }
    if let Some(id) = outer.get("client_id")
        && let Err(text) = server.learn(id).await
    {
        return page::refused(&format!("{text}."));
    }
    let params = match effective(server, outer) {
        Ok(params) => params,
        // The parameters beside the object or reference may still say where to send the error.
        Err(error) => {
            return match find_client(server, outer) {
                Ok((_, redirect_uri)) => {
                    response::error(server, Destination::of_params(&redirect_uri, outer), &error)
                }
                Err(_) => page::refused(&format!("{}: {}.", error.code(), error.description())),
            };
        }
    };
    let (client, redirect_uri) = match find_client(server, &params) {
        Ok(found) => found,
        Err(text) => return page::refused(&text),
    };
    let provider = server.options.provider;
    if let Some((code, text)) = provider.and_then(|setup| setup.error_at_callback()) {
        let to = Destination::of_params(&redirect_uri, &params);
        return response::error(server, to, &OAuthError::new(code, text));
    }
    if server.is(Misbehaviour::AuthorizationRefused) {
        let error = OAuthError::new(
            "invalid_scope",
            "The requested scope is not allowed for this client",
        );
        return response::error(
            server,
            Destination::of_params(&redirect_uri, &params),
            &error,
        );
    }
    let requested = match check(server, &client, &redirect_uri, &params) {
        Ok(requested) => requested,
        Err(error) => {
            return response::error(
                server,
                Destination::of_params(&redirect_uri, &params),
                &error,
            );
        }
    };
    if server.options.auto_approve {
        return grant(server, requested);
    }
    if params.get("prompt") == Some("none") {
        let error = OAuthError::new("login_required", "Nobody is logged in");
        return response::error(server, Destination::of(&requested), &error);
    }
    let key = server.store().keep_pending(requested.clone(), now());
    consent(server, StatusCode::OK, &requested, &key, None)
}

fn consent(
    server: &AuthorizationServer,
    status: StatusCode,
    requested: &Requested,
    transaction: &str,
    notice: Option<&str>,
) -> Response {
    let client = server
        .store()
        .clients
        .get(&requested.authorization.client_id)
        .cloned();
    let page = page::Consent {
        authorization: &requested.authorization,
        client: client.as_ref(),
        action: "/authorize/decision",
        hidden: ("transaction", transaction),
        sent_back_to: Some(&requested.redirect_uri),
        login: match server.misbehaviour {
            Some(Misbehaviour::ApproverStuck) => ("", ""),
            _ => USER,
        },
        one_time_code: (requested.authorization.acr == Some(acr::MULTIPLE_FACTORS))
            .then_some(ONE_TIME_CODE),
        notice,
    };
    page.response(status)
}

fn grant(server: &AuthorizationServer, mut requested: Requested) -> Response {
    requested.authorization.auth_time = Some(now());
    let code = server.store().add_code(requested.clone(), now());
    response::respond(server, Destination::of(&requested), &[("code", &code)])
}
