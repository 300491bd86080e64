//! What a run recorded, and pure readers of it.
//!
//! A [`Trace`] is append-only: exchanges, browser visits, decisions of the flow, rewinds. Nothing
//! here opens a socket, reads a clock or changes what was recorded; redaction happens on the way
//! out, in `formats`.

mod challenge;
mod entry;
mod exchange;
mod file;
mod form;
mod jwt;
mod metadata;
mod participant;
mod phase;
mod revision;
mod rpc;
mod secret;
mod time;

pub use challenge::{Challenge, ChallengeError, challenges};
pub use entry::{
    ActionKind, Branch, BrowserVisit, ClaimProblem, Decision, Entry, EntryKind, HowOpened,
    ScopeSource, SignatureCheck, StopCode, Trace,
};
pub use exchange::{
    Body, BodyEnd, Certificate, Connection, Exchange, Failure, FailureKind, Header, Outcome,
    Request, Response, Timings, Tls, Verdict, VerdictKind,
};
pub use file::{FileError, VERSION, from_json, to_json};
pub use form::{Pair, encode_pairs, pairs, query_pairs, with_query};
pub use jwt::{Jwt, JwtError};
pub use metadata::{
    Document, DocumentError, ResourceMetadata, ServerMetadata, WellKnown, origin_of,
    resource_metadata_urls, server_metadata_urls,
};
pub use participant::{Participant, ParticipantId, Role};
pub use phase::{CrossOrigin, Grant, MetadataSource, Phase, Purpose, TokenKind};
pub use revision::Revision;
pub use rpc::{LastEvent, RpcAnswer, last_event, rpc_answer};
pub use secret::Secret;
pub use time::{Timestamp, micros, micros_option};
