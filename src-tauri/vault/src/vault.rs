//! The vault: a keychain on a thread of its own, or memory.

use std::fmt;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use keyring_core::CredentialStore;
use tokio::sync::oneshot;

use crate::error::VaultError;
use crate::keychain::{Found, Keychain};
use crate::platform::{self, problem};
use crate::token_set::{Key, TokenSet};

/// Where tokens and client credentials are kept. Copies are the same vault.
#[derive(Clone)]
pub struct Vault {
    place: Arc<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultStatus {
    /// What the window calls it.
    pub name: String,
    /// Whether what is put in is there when the program starts again.
    pub persistent: bool,
    /// What is wrong, in plain words: why there is no keychain, or what in it is damaged.
    pub problem: Option<String>,
}

enum Place {
    Keychain {
        jobs: mpsc::Sender<Job>,
        damaged: Mutex<Vec<String>>,
    },
    Memory {
        sets: Mutex<Vec<TokenSet>>,
        reason: String,
    },
}

type Job = Box<dyn FnOnce(&Keychain) + Send>;

impl Vault {
    /// The system's keychain when it can be written and read, else memory.
    ///
    /// Waits for the keychain, at most [`OPENING`]: not for the thread that draws. The environment
    /// variable `AUTHSCOPE_KEYCHAIN_SERVICE` names another service than `Authscope`, so that tests
    /// keep out of a user's tokens.
    pub fn open() -> Self {
        let service =
            std::env::var("AUTHSCOPE_KEYCHAIN_SERVICE").unwrap_or_else(|_| "Authscope".into());
        let open = move || {
            let keychain =
                Keychain::new(platform::store().map_err(|error| problem(&error))?, service);
            keychain.probe().map_err(|error| problem(&error))?;
            Ok(keychain)
        };
        match on_a_thread(open, OPENING) {
            Ok(jobs) => Self {
                place: Arc::new(Place::Keychain {
                    jobs,
                    damaged: Mutex::default(),
                }),
            },
            Err(reason) => {
                tracing::info!("tokens are kept in memory: {reason}");
                Self::memory(&reason)
            }
        }
    }

    /// A vault in another credential store than the system's.
    ///
    /// # Errors
    /// When no thread can be started for it.
    pub fn in_store(store: Arc<CredentialStore>, service: &str) -> Result<Self, String> {
        let keychain = Keychain::new(store, service.into());
        let jobs = on_a_thread(move || Ok(keychain), OPENING)?;
        Ok(Self {
            place: Arc::new(Place::Keychain {
                jobs,
                damaged: Mutex::default(),
            }),
        })
    }

    /// A vault in memory, lost when the program ends; `reason` says why it is used.
    pub fn memory(reason: &str) -> Self {
        Self {
            place: Arc::new(Place::Memory {
                sets: Mutex::default(),
                reason: reason.into(),
            }),
        }
    }

    pub fn status(&self) -> VaultStatus {
        match &*self.place {
            Place::Keychain { damaged, .. } => VaultStatus {
                name: platform::NAME.into(),
                persistent: true,
                problem: Some(held(damaged).join(" ")).filter(|problem| !problem.is_empty()),
            },
            Place::Memory { reason, .. } => VaultStatus {
                name: "Memory only".into(),
                persistent: false,
                problem: Some(reason.clone()),
            },
        }
    }

    /// Keeps the tokens, in place of those with the same key.
    ///
    /// # Errors
    /// [`VaultError`] when the keychain refuses or does not answer; what was there before is still
    /// there.
    pub async fn put(&self, set: TokenSet) -> Result<(), VaultError> {
        match &*self.place {
            Place::Keychain { jobs, .. } => ask(jobs, move |keychain| keychain.put(&set)).await,
            Place::Memory { sets, .. } => {
                let mut sets = held(sets);
                sets.retain(|old| old.key != set.key);
                sets.push(set);
                Ok(())
            }
        }
    }

    /// Everything that can be read, oldest first. What is damaged is left out and
    /// named by [`Vault::status`].
    ///
    /// # Errors
    /// [`VaultError`] when the keychain refuses or does not answer.
    pub async fn list(&self) -> Result<Vec<TokenSet>, VaultError> {
        match &*self.place {
            Place::Keychain { jobs, damaged } => {
                let Found { sets, damaged: now } = ask(jobs, Keychain::list).await?;
                let mut damaged = held(damaged);
                for damage in now.iter().filter(|damage| !damaged.contains(damage)) {
                    tracing::warn!("{damage}");
                }
                *damaged = now;
                Ok(sets)
            }
            Place::Memory { sets, .. } => Ok(held(sets).clone()),
        }
    }

    /// The tokens for a resource, from whichever issuer and client.
    ///
    /// # Errors
    /// As [`Vault::list`].
    pub async fn find(&self, resource: &str) -> Result<Vec<TokenSet>, VaultError> {
        let mut sets = self.list().await?;
        sets.retain(|set| set.key.resource == resource);
        Ok(sets)
    }

    /// # Errors
    /// As [`Vault::list`].
    pub async fn get(&self, key: &Key) -> Result<Option<TokenSet>, VaultError> {
        Ok(self.list().await?.into_iter().find(|set| set.key == *key))
    }

