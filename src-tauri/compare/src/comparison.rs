//! The result of comparing two runs. Secrets are replaced in all of it.

use diagnosis::{Level, Owner};
use serde::{Deserialize, Serialize};
use trace::Phase;
use ts_rs::TS;

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// Nothing but noise differs.
    pub same: bool,
    /// The first difference that matters, or that there is none.
    pub sentence: String,
    /// Where that difference is; null when nothing or only findings differ.
    pub first: Option<First>,
    /// Every step of the two, in the order of the first.
    pub rows: Vec<ComparedRow>,
    /// Every finding of the two; those that changed first.
    pub findings: Vec<FindingChange>,
    /// What was folded, by kind.
    pub noise: Vec<NoiseCount>,
    /// What limits the comparison, in whole sentences.
    pub notes: Vec<String>,
    /// The flows that were compared.
    pub flows: Flows,
}

/// Which flow of each of the two was compared, and how many there are. Counted from 1; 0 where a
/// recording has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Flows {
    pub a: u16,
    pub of_a: u16,
    pub b: u16,
    pub of_b: u16,
}

/// The place of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct First {
    /// Counts the rows of the comparison from 0.
    pub row: u32,
    /// Counts the differences of the row from 0; null when the row as a whole is the difference.
    pub difference: Option<u32>,
}

/// A step, as it was in both runs or in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ComparedRow {
    /// "Protected resource metadata", "Token request".
    pub title: String,
    pub phase: Phase,
    pub state: RowState,
    pub a: Option<ComparedStep>,
    pub b: Option<ComparedStep>,
    pub differences: Vec<Difference>,
    /// What differs and does not count.
    pub noise: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    Same,
    Different,
    /// The other run has no such step.
    OnlyA,
    OnlyB,
    /// The other run has no such step, and that does not count: steps of this kind are not recorded
    /// there, or it repeats the step before.
    NotCounted,
}

/// One run's side of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedStep {
    /// The entry of its trace.
    pub seq: u32,
    pub method: String,
    /// Path and query as the diagram shows them.
    pub path: String,
    pub status: Option<u16>,
    /// Why there is no answer.
    pub failure: Option<String>,
}

/// One thing that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Difference {
    pub place: Place,
    /// The name of the header, parameter, member or claim; empty where the place says it all.
    pub name: String,
    /// Place and name in words: "the request header accept".
    pub what: String,
    /// Null when it is not there.
    pub a: Option<String>,
    pub b: Option<String>,
    /// Why it does not count; null when it does.
    pub noise: Option<Noise>,
}

/// The part of an exchange in which something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Method,
    Url,
    /// A parameter of the request's URL.
    Parameter,
    /// A field of the request's form.
    RequestField,
    /// A member of the request's JSON body, by its path: `redirect_uris`, `params.name`.
    RequestMember,
    /// A claim, or a member of the header, of a JWT in the request: `client_assertion.aud`.
    RequestClaim,
    RequestHeader,
    RequestBody,
    /// Whether an answer came.
    Failure,
    Status,
    /// A parameter of `WWW-Authenticate`: `Bearer resource_metadata`.
    Challenge,
    /// A part of `Location`: the URL, or a parameter.
    Redirect,
    ResponseMember,
    ResponseClaim,
    ResponseHeader,
    ResponseBody,
    /// Which step comes before which.
    Order,
}

/// Why something that differs does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// An id, code, token or nonce that differs in every run.
    Fresh,
    Time,
    /// A port of this machine, or the host of the server where two servers are compared.
    Address,
    /// The same values in another order.
    Order,
    /// What programs say of themselves and of the connection.
    Connection,
    /// One of the two recordings does not show it.
    NotRecorded,
    /// The same step once more.
    Repeated,
}

impl Noise {
    /// In a few words, for a count of them.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fresh => "ids, codes and tokens",
            Self::Time => "times",
            Self::Address => "ports and hosts",
            Self::Order => "orders",
            Self::Connection => "headers of programs and connections",
            Self::NotRecorded => "not recorded",
            Self::Repeated => "repeated",
        }
    }
}

/// How much of one kind was folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoiseCount {
    pub noise: Noise,
    /// [`Noise::words`].
    pub words: String,
    pub count: u32,
}

/// A finding, and what became of it from the first run to the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FindingChange {
    pub code: String,
    pub title: String,
    pub level: Level,
    pub owner: Owner,
    pub became: WhatBecame,
    /// The entries that show it.
    pub a: Option<u32>,
    pub b: Option<u32>,
    /// It makes the two different. Not so where the other run could not be checked for it.
    pub counts: bool,
    /// Why it does not count, in one sentence.
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WhatBecame {
    /// Only the second run has it.
    Came,
    /// Only the first one has it.
    Went,
    Stayed,
}

impl Difference {
    /// A difference at this place.
    pub(crate) fn at(place: Place, name: &str) -> Self {
        let what = match name {
            "" => place.words().to_owned(),
            name => format!("{} {name}", place.words()),
        };
        Self {
            place,
            name: name.to_owned(),
            what,
            a: None,
            b: None,
            noise: None,
        }
    }
}

impl Place {
    /// As a sentence names it; the name follows.
    pub fn words(self) -> &'static str {
        match self {
            Self::Method => "the method",
            Self::Url => "the URL",
            Self::Parameter => "the parameter",
            Self::RequestField => "the form field",
            Self::RequestMember => "the member",
            Self::RequestClaim => "the claim",
            Self::RequestHeader => "the request header",
            Self::RequestBody => "the request's body",
            Self::Failure => "the connection",
            Self::Status => "the status",
            Self::Challenge => "the challenge's",
            Self::Redirect => "the redirect's",
            Self::ResponseMember => "the answer's member",
            Self::ResponseClaim => "the claim",
            Self::ResponseHeader => "the response header",
            Self::ResponseBody => "the answer's body",
            Self::Order => "the order of steps",
        }
    }
}
