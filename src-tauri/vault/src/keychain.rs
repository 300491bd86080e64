//! How token sets are stored in a keychain.
//!
//! A keychain cannot be listed reliably on every system, so an index says what is there. Windows
//! takes 2,560 bytes an entry, so every value is cut into parts, on every system, for one way that
//! is tested everywhere. The entries:
//!
//! | user | holds |
//! |---|---|
//! | `index` | where the index is: a generation and a number of parts |
//! | `index <generation> <n>` | part `n` of the index: keys, and where their token sets are |
//! | `tokens <generation> <n>` | part `n` of a token set |
//!
//! Parts are never written over. A value gets a new generation, then what points to it is changed
//! in one write, then the old parts are deleted: who reads in between, or after a crash, sees the
//! old value or the new one.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use keyring_core::{CredentialStore, Entry, Error};
use serde::{Deserialize, Serialize};

use crate::error::VaultError;
use crate::platform::words;
use crate::token_set::{Key, TokenSet};

pub struct Keychain {
    store: Arc<CredentialStore>,
    service: String,
}

/// What was found, and what could not be read.
#[derive(Debug, Default)]
pub struct Found {
    pub sets: Vec<TokenSet>,
    /// One sentence for each entry that was skipped.
    pub damaged: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Index {
    entries: Vec<IndexEntry>,
}

#[derive(Clone, Serialize, Deserialize)]
struct IndexEntry {
    key: Key,
    place: Place,
}

/// Where the parts of a value are.
#[derive(Clone, Serialize, Deserialize)]
struct Place {
    generation: String,
    parts: usize,
}

impl Keychain {
    pub fn new(store: Arc<CredentialStore>, service: String) -> Self {
        Self { store, service }
    }

    /// Writes, reads and deletes a value. Only this shows that a keychain works: a locked one
    /// answers questions with "no entry".
    ///
    /// # Errors
    /// What the keychain said.
    pub fn probe(&self) -> Result<(), Error> {
        let entry = self.entry(&format!("probe {}", generation()))?;
        entry.set_secret(PROBE)?;
        let read = entry.get_secret()?;
        entry.delete_credential()?;
        if read == PROBE {
            return Ok(());
        }
        Err(Error::BadStoreFormat(
            "a value came back different from what was stored".into(),
        ))
    }

    pub fn put(&self, set: &TokenSet) -> Result<(), VaultError> {
        let bytes =
            serde_json::to_vec(set).map_err(|error| VaultError::Refused(error.to_string()))?;
        let _lock = self.lock();
        let (mut index, _) = self.index()?;
        let place = self.write("tokens", &bytes)?;
        let old = index.take(&set.key);
        index.entries.push(IndexEntry {
            key: set.key.clone(),
            place,
        });
        self.set_index(&index)?;
        self.forget("tokens", old);
        Ok(())
    }

    pub fn list(&self) -> Result<Found, VaultError> {
        let _lock = self.lock();
        let (index, damage) = self.index()?;
        let mut found = Found::default();
        found.damaged.extend(damage);
        for IndexEntry { key, place } in index.entries {
            let set = self
                .read("tokens", &place)?
                .and_then(|bytes| serde_json::from_slice::<TokenSet>(&bytes).ok())
                .filter(|set| set.key == key);
            match set {
                Some(set) => found.sets.push(set),
                None => found.damaged.push(format!(
                    "The stored tokens of client {} at {} for {} are damaged and were skipped.",
                    key.client_id, key.issuer, key.resource
                )),
            }
        }
        Ok(found)
    }

    pub fn delete(&self, key: &Key) -> Result<(), VaultError> {
        let _lock = self.lock();
        let (mut index, _) = self.index()?;
        let old = index.take(key);
        if !old.is_empty() {
            self.set_index(&index)?;
            self.forget("tokens", old);
        }
        Ok(())
    }

