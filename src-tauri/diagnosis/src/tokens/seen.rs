//! Which values of a trace are tokens, where each came from, and where it went.

use std::collections::HashMap;

use serde_json::{Map, Value};
use trace::{EntryKind, Exchange, Grant, Jwt, ParticipantId, Purpose, Trace};

use super::told::{TokenOver, TokenSeenKind};
use crate::finding::Part;
use crate::follow::values::Seen;
use crate::snapshot::{bearer_of, form_of, object_of};

/// A token of a trace.
pub(super) struct Token<'a> {
    pub kind: TokenSeenKind,
    pub value: &'a str,
    /// What it was called where it stood first.
    pub name: &'a str,
    /// The first place that it was seen at.
    pub first: &'a Seen,
    pub issued: Option<u32>,
    pub used: Vec<&'a Seen>,
    /// Who issued it, and by which grant.
    issuer: Option<ParticipantId>,
    pub grant: Option<Grant>,
    /// The answer that it came in.
    pub answer: Map<String, Value>,
    /// The form that it was asked for with.
    pub asked: Vec<trace::Pair>,
}

/// Every token, in the order in which they come up.
pub(super) fn tokens<'a>(trace: &'a Trace, all: &'a [Seen]) -> Vec<Token<'a>> {
    let mut found: Vec<Token<'a>> = Vec::new();
    let mut by_value: HashMap<&str, usize> = HashMap::new();
    for seen in all {
        let at = match by_value.get(seen.value.as_str()) {
            Some(at) => *at,
            None => {
                let Some(kind) = kind_of(trace, seen) else {
                    continue;
                };
                by_value.insert(&seen.value, found.len());
                found.push(Token {
                    kind,
                    value: &seen.value,
                    name: &seen.name,
                    first: seen,
                    issued: None,
                    used: Vec::new(),
                    issuer: None,
                    grant: None,
                    answer: Map::new(),
                    asked: Vec::new(),
                });
                found.len() - 1
            }
        };
        found[at].take(trace, seen);
    }
    found
}

/// Which kind of token stands here; none where it is none. What is said of a name holds in the
/// message that gives it that meaning.
fn kind_of(trace: &Trace, seen: &Seen) -> Option<TokenSeenKind> {
    // Claims and their like are no tokens of their own.
    if seen.how.is_some() || seen.value.is_empty() {
        return None;
    }
    let purpose = exchange(trace, seen.entry).map(|exchange| exchange.purpose.original());
    let is_header = |wanted: &str| matches!(&seen.part, Part::RequestHeader { name } if name.eq_ignore_ascii_case(wanted));
    if is_header("authorization") {
        let request = &exchange(trace, seen.entry)?.request;
        bearer_of(request).filter(|token| *token == seen.value)?;
        let registers = purpose == Some(&Purpose::Registration);
        let manages = matches!(
            purpose,
            Some(
                Purpose::RegistrationRead
                    | Purpose::RegistrationUpdate
                    | Purpose::RegistrationDeletion
            )
        );
        return Some(match purpose {
            _ if registers => TokenSeenKind::Signed,
            _ if manages => TokenSeenKind::RegistrationAccess,
            _ => TokenSeenKind::Access,
        });
    }
    // A proof is made for each request, and a cookie is the server's own.
    if is_header("dpop") || is_header("cookie") {
        return None;
    }
    match seen.name.as_str() {
        "access_token" => Some(TokenSeenKind::Access),
        "refresh_token" => Some(TokenSeenKind::Refresh),
        "id_token" | "id_token_hint" => Some(TokenSeenKind::Id),
        "registration_access_token" => Some(TokenSeenKind::RegistrationAccess),
        _ if looks_signed(&seen.value) => Some(TokenSeenKind::Signed),
        _ => None,
    }
}

/// Before a text is read as a JWT: all JSON objects begin so in base64url.
fn looks_signed(value: &str) -> bool {
    value.starts_with("eyJ") && Jwt::read(value).is_ok()
}

fn exchange(trace: &Trace, entry: u32) -> Option<&Exchange> {
    trace.entry(entry)?.exchange()
}

impl<'a> Token<'a> {
    fn take(&mut self, trace: &'a Trace, seen: &'a Seen) {
        if seen.how.is_some() {
            return;
        }
        let exchange = exchange(trace, seen.entry);
        let purpose = exchange.map(|exchange| exchange.purpose.original());
        let is_answer = matches!(
            seen.part,
            Part::ResponseBody { .. } | Part::ResponseHeader { .. }
        );
        let issues = match purpose {
            Some(Purpose::Callback) => !is_answer,
            Some(
                Purpose::Token { .. }
                | Purpose::Authorization
                | Purpose::Registration
                | Purpose::RegistrationRead
                | Purpose::RegistrationUpdate,
            ) => is_answer,
            _ => false,
        };
        if !issues {
            // An answer that repeats a token uses it nowhere.
            if !is_answer && self.used.last().is_none_or(|last| last.entry != seen.entry) {
                self.used.push(seen);
            }
            return;
        }
        if self.issued.is_some() || self.kind == TokenSeenKind::Signed {
            return;
        }
        self.issued = Some(seen.entry);
        if let Some(exchange) = exchange {
            self.issuer = Some(exchange.to);
            self.answer = exchange.response().and_then(object_of).unwrap_or_default();
            self.asked = form_of(&exchange.request);
        }
        if let Some(Purpose::Token { grant }) = purpose {
            self.grant = Some(*grant);
        }
    }

