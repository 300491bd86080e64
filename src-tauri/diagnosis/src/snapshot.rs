//! A trace as it is judged: it does not change meanwhile, and each of its messages is read once.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use serde_json::Value;
use trace::{
    Challenge, ChallengeError, Document, Exchange, FlowInfo, Jwt, JwtError, Pair, Presence,
    Recorded, Request, Response, Timestamp, Trace,
};

use crate::outline::Outline;

/// A trace, and room for what its messages hold. What was read lives as long as this.
pub(crate) struct Snapshot<'a> {
    pub trace: &'a Trace,
    /// How many of its entries count.
    pub entries: usize,
    /// Only what is of this flow counts; all of it, where a trace holds one.
    pub flow: Option<&'a FlowInfo>,
    /// For each of these entries.
    contents: Vec<Contents>,
}

/// What one exchange holds, as far as a rule has asked for it.
#[derive(Debug, Default)]
struct Contents {
    form: OnceCell<Vec<Pair>>,
    object: OnceCell<Option<Rc<Document>>>,
    outline: OnceCell<Option<Box<Outline>>>,
    challenges: OnceCell<Result<Vec<Challenge>, ChallengeError>>,
    access_token: OnceCell<Result<Rc<Jwt>, JwtError>>,
}

impl<'a> Snapshot<'a> {
    #[cfg(test)]
    pub fn of(trace: &'a Trace) -> Self {
        Self::of_first(trace, trace.entries.len())
    }

    /// Of the entries a trace began with, as many as these.
    pub fn of_first(trace: &'a Trace, entries: usize) -> Self {
        let entries = entries.min(trace.entries.len());
        let mut contents = Vec::new();
        contents.resize_with(entries, Contents::default);
        Self {
            trace,
            entries,
            flow: None,
            contents,
        }
    }

    /// What is of one flow.
    pub fn of_flow(trace: &'a Trace, entries: usize, flow: &'a FlowInfo) -> Self {
        Self {
            flow: Some(flow),
            ..Self::of_first(trace, entries)
        }
    }

    /// The exchange at an entry.
    pub fn exchange(&'a self, entry: &'a trace::Entry) -> Option<ExchangeRef<'a>> {
        let contents = self.contents.get((entry.seq as usize).checked_sub(1)?)?;
        Some(ExchangeRef {
            seq: entry.seq,
            at: entry.at,
            exchange: entry.exchange()?,
            contents,
        })
    }
}

#[cfg(test)]
thread_local! {
    /// How often rules looked at a request or a response.
    pub(crate) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// An exchange of a trace, with its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExchangeRef<'a> {
    pub seq: u32,
    pub at: Timestamp,
    pub exchange: &'a Exchange,
    contents: &'a Contents,
}

impl<'a> ExchangeRef<'a> {
    pub fn request(&self) -> RequestRef<'a> {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
        RequestRef {
            exchange: self.exchange,
            contents: self.contents,
        }
    }

    pub fn response(&self) -> Option<ResponseRef<'a>> {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
        Some(ResponseRef {
            exchange: self.exchange,
            response: self.exchange.response()?,
            contents: self.contents,
        })
    }

    /// The response, when its headers were recorded whole: what is missing among them was not sent.
    pub fn response_with_headers(&self) -> Option<ResponseRef<'a>> {
        self.response()
            .filter(|response| response.exchange.recorded.response_headers == Recorded::Whole)
    }

    /// The response, when its body was recorded whole: what is missing in it was not sent.
    pub fn response_with_body(&self) -> Option<ResponseRef<'a>> {
        self.response().filter(ResponseRef::has_body)
    }

    pub fn status(&self) -> Option<u16> {
        self.exchange.status()
    }

    /// When it was recorded; none when the recording has no times.
    pub fn time(&self) -> Option<Timestamp> {
        (self.exchange.recorded.times == Recorded::Whole).then_some(self.at)
    }
}

/// The request of an exchange. It can be used as a [`Request`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestRef<'a> {
    exchange: &'a Exchange,
    contents: &'a Contents,
}

impl Deref for RequestRef<'_> {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.exchange.request
    }
}

impl<'a> RequestRef<'a> {
    /// The pairs of its form body.
    pub fn form(self) -> &'a [Pair] {
        let read = || form_of(&self.exchange.request);
        self.contents.form.get_or_init(read)
    }

    /// A field of its form body.
    pub fn field(self, name: &str) -> Presence<&'a str> {
        let mut pairs = self.form().iter();
        let found = pairs.find(|pair| pair.name == name);
        let value = found.map(|pair| pair.value.as_str());
        Presence::of(value, self.exchange.recorded.request_body)
    }

    /// The first value of a header, by name in any case.
    pub fn header(self, name: &str) -> Presence<&'a str> {
        self.exchange.request_header(name)
    }

    /// A header whose absence proves nothing, because it is only quoted.
    pub fn header_value(self, name: &str) -> Option<&'a str> {
        self.exchange.request.header_value(name)
    }

    /// Whether the body was recorded whole: what is missing in it was not sent.
    pub fn has_body(self) -> bool {
        self.exchange.recorded.request_body == Recorded::Whole
    }

    /// The URL, for as long as the trace is judged.
    pub fn url(self) -> &'a str {
        &self.exchange.request.url
    }

    /// The method of an exchange's request, its headers and its body, all recorded whole.
    pub fn is_whole(self) -> bool {
        self.has_body() && self.exchange.recorded.request_headers == Recorded::Whole
    }

    pub fn get(self) -> &'a Request {
        &self.exchange.request
    }
}

