//! The real clock and the real source of randomness.

use std::time::SystemTime;

use flow::{Flow, Hand, Judged, Seen, Setup};
use trace::Timestamp;

/// Judges with the time it is and with random numbers.
pub(crate) fn judge(flow: &Flow, setup: &Setup, seen: Seen<'_>) -> Judged {
    flow.clone().judge(
        setup,
        seen,
        &mut Hand {
            now: now(),
            random: &mut random,
        },
    )
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

pub(crate) fn random(bytes: &mut [u8]) {
    use rand::RngCore as _;
    rand::rng().fill_bytes(bytes);
}