    /// Deletes everything, the index too; where a keychain can be searched, also what a crash or a
    /// damaged index left behind.
    ///
    /// # Errors
    /// When something could not be deleted; all else is gone.
    pub fn clear(&self) -> Result<(), VaultError> {
        let _lock = self.lock();
        let (index, _) = self.index()?;
        let head = self.get("index")?;
        let head = head.and_then(|head| serde_json::from_slice::<Place>(&head).ok());
        // The head first: who reads meanwhile finds nothing instead of half of it.
        let mut users = vec!["index".to_owned()];
        users.extend(head.iter().flat_map(|place| place.users("index")));
        let tokens = index.entries.iter().map(|entry| &entry.place);
        users.extend(tokens.flat_map(|place| place.users("tokens")));
        let mut failed = None;
        let mut delete =
            |entry: Result<Entry, Error>| match entry.and_then(|entry| entry.delete_credential()) {
                Ok(()) | Err(Error::NoEntry) => {}
                Err(error) => {
                    failed.get_or_insert(refused(&error));
                }
            };
        users.iter().for_each(|user| delete(self.entry(user)));
        let ours = HashMap::from([("service", self.service.as_str())]);
        let left = self.store.search(&ours).unwrap_or_default();
        left.into_iter().for_each(|entry| delete(Ok(entry)));
        failed.map_or(Ok(()), Err)
    }

    /// The index, and what is wrong with it. A damaged one counts as empty and is replaced by the
    /// next write.
    fn index(&self) -> Result<(Index, Option<String>), VaultError> {
        let Some(head) = self.get("index")? else {
            return Ok((Index::default(), None));
        };
        let index = match serde_json::from_slice::<Place>(&head) {
            Ok(place) => self.read("index", &place)?,
            Err(_) => None,
        };
        match index.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            Some(index) => Ok((index, None)),
            None => {
                let damage = "The list of stored tokens is damaged; they cannot be found any more.";
                Ok((Index::default(), Some(damage.into())))
            }
        }
    }

    fn set_index(&self, index: &Index) -> Result<(), VaultError> {
        let old = self
            .get("index")?
            .and_then(|head| serde_json::from_slice::<Place>(&head).ok());
        let bytes =
            serde_json::to_vec(index).map_err(|error| VaultError::Refused(error.to_string()))?;
        let place = self.write("index", &bytes)?;
        let head =
            serde_json::to_vec(&place).map_err(|error| VaultError::Refused(error.to_string()))?;
        self.set("index", &head)?;
        self.forget("index", old.into_iter().collect());
        Ok(())
    }

    fn write(&self, what: &str, bytes: &[u8]) -> Result<Place, VaultError> {
        let generation = generation();
        let mut parts = 0;
        for part in bytes.chunks(PART) {
            self.set(&format!("{what} {generation} {parts}"), part)?;
            parts += 1;
        }
        Ok(Place { generation, parts })
    }

    /// `None` when a part is missing.
    fn read(&self, what: &str, place: &Place) -> Result<Option<Vec<u8>>, VaultError> {
        let mut bytes = Vec::new();
        for user in place.users(what) {
            match self.get(&user)? {
                Some(part) => bytes.extend(part),
                None => return Ok(None),
            }
        }
        Ok(Some(bytes))
    }

    /// Deletes parts that nothing points to any more. A part that stays behind does no harm.
    fn forget(&self, what: &str, places: Vec<Place>) {
        for user in places.iter().flat_map(|place| place.users(what)) {
            let entry = self.entry(&user);
            match entry.and_then(|entry| entry.delete_credential()) {
                Ok(()) | Err(Error::NoEntry) => {}
                Err(error) => {
                    tracing::warn!("an old entry stays in the keychain: {}", words(&error))
                }
            }
        }
    }

