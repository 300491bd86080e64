//! One request and what came back.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::body::Body;
use crate::participant::ParticipantId;
use crate::phase::Purpose;
use crate::recorded::{Presence, Recorded, Recording};
use crate::time::{Timestamp, micros, micros_option};

/// One request and what came back: a response, or a transport failure. Every redirect hop is its
/// own exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Exchange {
    pub purpose: Purpose,
    pub from: ParticipantId,
    pub to: ParticipantId,
    /// A few words that say what the request carries, e.g. "initialize" or "refresh_token".
    pub label: String,
    pub request: Request,
    /// The request was changed by hand before it was sent.
    pub edited: bool,
    /// The answer was changed by hand before the flow saw it: `outcome` is what the flow saw, and
    /// `server_side` has what the server sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub answer_edited: bool,
    pub outcome: Outcome,
    /// When the request was handed to the network.
    pub started: Timestamp,
    pub timings: Timings,
    /// `None` when no connection was made, or when the browser made it.
    pub connection: Option<Connection>,
    /// What the flow made of it.
    pub verdict: Option<Verdict>,
    /// How much of it was recorded; all of it unless this says otherwise.
    #[serde(default, skip_serializing_if = "Recording::is_whole")]
    #[ts(optional, as = "Option<Recording>")]
    pub recorded: Recording,
    /// What the client sent and got, where a proxy in between changed it. The exchange itself is as
    /// it would have been without the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client_side: Option<Box<Side>>,
    /// What the server got and sent, where it is something else than the exchange itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server_side: Option<Box<Side>>,
}

/// What of an exchange was changed by hand, in words to put after its label.
pub fn by_hand(edited: bool, answer_edited: bool) -> &'static str {
    match (edited, answer_edited) {
        (false, false) => "",
        (true, false) => " (edited)",
        (false, true) => " (answer edited)",
        (true, true) => " (edited, answer edited)",
    }
}

/// One side of an exchange that went through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Side {
    pub request: Request,
    pub outcome: Outcome,
}

impl Exchange {
    pub fn response(&self) -> Option<&Response> {
        match &self.outcome {
            Outcome::Response(response) => Some(response),
            Outcome::Failure(_) => None,
        }
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Response(_) => None,
            Outcome::Failure(failure) => Some(failure),
        }
    }

    pub fn status(&self) -> Option<u16> {
        self.response().map(|response| response.status)
    }

    /// What was changed by hand, in words to put after the label; empty when nothing was changed.
    pub fn by_hand(&self) -> &'static str {
        by_hand(self.edited, self.answer_edited)
    }

    /// The first value of a request header, by name in any case.
    pub fn request_header(&self, name: &str) -> Presence<&str> {
        Presence::of(
            self.request.header_value(name),
            self.recorded.request_headers,
        )
    }

    /// The first value of a response header, by name in any case. Not recorded when there is no
    /// response either.
    pub fn response_header(&self, name: &str) -> Presence<&str> {
        match self.response() {
            Some(response) => {
                Presence::of(response.header_value(name), self.recorded.response_headers)
            }
            None => Presence::NotRecorded,
        }
    }

    /// The response, when its headers were recorded whole: then a header that is not there was not
    /// sent.
    pub fn response_with_headers(&self) -> Option<&Response> {
        let whole = self.recorded.response_headers == Recorded::Whole;
        self.response().filter(|_| whole)
    }

    /// The response, when its body was recorded whole: then what is not in it was not sent.
    pub fn response_with_body(&self) -> Option<&Response> {
        let whole = self.recorded.response_body == Recorded::Whole;
        self.response().filter(|_| whole)
    }
}

/// What is sent. The same value is shown before sending, can be edited, and is recorded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Request {
    pub method: String,
    /// Absolute http or https URL, as text: parsing and printing it again would change it.
    pub url: String,
    /// In the order sent, duplicates kept.
    pub headers: Vec<Header>,
    pub body: Body,
}

impl Request {
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::empty(),
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::new(body.into());
        self
    }

    /// The first value of a header, by name in any case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Response {
    pub status: u16,
    /// In the order received, duplicates kept.
    pub headers: Vec<Header>,
    pub body: Body,
}

