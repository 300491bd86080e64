//! Between the flow's tokens and the vault's.

use std::hash::{BuildHasher as _, RandomState};

use flow::{Client, RegisteredBy, Setup, Tokens};
use jose::SigningKey;
use vault::{ClientCredentials, Key, TokenSet};

use crate::state::TokenView;
use flow::options::{Options, Registration};

/// The tokens kept for this server that fit the options, with their client: the newest.
pub(crate) fn stored(
    sets: &[TokenSet],
    setup: &Setup,
    options: &Options,
) -> Option<(Tokens, Client)> {
    let fits = |set: &&TokenSet| match &options.registration {
        Registration::Preregistered { client_id, .. } => set.key.client_id == *client_id,
        _ => true,
    };
    // Tokens are for the server that issued them alone.
    let of_chosen = |set: &&TokenSet| {
        setup
            .issuer
            .as_ref()
            .is_none_or(|issuer| set.key.issuer == *issuer)
    };
    let set = sets
        .iter()
        .filter(|set| set.key.resource == setup.server_url)
        .filter(fits)
        .filter(of_chosen)
        .max_by_key(|set| set.obtained_at)?
        .clone();
    let tokens = Tokens {
        access_token: set.access_token,
        refresh_token: set.refresh_token,
        id_token: set.id_token,
        token_type: set.token_type,
        scope: set.scope,
        expires_at: set.expires_at,
        obtained_at: set.obtained_at,
        accepted: false,
        refreshed: false,
        stored: true,
        issuer: Some(set.key.issuer.clone()),
        dpop_key: set
            .dpop_key
            .as_ref()
            .and_then(|pem| SigningKey::from_pem(pem.expose(), None).ok()),
    };
    let client = Client {
        client_id: set.client.client_id,
        client_secret: set.client.client_secret,
        private_key: setup.private_key.clone(),
        auth_method: set.client.auth_method,
        issuer: Some(set.key.issuer),
        by: match set.client.registration {
            Some(_) => RegisteredBy::Dcr,
            None => RegisteredBy::Hand,
        },
        redirect_uri: set.client.redirect_uri,
        registration: set.client.registration,
    };
    Some((tokens, client))
}

pub(crate) fn token_set(
    server_url: &str,
    issuer: String,
    tokens: Tokens,
    client: Client,
) -> TokenSet {
    TokenSet {
        key: Key {
            issuer,
            resource: server_url.into(),
            client_id: client.client_id.clone(),
        },
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        id_token: tokens.id_token,
        token_type: tokens.token_type,
        scope: tokens.scope,
        expires_at: tokens.expires_at,
        obtained_at: tokens.obtained_at,
        dpop_key: tokens.dpop_key.map(|key| key.to_pem()),
        client: ClientCredentials {
            client_id: client.client_id,
            client_secret: client.client_secret,
            auth_method: client.auth_method,
            registration: client.registration,
            redirect_uri: client.redirect_uri,
        },
    }
}

/// What the tokens panel shows of what is kept. No token is in it: every open document has one of
/// these, and a token may be large.
#[derive(Default)]
pub(crate) struct Shown {
    sets: Vec<(TokenView, u64)>,
    /// The hash by which access tokens are told apart.
    hash: RandomState,
}

impl Shown {
    pub fn of(sets: &[TokenSet]) -> Self {
        let hash = RandomState::new();
        let shown = |set: &TokenSet| (token_view(set), hash.hash_one(&set.access_token));
        Self {
            sets: sets.iter().map(shown).collect(),
            hash,
        }
    }

    /// The sets, with the one in use marked.
    pub fn views(&self, current: Option<&Tokens>, persistent: bool) -> Vec<TokenView> {
        let current = current.map(|tokens| self.hash.hash_one(&tokens.access_token));
        let view = |(view, access_token): &(TokenView, u64)| TokenView {
            current: current == Some(*access_token),
            stored: persistent,
            ..view.clone()
        };
        self.sets.iter().map(view).collect()
    }
}

fn token_view(set: &TokenSet) -> TokenView {
    TokenView {
        id: token_id(&set.key),
        issuer: set.key.issuer.clone(),
        resource: set.key.resource.clone(),
        client_id: set.key.client_id.clone(),
        scope: set.scope.clone(),
        access_token: masked(set.access_token.expose()),
        refresh_token: set
            .refresh_token
            .as_ref()
            .map(|token| masked(token.expose())),
        expires_at: set.expires_at,
        current: false,
        stored: false,
    }
}

/// Names a token set in commands of the window.
pub fn token_id(key: &Key) -> String {
    [key.issuer.as_str(), &key.resource, &key.client_id].join(" ")
}

/// The first characters, as many as tell two tokens apart but are of no use, and the length.
fn masked(token: &str) -> String {
    let length = token.chars().count();
    let shown = if length < 24 { 0 } else { 6 };
    format!(
        "{}… ({length} characters)",
        token.chars().take(shown).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_shows_nothing_and_a_long_one_six_characters() {
        assert_eq!(masked("hush"), "… (4 characters)");
        assert!(masked(&"x".repeat(40)).starts_with("xxxxxx…"));
    }
}