    fn get(&self, user: &str) -> Result<Option<Vec<u8>>, VaultError> {
        match self.entry(user).and_then(|entry| entry.get_secret()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NoEntry | Error::BadDataFormat(..) | Error::Ambiguous(_)) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    fn set(&self, user: &str, bytes: &[u8]) -> Result<(), VaultError> {
        let set = self.entry(user).and_then(|entry| entry.set_secret(bytes));
        set.map_err(|error| refused(&error))
    }

    fn entry(&self, user: &str) -> Result<Entry, Error> {
        self.store.build(&self.service, user, None)
    }

    /// Keeps another process from changing the index in between. The file is empty. Where it cannot
    /// be had, two programs writing in the same instant may lose one of the two entries.
    fn lock(&self) -> Option<File> {
        let folder =
            std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let name: String = self
            .service
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(format!("{}.lock", name.to_ascii_lowercase())))
            .ok()?;
        file.lock().ok()?;
        Some(file)
    }
}

impl Place {
    /// The names of its parts.
    fn users(&self, what: &str) -> impl Iterator<Item = String> {
        let start = format!("{what} {}", self.generation);
        (0..self.parts.min(MOST_PARTS)).map(move |part| format!("{start} {part}"))
    }
}

impl Index {
    fn take(&mut self, key: &Key) -> Vec<Place> {
        let (old, kept) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|entry: &IndexEntry| entry.key == *key);
        self.entries = kept;
        Vec::into_iter(old).map(|entry| entry.place).collect()
    }
}

fn refused(error: &Error) -> VaultError {
    VaultError::Refused(words(error))
}

/// A name no other write has, in this process or another.
fn generation() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", now.as_nanos(), std::process::id())
}

