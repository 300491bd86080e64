//! What an exchange's fields mean, for people who do not know them by heart.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A group of fields of an exchange, explained: a JWT's claims, a form's fields, a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Decoded {
    /// "Access token, claims", "Authorization request", "PKCE".
    pub title: String,
    /// One sentence on the whole, when there is something to say.
    pub note: Option<String>,
    pub fields: Vec<DecodedField>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DecodedField {
    pub name: String,
    pub value: String,
    /// What it is for, in one sentence.
    pub meaning: Option<String>,
    /// The value is a secret: shown masked until asked for.
    pub secret: bool,
}
