//! Everything an authorization server remembers: clients, requests waiting for a person, codes,
//! grants, tokens.
//!
//! Times are seconds since 1970 and come from the caller.

use std::collections::HashMap;

use super::authorization::Authorization;
use super::clients::Client;
use super::device_codes::Devices;
use super::early::EarlyToken;
use super::pushed_requests::Pushed;
use super::response_mode::ResponseMode;
use crate::jwt::random_text;
use crate::once::Once;

/// Seconds an authorization code lives.
pub(super) const CODE_LIFETIME: u64 = 60;
/// Seconds a person may look at the consent page.
const PENDING_LIFETIME: u64 = 600;

/// An authorization request that passed every check.
#[derive(Debug, Clone)]
pub(super) struct Requested {
    pub(super) authorization: Authorization,
    pub(super) redirect_uri: String,
    pub(super) response_mode: ResponseMode,
    pub(super) state: Option<String>,
    pub(super) code_challenge: String,
    /// The thumbprint of the key that the token request has to prove (RFC 9449 section 10).
    pub(super) dpop_jkt: Option<String>,
}

struct Code {
    requested: Requested,
    expires: u64,
    /// The grant it was exchanged for.
    spent: Option<GrantId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GrantId(u64);

pub(super) struct Grant {
    pub(super) authorization: Authorization,
    pub(super) revoked: bool,
}

struct AccessToken {
    grant: GrantId,
    revoked: bool,
    /// Counts as expired once the MCP handshake is done.
    early: bool,
}

struct RefreshToken {
    grant: GrantId,
    rotated: bool,
    /// The thumbprint of the key that it is bound to.
    key: Option<String>,
}

/// A refresh token that is good.
pub(super) struct Refreshable {
    pub(super) grant: GrantId,
    pub(super) authorization: Authorization,
    /// The thumbprint of the key that has to be proven to use it.
    pub(super) key: Option<String>,
}

/// Why a code or refresh token is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worthless {
    Unknown,
    Expired,
    /// Used before; everything that came from it is revoked now.
    Replayed,
    Revoked,
}

#[derive(Default)]
pub(super) struct Store {
    pub(super) clients: HashMap<String, Client>,
    pending: HashMap<String, (Requested, u64)>,
    codes: HashMap<String, Code>,
    grants: HashMap<GrantId, Grant>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
    pub(super) early_token: EarlyToken,
    pub(super) pushed: Pushed,
    pub(super) devices: Devices,
    /// Assertions of clients that were taken.
    pub(super) used_assertions: Once,
}

impl Store {
    /// With the clients that need no registration.
    pub(super) fn new(clients: Vec<Client>) -> Self {
        let clients = clients
            .into_iter()
            .map(|client| (client.id.clone(), client));
        Self {
            clients: clients.collect(),
            ..Self::default()
        }
    }

    /// Keeps a request until a person decides; gives the key to find it by.
    pub(super) fn keep_pending(&mut self, requested: Requested, now: u64) -> String {
        self.pending.retain(|_, (_, expires)| now < *expires);
        let key = random_text();
        self.pending
            .insert(key.clone(), (requested, now + PENDING_LIFETIME));
        key
    }

    pub(super) fn pending(&self, key: &str, now: u64) -> Option<Requested> {
        let (requested, expires) = self.pending.get(key)?;
        (now < *expires).then(|| requested.clone())
    }

    pub(super) fn forget_pending(&mut self, key: &str) {
        self.pending.remove(key);
    }

    pub(super) fn add_code(&mut self, requested: Requested, now: u64) -> String {
        let code = random_text();
        self.codes.insert(
            code.clone(),
            Code {
                requested,
                expires: now + CODE_LIFETIME,
                spent: None,
            },
        );
        code
    }

    /// What a code stands for, without spending it.
    ///
    /// # Errors
    /// [`Worthless::Replayed`] revokes what the code was exchanged for (RFC 6749 section 4.1.2).
    pub(super) fn look_at_code(&mut self, code: &str, now: u64) -> Result<Requested, Worthless> {
        let known = self.codes.get(code).ok_or(Worthless::Unknown)?;
        if let Some(grant) = known.spent {
            self.revoke_grant(grant);
            return Err(Worthless::Replayed);
        }
        if now >= known.expires {
            return Err(Worthless::Expired);
        }
        Ok(known.requested.clone())
    }

    /// Spends a code that [`Self::look_at_code`] found good.
    pub(super) fn spend_code(&mut self, code: &str, grant: GrantId) {
        if let Some(known) = self.codes.get_mut(code) {
            known.spent = Some(grant);
        }
    }

    pub(super) fn add_grant(&mut self, authorization: Authorization) -> GrantId {
        // Grants are never removed, so the count is a fresh number.
        let id = GrantId(self.grants.len() as u64);
        self.grants.insert(
            id,
            Grant {
                authorization,
                revoked: false,
            },
        );
        id
    }

    pub(super) fn add_access(&mut self, jti: String, grant: GrantId, early: bool) {
        self.access.insert(
            jti,
            AccessToken {
                grant,
                revoked: false,
                early,
            },
        );
    }