/// The response of an exchange. It can be used as a [`Response`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseRef<'a> {
    exchange: &'a Exchange,
    response: &'a Response,
    contents: &'a Contents,
}

impl Deref for ResponseRef<'_> {
    type Target = Response;

    fn deref(&self) -> &Response {
        self.response
    }
}

impl<'a> ResponseRef<'a> {
    /// The JSON object in its body, if there is one.
    pub fn object(self) -> Option<Rc<Document>> {
        let read = || object_of(self.response).map(Rc::new);
        self.contents.object.get_or_init(read).clone()
    }

    /// The outermost members of the JSON object in its body, if there is one.
    pub fn outline(self) -> Option<&'a Outline> {
        let read = || Outline::read(&self.response.body.bytes).map(Box::new);
        self.contents.outline.get_or_init(read).as_deref()
    }

    /// The challenges of its `WWW-Authenticate` fields.
    pub fn challenges(self) -> Result<&'a [Challenge], &'a ChallengeError> {
        let read = || trace::challenges(self.response);
        let challenges = self.contents.challenges.get_or_init(read);
        challenges.as_deref()
    }

    /// Its access token, read as far as it can be.
    pub fn read_access_token(self, token: &str) -> Result<Rc<Jwt>, JwtError> {
        let read = || Jwt::read(token).map(Rc::new);
        self.contents.access_token.get_or_init(read).clone()
    }

    /// A header whose absence proves nothing, because it is only quoted.
    pub fn header_value(self, name: &str) -> Option<&'a str> {
        self.response.header_value(name)
    }

    /// Every value of a header, by name in any case.
    pub fn header_values(self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.response.header_values(name)
    }

    /// The media type without parameters, in lower case.
    pub fn media_type(self) -> Option<Cow<'a, str>> {
        self.response.media_type()
    }

    /// The body as text, when it is UTF-8.
    pub fn text(self) -> Option<&'a str> {
        self.response.body.text()
    }

    pub fn get(self) -> &'a Response {
        self.response
    }

    /// Whether the body was recorded whole.
    pub fn has_body(&self) -> bool {
        self.exchange.recorded.response_body == Recorded::Whole
    }
}

/// The pairs of a request's form body.
pub(crate) fn form_of(request: &Request) -> Vec<Pair> {
    request.body.text().map(trace::pairs).unwrap_or_default()
}

/// The fields of an authorization response: those of the query, and of the form when it was posted.
pub(crate) fn response_fields_of(callback: &Request) -> Vec<Pair> {
    let mut fields = trace::query_pairs(&callback.url);
    if callback.method == "POST" {
        fields.extend(form_of(callback));
    }
    fields
}

/// The bearer token of a request's `Authorization` field.
pub(crate) fn bearer_of(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header_value("authorization")?.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
    known.then(|| token.trim())
}

/// The JSON object in a response's body.
pub(crate) fn object_of(response: &Response) -> Option<Document> {
    match trace::json_value(&response.body.bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Run;

    #[test]
    fn a_message_is_read_once_in_a_snapshot() {
        let trace = Run::healthy().trace();
        let snapshot = Snapshot::of(&trace);
        let mut all = trace
            .entries
            .iter()
            .filter_map(|entry| snapshot.exchange(entry));
        let response = all.find_map(|seen| seen.response()).unwrap();
        let object = response.object().unwrap();
        assert!(Rc::ptr_eq(&object, &response.object().unwrap()));
    }

    #[test]
    fn what_was_not_recorded_is_not_missing() {
        let mut trace = Run::healthy().trace();
        let first = trace
            .entries
            .iter()
            .position(|entry| entry.exchange().is_some());
        let entry = std::sync::Arc::make_mut(&mut trace.entries[first.unwrap()]);
        if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
            exchange.recorded.response_headers = Recorded::Incomplete;
            exchange.recorded.request_body = Recorded::NotRecorded;
        }
        let snapshot = Snapshot::of(&trace);
        let mut all = trace
            .entries
            .iter()
            .filter_map(|entry| snapshot.exchange(entry));
        let seen = all.next().unwrap();
        let header = |name| seen.exchange.response_header(name);
        assert!(matches!(header("WWW-Authenticate"), Presence::Found(_)));
        assert_eq!(header("x-other"), Presence::NotRecorded);
        assert_eq!(seen.request().field("code"), Presence::NotRecorded);
        assert!(seen.request().header("x-other").is_absent());
        assert!(seen.response_with_headers().is_none() && seen.response_with_body().is_some());
    }
}
