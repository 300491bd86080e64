//! A keychain that answers only when it is let.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, mock};
use tokio::sync::mpsc;
use vault::Vault;

use test_support::within;

/// The gate of a keychain: while it is shut, whoever uses the keychain waits.
pub struct Gate {
    shut: Arc<(Mutex<bool>, Condvar)>,
    waiting: mpsc::UnboundedReceiver<()>,
}

impl Gate {
    pub fn shut(&self) {
        *self.shut.0.lock().expect("no test panics here") = true;
    }

    pub fn open(&self) {
        *self.shut.0.lock().expect("no test panics here") = false;
        self.shut.1.notify_all();
    }

    /// Waits until somebody waits at the gate.
    pub async fn arrival(&mut self) {
        within("the keychain to be used", self.waiting.recv())
            .await
            .expect("the keychain lives");
    }
}

/// Otherwise the keychain's thread would wait for ever.
impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// An empty keychain, and its gate, which is open.
pub fn keychain() -> (Vault, Gate) {
    let (arrived, waiting) = mpsc::unbounded_channel();
    let shut: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let store = Gated {
        store: mock::Store::new().expect("it is in memory"),
        shut: shut.clone(),
        arrived,
    };
    let vault = Vault::in_store(Arc::new(store), "Authscope session tests").expect("a thread");
    (vault, Gate { shut, waiting })
}

struct Gated {
    store: Arc<mock::Store>,
    shut: Arc<(Mutex<bool>, Condvar)>,
    arrived: mpsc::UnboundedSender<()>,
}

impl CredentialStoreApi for Gated {
    fn vendor(&self) -> String {
        "Authscope's tests".into()
    }

    fn id(&self) -> String {
        "gated".into()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Entry> {
        let mut shut = self.shut.0.lock().expect("no test panics here");
        if *shut {
            let _ = self.arrived.send(());
        }
        while *shut {
            shut = self.shut.1.wait(shut).expect("no test panics here");
        }
        drop(shut);
        self.store.build(service, user, modifiers)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gated")
    }
}
