//! Points in time and durations, as they are written to files and sent to the window.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct Timestamp(#[ts(type = "number")] pub u64);

impl Timestamp {
    pub fn from_system(at: std::time::SystemTime) -> Self {
        let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(since.as_micros() as u64)
    }

    /// Whole seconds since 1970, as JWT claims count them (RFC 7519 section 2, `NumericDate`).
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    pub fn plus(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Serialises a `Duration` as whole microseconds.
pub mod micros {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.as_micros() as u64)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// Serialises an `Option<Duration>` as whole microseconds or null; null means it is not known.
pub mod micros_option {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        value
            .map(|duration| duration.as_micros() as u64)
            .serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_beyond_all_others_is_the_last_one() {
        let never = Timestamp(1).plus(Duration::from_secs(u64::MAX));
        assert_eq!(never, Timestamp(u64::MAX));
        assert_eq!(
            Timestamp(1).plus(Duration::from_secs(1)),
            Timestamp(1_000_001)
        );
    }
}
