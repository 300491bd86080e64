//! What is expected of a JWT, and what was found.

use serde::{Deserialize, Serialize};
use trace::Timestamp;

/// What a JWT has to say. `None` is not looked at.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: Option<&'a str>,
    /// What has to be `aud`, or among it.
    pub audience: Option<&'a str>,
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub leeway_seconds: u64,
    pub nonce: Option<&'a str>,
    /// What `at_hash` has to be the hash of, where the JWT has one.
    pub access_token: Option<&'a str>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// As the JWT's header says; `None` where it says none or no string.
    pub alg: Option<String>,
    pub kid: Option<String>,
    pub signature: Signature,
    /// What is wrong with the claims, whether or not they are signed.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    Valid,
    /// With the reason.
    Invalid(String),
    /// There is nothing to check, or no key to check it with; with the reason.
    NotChecked(String),
}

/// One claim that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its name: `exp`, `nbf`, `iat`, `iss`, `aud`, `nonce` or `at_hash`.
    pub claim: String,
    pub expected: String,
    pub got: String,
}
