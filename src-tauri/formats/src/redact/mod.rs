//! The one redaction pass.
//!
//! It works in two steps with the same code. First the trace is read and every secret in it learnt,
//! by the names secrets have in the specifications: headers, queries, fragments, forms, JSON
//! however deep, event streams, hidden inputs, and JWTs wherever they are. Then, on the way out,
//! what stands under such a name is replaced, and so is every other occurrence of a value that was
//! learnt anywhere.
//!
//! A pseudonym says what the secret was and numbers it: `redacted-access_token-1`. Equal secrets
//! have equal pseudonyms, so that a flow can still be followed. Of a JWT nothing is kept in texts
//! for people; in recordings stay its header and the claims that judging needs.

mod body;
mod edit;
mod encoded;
mod headers;
mod html;
mod jwt;
mod known;
mod learn;
mod member;
mod names;
mod needles;
mod places;
mod pseudonym;
mod scan;
mod url;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;
use trace::{
    Body, BodyEnd, Entry, Exchange, Failure, Header, Outcome, Request, Response, Secret, Trace,
};

use edit::{Edit, Sink};
use known::Known;
pub(crate) use learn::Quiet;
use learn::is_error;
use names::{Kind, kind_of};
pub(crate) use pseudonym::MARK;

/// Replaces the secrets of a trace in whatever is shown or written of it.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Known,
}

/// The secrets of one trace, found when the first of its outputs needs them and known from then
/// on: finding them means reading every body, which takes longer than writing most outputs.
#[derive(Default)]
pub struct TraceSecrets(OnceLock<(Redactor, Vec<Quiet>)>);

impl TraceSecrets {
    /// What replaces the secrets. The trace and the typed secrets have to be the same each time.
    pub fn redactor(&self, trace: &Trace, typed: &[(String, Secret)]) -> &Redactor {
        &self.found(trace, typed).0
    }

    pub(crate) fn found(
        &self,
        trace: &Trace,
        typed: &[(String, Secret)],
    ) -> &(Redactor, Vec<Quiet>) {
        self.0.get_or_init(|| Redactor::with_quiet(trace, typed))
    }
}

impl Redactor {
    /// Knows every secret that the trace names anywhere, and those that were typed, each with the
    /// name a request or a form has for it. A typed one may be in the trace where no name gives it
    /// away: in a tool's arguments, in a page's form.
    pub fn of(trace: &Trace, typed: &[(String, Secret)]) -> Self {
        Self::with_quiet(trace, typed).0
    }

    /// Also says of each exchange which bodies have no secret under a name, so that they need no
    /// second reading.
    pub(crate) fn with_quiet(trace: &Trace, typed: &[(String, Secret)]) -> (Self, Vec<Quiet>) {
        let mut redactor = Self::default();
        for (name, value) in typed {
            let kind = kind_of(name.as_bytes()).unwrap_or(names::TYPED);
            learn::typed(&mut redactor.known, kind, value.expose());
        }
        let quiet = learn::trace(&mut redactor.known, trace);
        redactor.known.index();
        (redactor, quiet)
    }

    /// Keeps the header and the public claims of JWTs, so that what is written can be judged again.
    pub(crate) fn keeping_claims(mut self) -> Self {
        self.known.keep_claims();
        self
    }

    /// Learns the secrets of one more exchange, as a run goes on.
    pub fn learn(&mut self, exchange: &Exchange) {
        learn::exchange(&mut self.known, exchange);
        self.known.index();
    }

    /// Learns the secrets of one more entry, as a run goes on. Whether a text that was written
    /// before shows one of them; it is asked for only when there is a new one.
    pub(crate) fn learn_and_find(
        &mut self,
        entry: &Entry,
        written: impl FnOnce() -> Vec<u8>,
    ) -> bool {
        learn::entry(&mut self.known, entry);
        let is_shown = self.known.has_new() && self.known.finds_new(&written());
        self.known.index();
        is_shown
    }

    /// Lengths that headers name stay as recorded: they tell what was sent.
    pub fn request(&self, request: &Request) -> Request {
        let mut copy = request.clone();
        copy.url = self.url(&request.url);
        self.headers(&mut copy.headers);
        copy.body.bytes = self.request_body(request, false).into_owned();
        drop_raw(&mut copy.body);
        copy
    }

