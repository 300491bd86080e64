//! Device codes: polling, its pace, and what a person decided (RFC 8628).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::authorization::Authorization;
use crate::clock::now;
use crate::jwt::random_text;

/// Seconds that a device code lives.
pub(super) const LIFETIME: u64 = 300;
/// Seconds between polls at first. The default would be 5; a lab need not keep anyone waiting
/// (section 3.2).
pub(super) const INTERVAL: u64 = 1;
/// What every `slow_down` adds (section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Letters of a user code: none that is read as another, and no vowels (section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Device codes that wait for a person, or for their client.
#[derive(Default)]
pub(super) struct Devices(HashMap<String, Device>);

/// One of them.
pub(super) struct Device {
    pub(super) authorization: Authorization,
    pub(super) user_code: String,
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
pub(super) enum Unready {
    Pending,
    SlowDown,
    Denied,
    Expired,
    Unknown,
}

impl Devices {
    pub(super) fn add(
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
    pub(super) fn poll(
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
    pub(super) fn entered(&mut self, user_code: &str, now: Instant) -> Option<&mut Device> {
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

    pub(super) fn approve(&mut self) {
        self.authorization.auth_time = Some(now());
        self.decision = Decision::Approved;
    }

    pub(super) fn deny(&mut self) {
        self.decision = Decision::Denied;
    }
}

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
