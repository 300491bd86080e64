//! Answers of the authorization server, and what each is held against.

use serde_json::Value;
use trace::Document;

use crate::answer_tables::REGISTRATION;
use crate::members::Member;
use crate::reading::{ExchangeRef, object, text};

/// A document, or a part of one, and the table it is held against.
pub(super) struct Held {
    /// "the introspection answer".
    pub document: &'static str,
    pub table: &'static [Member],
    pub members: Document,
    /// Where it is in the body.
    pub pointer: String,
    pub by_mcp_server: bool,
}

pub(super) fn answered(
    seen: ExchangeRef<'_>,
    document: &'static str,
    table: &'static [Member],
) -> Option<Held> {
    let response = seen
        .response_with_body()
        .filter(|response| response.status == 200)?;
    let members = object(response)?;
    // An error with a status of success is told as that.
    if text(&members, "error").is_some() {
        return None;
    }
    Some(Held {
        document,
        table,
        members: Document::clone(&*members),
        pointer: String::new(),
        by_mcp_server: false,
    })
}

/// Times and URLs of a registration. One that does not apply may be written as null.
pub(super) fn registered(seen: ExchangeRef<'_>) -> Option<Held> {
    let response = seen
        .response_with_body()
        .filter(|response| (200..300).contains(&response.status))?;
    let mut members = Document::clone(&*object(response)?);
    members.retain(|_, value| !value.is_null());
    // What the list holds is held against the request by a rule of its own; a client that asked for
    // none gets none.
    let request: Option<Document> = serde_json::from_slice(&seen.request().get().body.bytes).ok();
    let asked = request.is_some_and(|asked| asked.contains_key("redirect_uris"));
    if !asked || members.contains_key("redirect_uris") {
        members.insert("redirect_uris".into(), Value::Array(Vec::new()));
    }
    Some(Held {
        document: "the registration answer",
        table: REGISTRATION,
        members,
        pointer: String::new(),
        by_mcp_server: false,
    })
}

pub(super) fn members_of(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        _ => Document::new(),
    }
}