    /// Forgets the tokens with this key, if there are any.
    ///
    /// # Errors
    /// [`VaultError`] when the keychain refuses or does not answer.
    pub async fn delete(&self, key: &Key) -> Result<(), VaultError> {
        match &*self.place {
            Place::Keychain { jobs, .. } => {
                let key = key.clone();
                ask(jobs, move |keychain| keychain.delete(&key)).await
            }
            Place::Memory { sets, .. } => {
                held(sets).retain(|set| set.key != *key);
                Ok(())
            }
        }
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`VaultError`] when the keychain refuses or does not answer.
    pub async fn clear(&self) -> Result<(), VaultError> {
        match &*self.place {
            Place::Keychain { jobs, .. } => ask(jobs, Keychain::clear).await,
            Place::Memory { sets, .. } => {
                held(sets).clear();
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault in {}", self.status().name)
    }
}

/// Opens the keychain on a thread that then does its jobs, one after the other.
///
/// Its calls block, for as long as a person takes to type a password. A runtime's own threads would
/// be waited for when the program ends; this one is not.
fn on_a_thread(
    open: impl FnOnce() -> Result<Keychain, String> + Send + 'static,
    limit: Duration,
) -> Result<mpsc::Sender<Job>, String> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let (opened, ready) = mpsc::channel();
    let work = move || match open() {
        Err(reason) => {
            // Whoever asked may have stopped waiting.
            let _ = opened.send(Err(reason));
        }
        Ok(keychain) => {
            if opened.send(Ok(())).is_ok() {
                queue.iter().for_each(|job| job(&keychain));
            }
        }
    };
    thread::Builder::new()
        .name("keychain".into())
        .spawn(work)
        .map_err(|error| format!("The keychain's thread cannot be started: {error}"))?;
    match ready.recv_timeout(limit) {
        Ok(opened) => opened.map(|()| jobs),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!(
            "The keychain did not answer within {} seconds: it may be asking for its password. Unlock it and start again.",
            limit.as_secs()
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err("The keychain broke down while it was opened.".into())
        }
    }
}

async fn ask<T: Send + 'static>(
    jobs: &mpsc::Sender<Job>,
    work: impl FnOnce(&Keychain) -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let (done, answer) = oneshot::channel();
    let job = move |keychain: &Keychain| {
        // Whoever asked may have stopped waiting.
        let _ = done.send(work(keychain));
    };
    jobs.send(Box::new(job)).map_err(|_| VaultError::Gone)?;
    match tokio::time::timeout(ANSWERING, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(VaultError::Gone),
        Err(_) => Err(VaultError::Timeout(ANSWERING.as_secs())),
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long opening waits for the keychain.
const OPENING: Duration = Duration::from_secs(10);
/// How long any call waits: long enough for a person to type the password the keychain asks for.
const ANSWERING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_set::tests::set;

    fn on_a_mock() -> Vault {
        let store = keyring_core::mock::Store::new().unwrap();
        Vault::in_store(store, "Authscope unit tests").unwrap()
    }

    #[tokio::test]
    async fn memory_and_keychain_answer_alike() {
        for vault in [Vault::memory("a test"), on_a_mock()] {
            vault.put(set("a", "1")).await.unwrap();
            vault.put(set("b", "2")).await.unwrap();
            vault.put(set("a", "3")).await.unwrap();
            assert_eq!(vault.list().await.unwrap(), [set("b", "2"), set("a", "3")]);
            assert_eq!(
                vault.find("https://mcp.example/mcp").await.unwrap().len(),
                2
            );
            assert!(
                vault
                    .find("https://mcp.example/mcp/")
                    .await
                    .unwrap()
                    .is_empty()
            );
            assert_eq!(
                vault.clone().get(&set("a", "").key).await.unwrap(),
                Some(set("a", "3"))
            );
            vault.delete(&set("a", "").key).await.unwrap();
            assert_eq!(vault.get(&set("a", "").key).await.unwrap(), None);
            vault.clear().await.unwrap();
            assert!(vault.list().await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn status_says_where_tokens_are_and_why() {
        let memory = Vault::memory("there is no keychain here");
        assert!(!memory.status().persistent);
        assert_eq!(
            memory.status().problem.as_deref(),
            Some("there is no keychain here")
        );
        assert!(on_a_mock().status().persistent);
        assert_eq!(format!("{memory:?}"), "Vault in Memory only");
    }

    #[tokio::test]
    async fn a_keychain_that_breaks_is_an_error_each_time() {
        let vault = on_a_mock();
        let Place::Keychain { jobs, .. } = &*vault.place else {
            panic!("it is on a mock");
        };
        let broken = ask::<()>(jobs, |_| panic!("the store broke")).await;
        assert!(matches!(broken, Err(VaultError::Gone)));
        assert!(matches!(
            vault.put(set("a", "1")).await,
            Err(VaultError::Gone)
        ));
    }

    #[test]
    fn a_keychain_that_does_not_open_in_time_is_given_up() {
        let (never, waits) = mpsc::channel::<()>();
        let open = move || {
            let _ = waits.recv();
            Err("too late".into())
        };
        let reason = on_a_thread(open, Duration::from_millis(20)).unwrap_err();
        assert!(reason.contains("did not answer"), "{reason}");
        drop(never);
    }
}
