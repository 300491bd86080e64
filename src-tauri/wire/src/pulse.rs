//! Keeps the clock of the runtime going while a server keeps one of its threads busy.
//!
//! Timers and sockets are looked after by a worker of the runtime that has nothing else to do. When
//! that one begins to read an answer that does not end, which may take it for seconds, the others
//! sleep on: no time limit is noticed. A task that is spawned wakes one of them.

use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

const PERIOD: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Pulse {
    /// The runtimes that wait for an answer, each with the number of its wait.
    waiting: Mutex<(u64, Vec<(u64, Handle)>)>,
    begun: Condvar,
}

static PULSE: LazyLock<&'static Pulse> = LazyLock::new(|| {
    let pulse: &'static Pulse = Box::leak(Box::default());
    let beat = move || pulse.beat();
    if let Err(error) = thread::Builder::new().name("pulse".into()).spawn(beat) {
        tracing::debug!(%error, "time limits may be noticed late");
    }
    pulse
});

/// The runtime is kept awake as long as this lives.
pub(crate) struct Awake(u64);

impl Awake {
    pub(crate) fn begin() -> Self {
        let mut waiting = PULSE.waiting();
        waiting.0 += 1;
        let number = waiting.0;
        waiting.1.push((number, Handle::current()));
        PULSE.begun.notify_one();
        Self(number)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        PULSE.waiting().1.retain(|(number, _)| *number != self.0);
    }
}

impl Pulse {
    fn waiting(&self) -> MutexGuard<'_, (u64, Vec<(u64, Handle)>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) {
        let mut waiting = self.waiting();
        loop {
            let begun = self
                .begun
                .wait_while(waiting, |waiting| waiting.1.is_empty());
            waiting = begun.unwrap_or_else(PoisonError::into_inner);
            let paused = self.begun.wait_timeout_while(waiting, PERIOD, |_| true);
            waiting = paused.unwrap_or_else(PoisonError::into_inner).0;
            for (_, runtime) in &waiting.1 {
                runtime.spawn(async {});
            }
        }
    }
}
