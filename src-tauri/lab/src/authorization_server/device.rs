//! Device authorization (RFC 8628): the endpoint, the page where a person enters the code, and the
//! polling.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::authorization::Authorization;
use super::authorize::wrong_login;
use super::clients::DEVICE_CODE;
use super::device_codes::{INTERVAL, LIFETIME, Unready};
use super::request::{USER, scope_and_resources};
use super::token_request::{Fields, TokenRequest};
use super::{AuthorizationServer, acr, authorization_details, grants, page};
use crate::Misbehaviour;
use crate::web::{OAuthError, Params, json_answer, no_store};

/// `POST /device_authorization`
pub(super) async fn authorization(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match authorized(&server, &headers, &body).await {
        Ok(answer) => no_store(json_answer(StatusCode::OK, &answer)),
        Err(error) => error.into_response(),
    }
}

/// `GET /device`: asks for the code, or with one, to log in and to approve.
pub(super) async fn enter(
    State(server): State<Arc<AuthorizationServer>>,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    match params.get("user_code") {
        None => page::enter_code(StatusCode::OK, None),
        Some(code) => consent(&server, StatusCode::OK, code, None),
    }
}

/// `POST /device/decision`: what the person at the page decided.
pub(super) async fn decide(
    State(server): State<Arc<AuthorizationServer>>,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body);
    let code = params.get("user_code").unwrap_or_default();
    let approved = params.get("decision") != Some("deny");
    if let Some(notice) = wrong_login(&params, false).filter(|_| approved) {
        return consent(&server, StatusCode::FORBIDDEN, code, Some(notice));
    }
    let decided = {
        let mut store = server.store();
        store.devices.entered(code, Instant::now()).map(|device| {
            if approved {
                device.approve()
            } else {
                device.deny()
            }
        })
    };
    match decided {
        Some(()) => page::decided(approved),
        None => page::enter_code(StatusCode::NOT_FOUND, Some(UNKNOWN_CODE)),
    }
}

/// The grant `urn:ietf:params:oauth:grant-type:device_code` (section 3.4).
pub(super) fn poll(request: &TokenRequest) -> Result<Fields, OAuthError> {
    let server = request.server;
    let code = request.required("device_code")?;
    if server.is(Misbehaviour::DeviceNotApproved) {
        return Err(OAuthError::new("expired_token", "The device code expired"));
    }
    let met = {
        let mut store = server.store();
        let approved_after = server
            .options
            .device_polls
            .or(server.options.auto_approve.then_some(1));
        store
            .devices
            .poll(code, &request.client.id, approved_after, Instant::now())
    };
    let granted = met.map_err(|unready| {
        let (code, text) = match unready {
            Unready::Pending => ("authorization_pending", "The person did not decide yet"),
            Unready::SlowDown => (
                "slow_down",
                "Wait five seconds longer between polls from now on",
            ),
            Unready::Denied => ("access_denied", "The person said no"),
            Unready::Expired => ("expired_token", "The device code expired"),
            Unready::Unknown => (
                "invalid_grant",
                "The device code is unknown, used or another client's",
            ),
        };
        OAuthError::new(code, text)
    })?;
    let grant = server.store().add_grant(granted.clone());
    let (scope, resources) = (&granted.scope, &granted.resources);
    let fields = request.access_token(grant, &granted, scope, resources, false)?;
    grants::for_a_person(request, grant, &granted, fields)
}

async fn authorized(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, OAuthError> {
    let params = Params::of_form(headers, body)?;
    let client = server.authenticate(headers, &params).await?;
    if !client.may_use(DEVICE_CODE) || server.is(Misbehaviour::DeviceRequestRejected) {
        let text = format!("The client is not registered for {DEVICE_CODE}");
        return Err(OAuthError::new("unauthorized_client", text));
    }
    let (scope, resources) = scope_and_resources(server, &params)?;
    let authorization = Authorization {
        client_id: client.id,
        subject: USER.0.to_owned(),
        scope,
        resources,
        details: authorization_details::read(server, &params)?,
        acr: Some(acr::PASSWORD),
        ..Authorization::default()
    };
    let slows_down = server.options.device_slow_down || server.is(Misbehaviour::SlowDownAtInterval);
    let mut store = server.store();
    let (device_code, user_code) = store.devices.add(authorization, slows_down, Instant::now());
    drop(store);
    let page = format!("{}/device", server.base);
    let address = match server.misbehaviour {
        Some(Misbehaviour::DeviceAnswerIncomplete) => "verification_url",
        _ => "verification_uri",
    };
    Ok(json!({
        "device_code": device_code,
        "user_code": user_code,
        address: page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }))
}

fn consent(
    server: &AuthorizationServer,
    status: StatusCode,
    user_code: &str,
    notice: Option<&str>,
) -> Response {
    let mut store = server.store();
    let entered = store.devices.entered(user_code, Instant::now());
    let Some((authorization, user_code)) =
        entered.map(|device| (device.authorization.clone(), device.user_code.clone()))
    else {
        return page::enter_code(StatusCode::NOT_FOUND, Some(UNKNOWN_CODE));
    };
    let page = page::Consent {
        authorization: &authorization,
        client: store.clients.get(&authorization.client_id),
        action: "/device/decision",
        hidden: ("user_code", &user_code),
        sent_back_to: None,
        login: USER,
        one_time_code: None,
        notice,
    };
    page.response(status)
}

const UNKNOWN_CODE: &str = "This code is unknown, expired, or was answered before.";