    /// `key` is the thumbprint of the key that it is to be bound to.
    pub(super) fn add_refresh(&mut self, grant: GrantId, key: Option<String>) -> String {
        let token = random_text();
        self.refresh.insert(
            token.clone(),
            RefreshToken {
                grant,
                rotated: false,
                key,
            },
        );
        token
    }

    /// The grant behind a refresh token, without rotating it.
    ///
    /// # Errors
    /// [`Worthless::Replayed`] for a token that was rotated before: its family is revoked then.
    pub(super) fn look_at_refresh(&mut self, token: &str) -> Result<Refreshable, Worthless> {
        let known = self.refresh.get(token).ok_or(Worthless::Unknown)?;
        let (id, rotated, key) = (known.grant, known.rotated, known.key.clone());
        if rotated {
            self.revoke_grant(id);
            return Err(Worthless::Replayed);
        }
        let grant = self.grants.get(&id).ok_or(Worthless::Unknown)?;
        if grant.revoked {
            Err(Worthless::Revoked)
        } else {
            Ok(Refreshable {
                grant: id,
                authorization: grant.authorization.clone(),
                key,
            })
        }
    }

    /// Invalidates a refresh token, unless it is already invalid: of two requests at once one comes
    /// first.
    ///
    /// # Errors
    /// Those of [`Self::look_at_refresh`].
    pub(super) fn rotate_refresh(&mut self, token: &str) -> Result<(), Worthless> {
        self.look_at_refresh(token)?;
        if let Some(known) = self.refresh.get_mut(token) {
            known.rotated = true;
        }
        Ok(())
    }

    /// The grant of a refresh token, when both are still good.
    pub(super) fn live_refresh(&self, token: &str) -> Option<&Grant> {
        let known = self.refresh.get(token).filter(|known| !known.rotated)?;
        self.grants.get(&known.grant).filter(|grant| !grant.revoked)
    }

    /// The grant of an access token that nobody revoked, and whether it is an early one.
    pub(super) fn live_access(&self, jti: &str) -> Option<(&Grant, bool)> {
        let known = self.access.get(jti).filter(|known| !known.revoked)?;
        let grant = self
            .grants
            .get(&known.grant)
            .filter(|grant| !grant.revoked)?;
        Some((grant, known.early))
    }

    pub(super) fn knows_access(&self, jti: &str) -> bool {
        self.access.contains_key(jti)
    }

    pub(super) fn revoke_access(&mut self, jti: &str) {
        if let Some(known) = self.access.get_mut(jti) {
            known.revoked = true;
        }
    }

    /// Revokes the whole family of a refresh token.
    pub(super) fn revoke_refresh(&mut self, token: &str) {
        if let Some(grant) = self.refresh.get(token).map(|known| known.grant) {
            self.revoke_grant(grant);
        }
    }

    /// Forgets a client, and revokes what it was granted.
    pub(super) fn remove_client(&mut self, id: &str) {
        self.clients.remove(id);
        for grant in self
            .grants
            .values_mut()
            .filter(|grant| grant.authorization.client_id == id)
        {
            grant.revoked = true;
        }
        self.codes
            .retain(|_, code| code.requested.authorization.client_id != id);
    }

    fn revoke_grant(&mut self, id: GrantId) {
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.revoked = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested() -> Requested {
        Requested {
            authorization: Authorization {
                client_id: "lab-public".to_owned(),
                subject: "alice".to_owned(),
                ..Authorization::default()
            },
            redirect_uri: "http://127.0.0.1:2/callback".to_owned(),
            response_mode: ResponseMode::Query,
            state: None,
            code_challenge: String::new(),
            dpop_jkt: None,
        }
    }

    #[test]
    fn a_code_dies_after_a_minute() {
        let mut store = Store::default();
        let code = store.add_code(requested(), 1000);
        assert!(store.look_at_code(&code, 1000 + CODE_LIFETIME - 1).is_ok());
        assert_eq!(
            store.look_at_code(&code, 1000 + CODE_LIFETIME).unwrap_err(),
            Worthless::Expired
        );
        assert_eq!(
            store.look_at_code("another", 1000).unwrap_err(),
            Worthless::Unknown
        );
    }

    #[test]
    fn of_two_rotations_one_comes_first_and_the_other_ends_the_grant() {
        let mut store = Store::default();
        let grant = store.add_grant(requested().authorization);
        let token = store.add_refresh(grant, None);
        assert_eq!(store.rotate_refresh(&token), Ok(()));
        assert_eq!(store.rotate_refresh(&token), Err(Worthless::Replayed));
        let next = store.add_refresh(grant, None);
        assert_eq!(store.rotate_refresh(&next), Err(Worthless::Revoked));
    }

    #[test]
    fn a_pending_request_is_forgotten_after_ten_minutes() {
        let mut store = Store::default();
        let key = store.keep_pending(requested(), 1000);
        assert!(store.pending(&key, 1000 + PENDING_LIFETIME - 1).is_some());
        assert!(store.pending(&key, 1000 + PENDING_LIFETIME).is_none());
        store.keep_pending(requested(), 1000 + PENDING_LIFETIME);
        assert_eq!(store.pending.len(), 1);
    }
}