/// Bytes of a part: below Windows' 2,560 (`CRED_MAX_CREDENTIAL_BLOB_SIZE`).
const PART: usize = 2400;
/// A damaged index must not make this loop for ever.
const MOST_PARTS: usize = 4096;
const PROBE: &[u8] = b"Authscope tries whether the keychain works";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_set::tests::set;

    fn keychain() -> Keychain {
        let store = keyring_core::mock::Store::new().unwrap();
        Keychain::new(store, format!("Authscope unit tests {}", generation()))
    }

    fn users(keychain: &Keychain) -> Vec<String> {
        let entries = keychain
            .store
            .search(&[("service", keychain.service.as_str())].into())
            .unwrap();
        let present = entries
            .into_iter()
            .filter(|entry| entry.get_secret().is_ok());
        present
            .filter_map(|entry| Some(entry.get_specifiers()?.1))
            .collect()
    }

    #[test]
    fn a_set_larger_than_an_entry_is_kept_and_replaced_without_a_rest() {
        let keychain = keychain();
        keychain.probe().unwrap();
        let large = set("a", &"x".repeat(20_000));
        keychain.put(&large).unwrap();
        keychain.put(&set("b", "small")).unwrap();
        assert_eq!(keychain.list().unwrap().sets, [large, set("b", "small")]);
        let newer = set("a", "newer");
        keychain.put(&newer).unwrap();
        assert_eq!(
            keychain.list().unwrap().sets,
            [set("b", "small"), newer.clone()]
        );
        keychain.delete(&newer.key).unwrap();
        keychain.delete(&newer.key).unwrap();
        assert_eq!(keychain.list().unwrap().sets, [set("b", "small")]);
        keychain.clear().unwrap();
        assert!(keychain.list().unwrap().sets.is_empty());
        assert_eq!(users(&keychain), [""; 0], "not even the index is left");
    }

    #[test]
    fn no_entry_is_larger_than_windows_takes() {
        let keychain = keychain();
        for name in 0..60 {
            keychain
                .put(&set(
                    &format!("{name}-{}", "long".repeat(40)),
                    &"x".repeat(5_000),
                ))
                .unwrap();
        }
        for user in users(&keychain) {
            assert!(
                keychain.get(&user).unwrap().unwrap().len() <= 2560,
                "{user}"
            );
        }
        assert_eq!(keychain.list().unwrap().sets.len(), 60);
    }

    #[test]
    fn a_damaged_entry_is_skipped_and_told() {
        let keychain = keychain();
        keychain.put(&set("a", "1")).unwrap();
        keychain.put(&set("b", "2")).unwrap();
        keychain.put(&set("c", "3")).unwrap();
        let (index, _) = keychain.index().unwrap();
        let user = |at: usize| format!("tokens {} 0", index.entries[at].place.generation);
        keychain.set(&user(0), b"{\"key\":").unwrap();
        keychain
            .entry(&user(2))
            .unwrap()
            .delete_credential()
            .unwrap();
        let found = keychain.list().unwrap();
        assert_eq!(found.sets, [set("b", "2")]);
        assert_eq!(found.damaged.len(), 2);
        assert!(
            found.damaged[0].contains("client a"),
            "{}",
            found.damaged[0]
        );
        keychain.put(&set("a", "1")).unwrap();
        assert_eq!(keychain.list().unwrap().damaged.len(), 1);
    }

    #[test]
    fn an_entry_that_is_cut_anywhere_is_told_and_costs_no_other() {
        let keychain = keychain();
        keychain.put(&set("a", "1")).unwrap();
        keychain.put(&set("b", "2")).unwrap();
        let (index, _) = keychain.index().unwrap();
        let user = format!("tokens {} 0", index.entries[0].place.generation);
        let whole = keychain.get(&user).unwrap().unwrap();
        for end in 0..whole.len() {
            keychain.set(&user, &whole[..end]).unwrap();
            let found = keychain.list().unwrap();
            assert_eq!(found.sets, [set("b", "2")], "{end}");
            assert_eq!(found.damaged.len(), 1, "{end}");
        }
        keychain.set(&user, &whole).unwrap();
        assert_eq!(keychain.list().unwrap().sets.len(), 2);
    }

    #[test]
    fn an_index_that_is_cut_anywhere_is_told_and_begun_anew() {
        let keychain = keychain();
        for end in 0.. {
            keychain.put(&set("a", "1")).unwrap();
            let users = users(&keychain);
            let name = users
                .iter()
                .find(|user| user.starts_with("index "))
                .unwrap();
            let whole = keychain.get(name).unwrap().unwrap();
            if end == whole.len() {
                break;
            }
            keychain.set(name, &whole[..end]).unwrap();
            let found = keychain.list().unwrap();
            assert!(found.sets.is_empty(), "{end}");
            assert_eq!(found.damaged.len(), 1, "{end}");
        }
        assert_eq!(keychain.list().unwrap().sets, [set("a", "1")]);
    }

    #[test]
    fn a_damaged_index_is_told_and_begun_anew() {
        let keychain = keychain();
        keychain.put(&set("a", "1")).unwrap();
        keychain.set("index", b"\xff\xfe").unwrap();
        let found = keychain.list().unwrap();
        assert!(found.sets.is_empty());
        assert_eq!(found.damaged.len(), 1);
        keychain.put(&set("b", "2")).unwrap();
        assert_eq!(keychain.list().unwrap().sets, [set("b", "2")]);
        // Parts that nothing points to are found as well.
        keychain.clear().unwrap();
        assert_eq!(users(&keychain), [""; 0]);
    }

    #[test]
    fn a_refusal_is_an_error_and_changes_nothing() {
        let keychain = keychain();
        keychain.put(&set("a", "1")).unwrap();
        let index = keychain.entry("index").unwrap();
        let mock: &keyring_core::mock::Cred = index.as_any().downcast_ref().unwrap();
        mock.set_error(Error::NoStorageAccess("locked".into()));
        let refused = keychain.put(&set("a", "2")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the keychain refused: Couldn't access platform storage: locked"
        );
        assert_eq!(keychain.list().unwrap().sets, [set("a", "1")]);
    }
}
