//! A keychain that answers only when a test allows it, and fails where it is told to.

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
    fault: Arc<Mutex<Option<Fault>>>,
    waiting: mpsc::UnboundedReceiver<()>,
}

/// What goes wrong, and at which call.
struct Fault {
    calls_left: usize,
    /// All later calls fail, too.
    stays: bool,
    error: fn() -> keyring_core::Error,
}

impl Gate {
    /// The `nth` call from now on fails, and where the fault `stays`, all after it.
    pub fn fail_at(&self, nth: usize, stays: bool, error: fn() -> keyring_core::Error) {
        *self.fault.lock().expect("no test panics here") = Some(Fault {
            calls_left: nth,
            stays,
            error,
        });
    }

    /// Whether a call has failed.
    pub fn has_failed(&self) -> bool {
        let fault = self.fault.lock().expect("no test panics here");
        fault.as_ref().is_some_and(|fault| fault.calls_left == 0)
    }

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
    let fault: Arc<Mutex<Option<Fault>>> = Arc::default();
    let store = Gated {
        store: mock::Store::new().expect("it is in memory"),
        shut: shut.clone(),
        fault: fault.clone(),
        arrived,
    };
    let vault = Vault::in_store(Arc::new(store), "Authscope session tests").expect("a thread");
    let gate = Gate {
        shut,
        fault,
        waiting,
    };
    (vault, gate)
}

struct Gated {
    store: Arc<mock::Store>,
    shut: Arc<(Mutex<bool>, Condvar)>,
    fault: Arc<Mutex<Option<Fault>>>,
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
        if let Some(fault) = &mut *self.fault.lock().expect("no test panics here") {
            let before = fault.calls_left;
            fault.calls_left = before.saturating_sub(1);
            if before == 1 || before == 0 && fault.stays {
                return Err((fault.error)());
            }
        }
        self.store.build(service, user, modifiers)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gated")
    }
}