    pub fn title(&self) -> String {
        let name = match self.kind {
            TokenSeenKind::Access if self.is_identity_assertion() => "Identity assertion (ID-JAG)",
            TokenSeenKind::Access => "Access token",
            TokenSeenKind::Refresh => "Refresh token",
            TokenSeenKind::Id => "ID token",
            TokenSeenKind::RegistrationAccess => "Registration access token",
            TokenSeenKind::Signed => match self.name {
                "client_assertion" => "Client assertion",
                "assertion" => "Assertion",
                "subject_token" => "Subject token",
                "actor_token" => "Actor token",
                "request" => "Request object",
                "software_statement" => "Software statement",
                name if name.eq_ignore_ascii_case("authorization") => "Initial access token",
                name => return format!("JWT in {}", crate::wording::excerpt(name)),
            },
        };
        name.into()
    }

    pub fn about(&self) -> &'static str {
        match self.kind {
            TokenSeenKind::Access if self.is_identity_assertion() => {
                "Traded at the MCP server's authorization server for an access token."
            }
            TokenSeenKind::Access => "Sent with each call: whoever has it may do what it allows.",
            TokenSeenKind::Refresh => {
                "Sent to the token endpoint alone, for the next access token."
            }
            TokenSeenKind::Id => {
                "Tells the client who logged in. It is for the client, and no server accepts it as \
                 an access token."
            }
            TokenSeenKind::RegistrationAccess => {
                "Reads, changes and deletes the registration of this client."
            }
            TokenSeenKind::Signed => match self.name {
                "client_assertion" => "The client proves who it is, in place of a secret.",
                "assertion" => {
                    "A statement that somebody else signed, exchanged for an access \
                                token."
                }
                "subject_token" => "The token that is exchanged for another one.",
                "actor_token" => "Says who acts for the subject.",
                "request" => "The authorization request, signed.",
                "software_statement" => "What somebody vouches for about the client.",
                name if name.eq_ignore_ascii_case("authorization") => {
                    "Allows a client to register."
                }
                _ => "A signed text. What it is for is not known here.",
            },
        }
    }

    /// What RFC 8693 section 2.2.1 calls `issued_token_type`: an access token need not be one.
    fn is_identity_assertion(&self) -> bool {
        let kind = self.answer.get("issued_token_type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.ends_with(":id-jag"))
    }

    pub fn came(&self, trace: &Trace) -> String {
        if self.kind == TokenSeenKind::Signed {
            return format!("First sent in row {}.", self.first.entry);
        }
        let Some(issued) = self.issued else {
            let what = match trace.origin {
                trace::Origin::Live => "It was there before this run",
                _ => "How it was got is not in the recording",
            };
            return format!("{what}; first used in row {}.", self.first.entry);
        };
        let by = match self.grant {
            Some(_) if self.kind == TokenSeenKind::Id => "Beside the access token",
            Some(grant) => grant.how_it_came(),
            None if self.kind == TokenSeenKind::RegistrationAccess => "With the registration",
            None => "In the authorization response",
        };
        format!("{by}, in row {issued}.")
    }

    /// The token of its kind before it: from the same issuer, in the same flow.
    pub fn before<'t>(&self, earlier: &'t [Token<'a>]) -> Option<&'t Token<'a>> {
        self.issued?;
        let mut same = earlier.iter().rev().filter(|other| self.succeeds(other));
        same.next()
    }

    fn succeeds(&self, other: &Token<'_>) -> bool {
        self.kind == other.kind
            && self.kind != TokenSeenKind::Signed
            && self.is_identity_assertion() == other.is_identity_assertion()
            && self.issuer == other.issuer
            && self.first.flow == other.first.flow
            && other.issued.is_some()
            && self.issued > other.issued
    }

    /// Why it is no longer the one to use.
    pub fn over(&self, trace: &Trace, later: &[Token<'_>]) -> Option<TokenOver> {
        let revoked = self.used.iter().find(|seen| {
            let exchange = exchange(trace, seen.entry);
            exchange.is_some_and(|exchange| {
                let answered = exchange.response().map(|response| response.status);
                matches!(exchange.purpose, Purpose::Revocation { .. }) && answered == Some(200)
            })
        });
        let over = |why: &str, entry| TokenOver {
            why: why.into(),
            entry,
        };
        if let Some(seen) = revoked {
            return Some(over("revoked", seen.entry));
        }
        let successor = later.iter().find(|other| other.succeeds(self))?;
        Some(over("replaced", successor.issued?))
    }

    /// Whether its entry leads to the present, and is not of a branch that was given up.
    pub fn is_live(&self, trace: &Trace) -> bool {
        let issued = self.issued.unwrap_or(self.first.entry);
        let mut later = trace.entries.iter().skip(issued as usize);
        !later.any(|entry| matches!(entry.kind, EntryKind::Rewound { to } if to <= issued))
    }
}
