//! The one redaction pass.
//!
//! It works in two steps with the same code. First the trace is read and every secret in it learnt,
//! by the names secrets have in the specifications: headers, queries, fragments, forms, JSON
//! however deep, event streams, hidden inputs, and JWTs wherever they are. Then, on the way out,
//! what stands under such a name is replaced, and so is every other occurrence of a value that was
//! learnt anywhere.
//!
//! A pseudonym says what the secret was and numbers it: `redacted-access_token-1`. Equal secrets
//! have equal pseudonyms, so that a flow can still be followed. Nothing of a JWT is kept: its
//! claims are as private as it is.

mod encoded;
mod headers;
mod html;
mod known;
mod learn;
mod member;
mod names;
mod scan;
mod url;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use trace::{BodyEnd, Exchange, Header, Outcome, Request, Response, Trace};

use known::Known;
pub(crate) use learn::Quiet;
use names::{Kind, kind_of};
use scan::{Edit, Sink};

/// Replaces the secrets of a trace in whatever is shown or written of it.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Known,
}

impl Redactor {
    /// A redactor that knows every secret in this trace.
    pub fn new(trace: &Trace) -> Self {
        Self::with_quiet(trace).0
    }

    /// Also says of each exchange which bodies have no secret under a name, so that they need no
    /// second reading.
    pub(crate) fn with_quiet(trace: &Trace) -> (Self, Vec<Quiet>) {
        let mut redactor = Self::default();
        let quiet = learn::trace(&mut redactor.known, trace);
        redactor.known.index();
        (redactor, quiet)
    }

    /// Learns the secrets of one more exchange, as a run goes on.
    pub fn learn(&mut self, exchange: &Exchange) {
        learn::exchange(&mut self.known, exchange);
        self.known.index();
    }

    /// Learns a secret that is known from elsewhere, such as a client secret the user typed. `kind`
    /// names it in its pseudonym.
    pub fn learn_secret(&mut self, kind: &'static str, secret: &str) {
        self.known.learn(kind, secret.as_bytes());
        self.known.index();
    }

    /// Lengths that headers name stay as recorded: they tell what was sent.
    pub fn request(&self, request: &Request) -> Request {
        let mut copy = request.clone();
        copy.url = self.url(&request.url);
        self.headers(&mut copy.headers);
        copy.body.bytes = self.request_body(request, false).into_owned();
        copy
    }

    pub fn response(&self, response: &Response) -> Response {
        let mut copy = response.clone();
        self.headers(&mut copy.headers);
        copy.body.bytes = self.response_body(response, false).into_owned();
        copy
    }

