//! Tokens and client credentials, keyed by issuer, resource and client.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use trace::{Secret, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    pub issuer: String,
    pub resource: String,
    pub client_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenSet {
    pub key: Key,
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub id_token: Option<Secret>,
    pub token_type: String,
    pub scope: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub obtained_at: Timestamp,
    pub client: ClientCredentials,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientCredentials {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub auth_method: String,
    pub registration: Option<serde_json::Value>,
    pub redirect_uri: Option<String>,
}

pub struct VaultStatus {
    pub name: String,
    pub persistent: bool,
    pub problem: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the keychain refused: {0}")]
    Refused(String),
}

#[derive(Clone)]
pub struct Vault {
    sets: Arc<Mutex<Vec<TokenSet>>>,
    reason: Arc<str>,
}

impl Vault {
    pub fn open() -> Self {
        Self::memory("no keychain")
    }

    pub fn memory(reason: &str) -> Self {
        Self { sets: Arc::default(), reason: reason.into() }
    }

    pub fn status(&self) -> VaultStatus {
        VaultStatus { name: "Memory only".into(), persistent: false, problem: Some(self.reason.to_string()) }
    }

    pub async fn put(&self, set: TokenSet) -> Result<(), VaultError> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.retain(|old| old.key != set.key);
        sets.push(set);
        Ok(())
    }

    pub async fn find(&self, resource: &str) -> Result<Vec<TokenSet>, VaultError> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(sets.iter().filter(|set| set.key.resource == resource).cloned().collect())
    }

    pub async fn list(&self) -> Result<Vec<TokenSet>, VaultError> {
        Ok(self.sets.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub async fn delete(&self, key: &Key) -> Result<(), VaultError> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).retain(|set| set.key != *key);
        Ok(())
    }
}
