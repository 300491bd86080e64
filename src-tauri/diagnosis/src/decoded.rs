//! What an exchange's fields mean, for people who do not know them by heart.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::spec::source::Section;

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
    /// Where that is defined; none where no specification does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source: Option<Section>,
    /// The value is a secret: shown masked until asked for.
    pub secret: bool,
}

/// What a part of a message means, to be told where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartMeaning {
    pub of: MeantPart,
    /// A header field in lower case, a parameter, or a member as a JSON pointer (RFC 6901) with `*`
    /// for every item of a list.
    pub name: String,
    /// One sentence.
    pub meaning: String,
    /// Where that is defined; none where no specification does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source: Option<Section>,
}

/// Which part of a message a name is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MeantPart {
    RequestHeader,
    ResponseHeader,
    /// The query of the request's URL.
    Query,
    /// The form in the request's body.
    Form,
    /// The JSON in the request's body.
    RequestMember,
    /// The JSON in the response's body.
    ResponseMember,
}