    pub fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut copy = exchange.clone();
        copy.request = self.request(&exchange.request);
        copy.label = self.text(&exchange.label);
        match &mut copy.outcome {
            Outcome::Response(response) => *response = self.response(response),
            Outcome::Failure(failure) => failure.message = self.text(&failure.message),
        }
        if let Some(verdict) = &mut copy.verdict {
            verdict.text = self.text(&verdict.text);
        }
        copy
    }

    pub fn url(&self, url: &str) -> String {
        self.url_cow(url).into_owned()
    }

    /// Any text: a message, a line of output, a document.
    pub fn text(&self, text: &str) -> String {
        self.text_cow(text).into_owned()
    }

    /// A JSON value: members with a secret's name, and secrets within any string.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.text(name), self.member(name, value)))
                .collect(),
            other => other.clone(),
        }
    }

    /// Serialised decisions and visits. Their own member names (`code` of a stop) are no
    /// parameters.
    pub(crate) fn events(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.url(text)),
            Value::Array(values) => values.iter().map(|value| self.events(value)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| (name.clone(), self.events(value));
                members.iter().map(member).collect()
            }
            other => other.clone(),
        }
    }

    pub(crate) fn url_cow<'a>(&self, url: &'a str) -> Cow<'a, str> {
        text_or(url, url::url(&mut Replace(&self.known), url.as_bytes()))
    }

    pub(crate) fn text_cow<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text_or(text, scan::text(&mut Replace(&self.known), text.as_bytes()))
    }

    pub(crate) fn header_cow<'a>(&self, header: &'a Header) -> Cow<'a, str> {
        match headers::value(&mut Replace(&self.known), &header.name, &header.value) {
            Some(new) => Cow::Owned(new),
            None => Cow::Borrowed(&header.value),
        }
    }

    pub(crate) fn request_body<'a>(&self, request: &'a Request, is_quiet: bool) -> Cow<'a, [u8]> {
        let of = |name| request.header_value(name);
        self.body(
            &request.body,
            of("content-type"),
            of("content-encoding"),
            is_quiet,
        )
    }

    pub(crate) fn response_body<'a>(
        &self,
        response: &'a Response,
        is_quiet: bool,
    ) -> Cow<'a, [u8]> {
        let of = |name| response.header_value(name);
        self.body(
            &response.body,
            of("content-type"),
            of("content-encoding"),
            is_quiet,
        )
    }

    /// Every pseudonym given, with what the secret is.
    pub(crate) fn pseudonyms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.known.pseudonyms()
    }

    fn headers(&self, headers: &mut [Header]) {
        for header in headers {
            if let Cow::Owned(new) = self.header_cow(header) {
                header.value = new;
            }
        }
    }

    fn body<'a>(
        &self,
        body: &'a trace::Body,
        media: Option<&str>,
        coding: Option<&str>,
        is_quiet: bool,
    ) -> Cow<'a, [u8]> {
        if !is_readable(&body.bytes, coding) {
            return Cow::Borrowed(UNREADABLE.as_bytes());
        }
        let mut replace = Replace(&self.known);
        let new = match is_quiet {
            true => scan::quiet(&mut replace, &body.bytes),
            false => scan_body(&mut replace, &body.bytes, media),
        };
        let mut bytes = new.map_or(Cow::Borrowed(body.bytes.as_slice()), Cow::Owned);
        if body.end != BodyEnd::Complete
            && let Some((at, pseudonym)) = self.known.cut_off(&bytes)
        {
            let bytes = bytes.to_mut();
            bytes.truncate(at);
            bytes.extend_from_slice(pseudonym.as_bytes());
        }
        bytes
    }

    fn member(&self, name: &str, value: &Value) -> Value {
        match (kind_of(name.as_bytes()), value) {
            (Some(kind), Value::String(text)) if !text.is_empty() => {
                let is_word = names::is_ambiguous(kind) && names::is_plain_word(text.as_bytes());
                match is_word {
                    true => value.clone(),
                    false => Value::String(self.known.pseudonym(kind, text.as_bytes())),
                }
            }
            _ => self.value(value),
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Redactor that knows {} secrets",
            self.pseudonyms().count()
        )
    }
}

fn scan_body<S: Sink>(sink: &mut S, body: &[u8], media: Option<&str>) -> Option<Vec<u8>> {
    let is_form = media.is_some_and(|media| {
        media
            .trim_start()
            .get(..FORM.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    });
    match is_form {
        true => url::form(sink, body),
        false => scan::text(sink, body),
    }
}

/// Whether secrets in a body can be seen at all: not when it is compressed, or in an encoding that
/// is not ASCII's.
fn is_readable(body: &[u8], coding: Option<&str>) -> bool {
    let is_plain = coding.is_none_or(|coding| {
        coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case("identity")
    });
    let is_utf16 = body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]);
    body.is_empty() || (is_plain && !is_utf16)
}

fn text_or(old: &str, new: Option<Vec<u8>>) -> Cow<'_, str> {
    match new {
        Some(new) => Cow::Owned(String::from_utf8_lossy(&new).into_owned()),
        None => Cow::Borrowed(old),
    }
}

struct Replace<'a>(&'a Known);

impl Sink for Replace<'_> {
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String> {
        (!value.is_empty()).then(|| self.0.pseudonym(kind, value))
    }

    fn unnamed(&mut self, text: &[u8], from: usize, to: usize, edits: &mut Vec<Edit>) {
        scan::known(self.0, text, from, to, edits);
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const UNREADABLE: &str = "[left out: this body is compressed, so that its secrets cannot be seen]";
