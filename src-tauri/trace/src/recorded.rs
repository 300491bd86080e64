//! How much of an exchange was recorded.
//!
//! A recording leaves things out: browsers keep headers and bodies to themselves, tools take tokens
//! away. What such a recording does not show is unknown, and never evidence that it was missing on
//! the wire.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How much of one part of an exchange was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// What is not there was not on the wire.
    #[default]
    Whole,
    /// What is there was on the wire; more may have been.
    Incomplete,
    NotRecorded,
}

/// What was found out from values before they were replaced: from pseudonyms it cannot be computed
/// again. `None` where it was not, or could not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Checked {
    /// `code_verifier` fits the `code_challenge` of the authorization request (RFC 7636 section
    /// 4.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pkce: Option<bool>,
    /// `at_hash` of the ID token is that of the access token (OpenID Connect Core 1.0 section
    /// 3.1.3.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub at_hash: Option<bool>,
    /// `c_hash` of the ID token is that of the code (OpenID Connect Core 1.0 section 3.3.2.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub c_hash: Option<bool>,
    /// The signature of the token is right by the issuer's keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signature: Option<bool>,
}

impl Checked {
    /// Whether nothing was found out.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a recording holds of an exchange. Everything, for our own runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Recording {
    /// Method and URL. Where they were not recorded, those stand there that fit the rest.
    pub request_line: Recorded,
    /// Where it was not recorded, one stands there that fits the rest.
    pub status: Recorded,
    pub request_headers: Recorded,
    pub request_body: Recorded,
    pub response_headers: Recorded,
    pub response_body: Recorded,
    /// When the exchange began, how long it took, and the time of its entry.
    pub times: Recorded,
    /// What was found out before secrets were replaced.
    #[serde(default, skip_serializing_if = "Checked::is_nothing")]
    #[ts(optional, as = "Option<Checked>")]
    pub checked: Checked,
}

impl Recording {
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// An answer to "is it there?" that does not take what was not recorded for missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence<T> {
    Found(T),
    /// It was recorded that there is none.
    Absent,
    NotRecorded,
}

impl<T> Presence<T> {
    /// What was found in a part, of which so much was recorded.
    pub fn of(found: Option<T>, recorded: Recorded) -> Self {
        match (found, recorded) {
            (Some(found), _) => Self::Found(found),
            (None, Recorded::Whole) => Self::Absent,
            (None, Recorded::Incomplete | Recorded::NotRecorded) => Self::NotRecorded,
        }
    }

    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::NotRecorded => None,
        }
    }

    /// Whether it is known to be missing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub fn is_recorded(&self) -> bool {
        !matches!(self, Self::NotRecorded)
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Presence<U> {
        match self {
            Self::Found(found) => Presence::Found(change(found)),
            Self::Absent => Presence::Absent,
            Self::NotRecorded => Presence::NotRecorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_recording_shows_that_something_is_missing() {
        assert!(Presence::<()>::of(None, Recorded::Whole).is_absent());
        for recorded in [Recorded::Incomplete, Recorded::NotRecorded] {
            assert_eq!(Presence::<()>::of(None, recorded), Presence::NotRecorded);
            assert_eq!(Presence::of(Some(1), recorded), Presence::Found(1));
        }
    }
}
