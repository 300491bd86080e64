//! The real clock and the real source of randomness.

use std::time::SystemTime;

use flow::{Env, Flow, Setup, StepOutcome, Transition};
use trace::Timestamp;

/// Judges with the current time and a source of random numbers.
pub(crate) fn judge(flow: &Flow, setup: &Setup, seen: StepOutcome<'_>) -> Transition {
    with_env(|env| flow.clone().judge(setup, seen, env))
}

/// Passes in the current time and a source of random numbers.
pub(crate) fn with_env<T>(work: impl FnOnce(&mut Env<'_>) -> T) -> T {
    work(&mut Env {
        now: now(),
        random: &mut random,
    })
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

pub(crate) fn random(bytes: &mut [u8]) {
    use rand::RngCore as _;
    rand::rng().fill_bytes(bytes);
}
