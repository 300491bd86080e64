//! Device authorization (RFC 8628): the endpoint, the page where a person enters the code, and the
//! polling.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::authorize::wrong_login;
use super::clients::DEVICE_CODE;
use super::request::{USER, scope_and_resources};
use super::store::Authorization;
use super::token::{Fields, TokenRequest};
use super::{AuthorizationServer, acr, authorization_details, grants, now, page, plain};
use crate::Misbehaviour;
use crate::jwt::random_text;
use crate::web::{OAuthError, Params, json_answer, media_type, no_store};

/// Seconds that a device code lives.
const LIFETIME: u64 = 300;
/// Seconds between polls at first. The default would be 5; a lab need not keep anyone waiting
/// (section 3.2).
const INTERVAL: u64 = 1;
/// What every `slow_down` adds (section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Letters of a user code: none that is read as another, and no vowels (section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Device codes that wait for a person, or for their client.
#[derive(Default)]
pub(super) struct Devices(HashMap<String, Device>);

struct Device {
    authorization: Authorization,
    user_code: String,
    began: Instant,
    interval: Duration,
    polled: Option<Instant>,
    /// Whether the next poll is answered `slow_down`, however late it comes.
    slows_down: bool,
    /// How often the answer was that nobody decided yet.
    pending: u32,
    decision: Decision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Open,
    Approved,
    Denied,
}

/// Why a poll gets no token (section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unready {
    Pending,
    SlowDown,
    Denied,
    Expired,
    Unknown,
}

impl Devices {
    fn add(
        &mut self,
        authorization: Authorization,
        slows_down: bool,
        now: Instant,
    ) -> (String, String) {
        let device_code = random_text();
        let letter = || char::from(LETTERS[usize::from(rand::random::<u8>()) % LETTERS.len()]);
        let half = || (0..4).map(|_| letter()).collect::<String>();
        let user_code = format!("{}-{}", half(), half());
        let device = Device {
            authorization,
            user_code: user_code.clone(),
            began: now,
            interval: Duration::from_secs(INTERVAL),
            polled: None,
            slows_down,
            pending: 0,
            decision: Decision::Open,
        };
        self.0.insert(device_code.clone(), device);
        (device_code, user_code)
    }

    /// `approved_after`: the number of polls after which nobody is waited for.
    fn poll(
        &mut self,
        device_code: &str,
        client_id: &str,
        approved_after: Option<u32>,
        now: Instant,
    ) -> Result<Authorization, Unready> {
        let of_client = |device: &&mut Device| device.authorization.client_id == client_id;
        let Some(device) = self.0.get_mut(device_code).filter(of_client) else {
            return Err(Unready::Unknown);
        };
        if device.is_expired(now) {
            return Err(Unready::Expired);
        }
        let too_early = device
            .polled
            .is_some_and(|last| now < last + device.interval);
        device.polled = Some(now);
        if std::mem::take(&mut device.slows_down) || too_early {
            device.interval += SLOWER;
            return Err(Unready::SlowDown);
        }
        if approved_after.is_some_and(|polls| device.pending >= polls)
            && device.decision == Decision::Open
        {
            device.approve();
        }
        match device.decision {
            Decision::Open => {
                device.pending += 1;
                Err(Unready::Pending)
            }
            Decision::Denied => Err(Unready::Denied),
            Decision::Approved => {
                let device = self.0.remove(device_code).ok_or(Unready::Unknown)?;
                Ok(device.authorization)
            }
        }
    }

    /// The undecided device with this user code, however a person typed it.
    fn entered(&mut self, user_code: &str, now: Instant) -> Option<&mut Device> {
        let letters = |code: &str| {
            let letters = code.chars().filter(char::is_ascii_alphabetic);
            letters.map(|c| c.to_ascii_uppercase()).collect::<String>()
        };
        let entered = letters(user_code);
        self.0.values_mut().find(|device| {
            letters(&device.user_code) == entered
                && device.decision == Decision::Open
                && !device.is_expired(now)
        })
    }
}

impl Device {
    fn is_expired(&self, now: Instant) -> bool {
        now >= self.began + Duration::from_secs(LIFETIME)
    }

    fn approve(&mut self) {
        self.authorization.auth_time = Some(now());
        self.decision = Decision::Approved;
    }
}

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
        store
            .devices
            .entered(code, Instant::now())
            .map(|device| match approved {
                true => device.approve(),
                false => device.decision = Decision::Denied,
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
    let wrong = |text: String| OAuthError::new("invalid_request", text);
    if media_type(headers) != "application/x-www-form-urlencoded" {
        return Err(wrong(
            "The request has to be application/x-www-form-urlencoded".to_owned(),
        ));
    }
    let params = Params::parse(body);
    if let Some(name) = params.repeated() {
        return Err(wrong(format!("{} is there twice", plain(name))));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> (Devices, String, String, Instant) {
        let (mut devices, now) = (Devices::default(), Instant::now());
        let authorization = Authorization {
            client_id: "a".to_owned(),
            ..Authorization::default()
        };
        let (device_code, user_code) = devices.add(authorization, false, now);
        (devices, device_code, user_code, now)
    }

    #[test]
    fn polling_too_fast_makes_it_slower_each_time() {
        let (mut devices, code, _, start) = devices();
        let mut poll = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            devices.poll(&code, "a", None, now)
        };
        assert_eq!(poll(0).unwrap_err(), Unready::Pending);
        assert_eq!(poll(1).unwrap_err(), Unready::Pending);
        assert_eq!(poll(1).unwrap_err(), Unready::SlowDown);
        assert_eq!(
            poll(6).unwrap_err(),
            Unready::SlowDown,
            "six seconds from now on"
        );
        assert_eq!(
            poll(17).unwrap_err(),
            Unready::Pending,
            "eleven seconds from now on"
        );
        assert_eq!(poll(LIFETIME).unwrap_err(), Unready::Expired);
        assert_eq!(poll(LIFETIME + 1).unwrap_err(), Unready::Expired);
    }

    #[test]
    fn slower_from_the_first_poll_on_where_asked_for() {
        let (mut devices, now) = (Devices::default(), Instant::now());
        let (code, _) = devices.add(Authorization::default(), true, now);
        let mut poll =
            |seconds: u64| devices.poll(&code, "", None, now + Duration::from_secs(seconds));
        assert_eq!(poll(1).unwrap_err(), Unready::SlowDown);
        assert_eq!(
            poll(7).unwrap_err(),
            Unready::Pending,
            "six seconds from now on"
        );
        assert_eq!(poll(12).unwrap_err(), Unready::SlowDown);
    }

    #[test]
    fn a_code_is_for_one_client_and_one_use() {
        let (mut devices, code, user_code, now) = devices();
        assert_eq!(
            devices.poll(&code, "b", None, now).unwrap_err(),
            Unready::Unknown
        );
        let typed = user_code.to_lowercase().replace('-', " ");
        devices.entered(&typed, now).unwrap().approve();
        assert!(devices.entered(&typed, now).is_none(), "answered before");
        assert!(devices.poll(&code, "a", None, now).is_ok());
        assert_eq!(
            devices.poll(&code, "a", None, now).unwrap_err(),
            Unready::Unknown
        );
    }

    #[test]
    fn approved_by_itself_after_some_polls() {
        let (mut devices, code, _, start) = devices();
        let mut poll = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            devices.poll(&code, "a", Some(2), now)
        };
        assert_eq!(poll(0).unwrap_err(), Unready::Pending);
        assert_eq!(poll(1).unwrap_err(), Unready::Pending);
        assert!(poll(2).is_ok());
    }
}