    pub fn response(&self, response: &Response) -> Response {
        let mut copy = response.clone();
        self.headers(&mut copy.headers);
        copy.body.bytes = self.response_body(response, false).into_owned();
        drop_raw(&mut copy.body);
        copy
    }

    pub fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut copy = exchange.clone();
        copy.request = self.request(&exchange.request);
        copy.label = self.text(&exchange.label);
        copy.outcome = self.outcome(&exchange.outcome);
        let sides = [&mut copy.client_side, &mut copy.server_side];
        for side in sides.into_iter().flatten() {
            side.request = self.request(&side.request);
            side.outcome = self.outcome(&side.outcome);
        }
        if let Some(verdict) = &mut copy.verdict {
            verdict.text = self.text(&verdict.text);
        }
        copy
    }

    fn outcome(&self, outcome: &Outcome) -> Outcome {
        match outcome {
            Outcome::Response(response) => Outcome::Response(self.response(response)),
            Outcome::Failure(failure) => Outcome::Failure(Failure {
                kind: failure.kind,
                message: self.text(&failure.message),
            }),
        }
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
        text_or(
            url,
            url::url(&mut Replace::new(&self.known), url.as_bytes()),
        )
    }

    pub(crate) fn text_cow<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text_or(
            text,
            scan::text(&mut Replace::new(&self.known), text.as_bytes()),
        )
    }

    pub(crate) fn header_cow<'a>(&self, header: &'a Header) -> Cow<'a, str> {
        match headers::value(&mut Replace::new(&self.known), &header.name, &header.value) {
            Some(new) => Cow::Owned(new),
            None => Cow::Borrowed(&header.value),
        }
    }

    pub(crate) fn request_body<'a>(&self, request: &'a Request, is_quiet: bool) -> Cow<'a, [u8]> {
        let headers = BODY_HEADERS.map(|name| request.header_value(name));
        let replace = Replace::new(&self.known);
        self.body(replace, &request.body, headers, is_quiet)
    }

    pub(crate) fn response_body<'a>(
        &self,
        response: &'a Response,
        is_quiet: bool,
    ) -> Cow<'a, [u8]> {
        let headers = BODY_HEADERS.map(|name| response.header_value(name));
        let replace = Replace {
            is_error: is_error(response),
            ..Replace::new(&self.known)
        };
        self.body(replace, &response.body, headers, is_quiet)
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
        mut replace: Replace<'_>,
        body: &'a Body,
        [media, coding]: [Option<&str>; 2],
        is_quiet: bool,
    ) -> Cow<'a, [u8]> {
        let coding = coding.filter(|_| body.coding.is_none());
        if !body::is_readable(&body.bytes, coding) {
            return Cow::Borrowed(UNREADABLE.as_bytes());
        }
        let new = if is_quiet {
            scan::quiet(&mut replace, &body.bytes)
        } else {
            body::body(&mut replace, &body.bytes, media)
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
                if names::is_other_meaning(kind, text.as_bytes()) {
                    self.value(value)
                } else {
                    Value::String(self.known.pseudonym(kind, text.as_bytes()))
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

/// In compressed bytes no secret can be seen.
fn drop_raw(body: &mut Body) {
    if let Some(coding) = &mut body.coding {
        coding.raw = None;
    }
}

fn text_or(old: &str, new: Option<Vec<u8>>) -> Cow<'_, str> {
    match new {
        Some(new) => Cow::Owned(String::from_utf8_lossy(&new).into_owned()),
        None => Cow::Borrowed(old),
    }
}

struct Replace<'a> {
    known: &'a Known,
    is_error: bool,
}

impl<'a> Replace<'a> {
    fn new(known: &'a Known) -> Self {
        Self {
            known,
            is_error: false,
        }
    }
}

impl Sink for Replace<'_> {
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String> {
        let is_secret = !value.is_empty() && !names::is_nothing(kind, value);
        is_secret.then(|| self.known.pseudonym(kind, value))
    }

    fn unnamed(&mut self, text: &[u8], from: usize, to: usize, edits: &mut Vec<Edit>) {
        scan::known(self.known, text, from, to, edits);
    }

    fn is_error(&self) -> bool {
        self.is_error
    }
}

const UNREADABLE: &str = "[left out: this body is compressed, so that its secrets cannot be seen]";
/// What is said of a body.
const BODY_HEADERS: [&str; 2] = ["content-type", "content-encoding"];
