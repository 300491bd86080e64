//! What a run recorded, and pure readers of it.
//!
//! A [`Trace`] is append-only: exchanges, browser visits, decisions of the flow, rewinds. Nothing
//! here opens a socket, reads a clock or changes what was recorded; redaction happens on the way
//! out, in `formats`.

#![forbid(unsafe_code)]

pub mod actions;
mod body;
mod challenge;
mod credential;
mod decision;
mod entry;
mod exchange;
mod file;
mod form;
mod json;
mod jwt;
mod metadata;
mod oauth_error;
mod origin;
mod participant;
mod phase;
mod recorded;
mod revision;
mod rpc;
mod secret;
mod secret_places;
mod time;
mod words;

pub use actions::{ActionKind, action_info};
pub use body::{Body, BodyEnd, Coding, CodingEnd, RawBytes};
pub use challenge::{Challenge, ChallengeError, ChallengeSlip, challenge_slips, challenges};
pub use credential::Credential;
pub use decision::{BrowserShows, ClaimProblem, Decision, ScopeSource, SignatureCheck, StopCode};
pub use entry::{Branch, BrowserVisit, Entry, EntryKind, HowOpened, Trace};
pub use exchange::{
    Certificate, Connection, Exchange, Failure, FailureKind, Header, Outcome, Request, Response,
    Side, Timings, Tls, Verdict, VerdictKind, by_hand,
};
pub use file::{FileError, VERSION, from_json, to_json};
pub use form::{Pair, encode_pairs, pairs, query_pairs, with_query};
pub use json::{BYTE_ORDER_MARK, json_value};
pub use jwt::{Jwt, JwtError};
pub use metadata::{
    Document, DocumentError, ResourceMetadata, ServerMetadata, is_loopback, origin_of,
    resource_metadata_urls, server_metadata_urls,
};
pub use oauth_error::{OauthError, oauth_error};
pub use origin::{Client, Evidence, FlowId, FlowInfo, Origin, OwnOption};
pub use participant::{Participant, ParticipantId, Role};
pub use phase::{CrossOrigin, Grant, MetadataSource, Phase, Purpose, TokenKind, WellKnown};
pub use recorded::{Checked, Presence, Recorded, Recording};
pub use revision::Revision;
pub use rpc::{EventSlip, LastEvent, RpcAnswer, event_slip, last_event, rpc_answer};
pub use secret::Secret;
pub use secret_places::{Exchanges, MessagePart, SECRET_PLACES, SecretPlace, secret_at};
pub use time::{Timestamp, micros, micros_option, rfc3339};
pub use words::{is_word_for_nothing, sentence, short_path};