impl Response {
    /// The first value of a header, by name in any case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// Every value of a header, by name in any case.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|h| h.value.as_str())
    }

    /// The media type without parameters, in lower case: `application/json`.
    pub fn media_type(&self) -> Option<Cow<'_, str>> {
        let value = self.header_value("content-type")?;
        let media_type = value.split(';').next().unwrap_or(value).trim();
        Some(
            if media_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
                Cow::Owned(media_type.to_ascii_lowercase())
            } else {
                Cow::Borrowed(media_type)
            },
        )
    }
}

/// One header field. Bytes that are not UTF-8 are kept as the characters of ISO 8859-1.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Header {
    pub name: String,
    pub value: String,
}

impl Header {
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    Response(Response),
    Failure(Failure),
}

/// No response: what the transport said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Failure {
    pub kind: FailureKind,
    /// One sentence for a person, naming host or address.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The host name does not resolve.
    Dns,
    Refused,
    Unreachable,
    /// The handshake failed or the certificate was not accepted; the message says why.
    Tls,
    Timeout,
    Reset,
    /// What came is not HTTP.
    Protocol,
    Proxy,
    /// The request itself cannot be sent as it stands (an edited URL or header).
    InvalidRequest,
    /// The request carries a credential to an origin it was not issued for, so it was not sent. The
    /// message names the credential and both origins.
    ForeignOrigin,
    Cancelled,
}

/// How long the parts of an exchange took; `None` where it is not known or did not happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Timings {
    #[serde(with = "micros_option")]
    #[ts(type = "number | null")]
    pub dns: Option<Duration>,
    /// TCP, and TLS where there is TLS.
    #[serde(with = "micros_option")]
    #[ts(type = "number | null")]
    pub connect: Option<Duration>,
    /// From the request being handed over on an open connection to the response's head.
    #[serde(with = "micros_option")]
    #[ts(type = "number | null")]
    pub wait: Option<Duration>,
    /// The response's body.
    #[serde(with = "micros_option")]
    #[ts(type = "number | null")]
    pub receive: Option<Duration>,
    #[serde(with = "micros")]
    #[ts(type = "number")]
    pub total: Duration,
}

/// The connection a request went over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Connection {
    /// `ip:port` of the peer, or of the proxy where one is used.
    pub remote_address: Option<String>,
    /// "HTTP/1.1", "HTTP/2".
    pub http_version: String,
    /// An earlier exchange's connection was used again, so that there is no DNS and connect time.
    pub reused: bool,
    pub tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Tls {
    pub version: Option<String>,
    pub cipher: Option<String>,
    /// The peer's certificates, its own first.
    pub certificates: Vec<Certificate>,
}

/// What a certificate says; times as RFC 3339 text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    pub not_before: String,
    pub not_after: String,
    pub names: Vec<String>,
    /// SHA-256 of the DER, as hexadecimal pairs with colons.
    pub sha256: String,
}

/// What the flow made of an exchange, in a few words for the answer's arrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Verdict {
    pub kind: VerdictKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The flow went on with it.
    Accepted,
    /// Not the wanted answer, but one the specification provides for: the next candidate was tried.
    MovedOn,
    /// The flow could not go on with it.
    Rejected,
}

impl Verdict {
    pub fn accepted(text: impl Into<String>) -> Self {
        Self {
            kind: VerdictKind::Accepted,
            text: text.into(),
        }
    }

    pub fn moved_on(text: impl Into<String>) -> Self {
        Self {
            kind: VerdictKind::MovedOn,
            text: text.into(),
        }
    }

    pub fn rejected(text: impl Into<String>) -> Self {
        Self {
            kind: VerdictKind::Rejected,
            text: text.into(),
        }
    }
}

// URLs and headers carry tokens, so none of these prints more than its shape.

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or(&self.url);
        write!(
            f,
            "{} {path} {:?} {:?}",
            self.method, self.headers, self.body
        )
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.status, self.headers, self.body)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn first<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_header_value_body_or_query() {
        let request = Request::new("GET", "https://as.example/authorize?code=hush")
            .header("authorization", "Bearer hush")
            .body("token=hush");
        assert!(!format!("{request:?}").contains("hush"));
    }
}
