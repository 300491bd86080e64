//! From the network events of WebDriver BiDi to hops.
//!
//! The requests of a chain of redirects have one id, and are told apart by how many redirects were
//! before. Unlike the events, the data of a request is kept by that id alone: what there is of a
//! redirect is overwritten by where it leads.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use trace::{Body, FailureKind, Header, Outcome, Recorded, Recording, Request, Timestamp};

use crate::hop::{End, Hop, Part, failure, lasted, limited, response};
use crate::login::{Asked, Login};

/// A request is known by its id and the number of redirects before it.
pub(crate) type Key = (String, u64);

/// The part of a request that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    Request,
    Response,
}

/// What is to be done after an event.
pub(crate) enum Then {
    Tell(Box<Hop>),
    AskFor(Data, Key),
}

pub(crate) struct Hops {
    login: Login,
    body_limit: u64,
    /// In the order in which they began.
    open: BTreeMap<u64, Open>,
    numbers: HashMap<Key, u64>,
    begun: u64,
}

struct Open {
    key: Key,
    part: Part,
    /// The page in whose order it comes: pages do not wait for each other.
    context: String,
    request: Request,
    started: Timestamp,
    begun: f64,
    response: Option<Value>,
    end: Option<End>,
    sent: Awaited,
    received: Awaited,
}

enum Awaited {
    Nothing,
    Asked,
    Missing,
    Here(Vec<u8>),
}

impl Hops {
    pub fn new(redirect_uri: &str, body_limit: u64) -> Self {
        Self {
            login: Login::new(redirect_uri),
            body_limit,
            open: BTreeMap::new(),
            numbers: HashMap::new(),
            begun: 0,
        }
    }

    /// Takes an event of the network module.
    pub fn take(&mut self, method: &str, params: &Value) -> Vec<Then> {
        let Some(id) = params["request"]["request"].as_str() else {
            return Vec::new();
        };
        let redirects = params["redirectCount"].as_u64().unwrap_or_default();
        let key = (id.to_owned(), redirects);
        let at = params["timestamp"].as_f64().unwrap_or_default();
        let mut then = Vec::new();
        if method == "network.beforeRequestSent" {
            if self.begins(&key, params) {
                then.push(Then::AskFor(Data::Request, key));
            }
            return then;
        }
        let Some(open) = self.find(&key) else {
            return then;
        };
        // Only now are all of its fields known.
        open.request.headers = headers(&params["request"]["headers"]);
        match method {
            "network.responseStarted" => open.response = Some(params["response"].clone()),
            "network.responseCompleted" => {
                open.response = Some(params["response"].clone());
                open.end.get_or_insert(End { at, failed: None });
                if !open.leads_on() {
                    open.received = Awaited::Asked;
                    then.push(Then::AskFor(Data::Response, key));
                }
            }
            "network.fetchError" => {
                let text = params["errorText"].as_str().unwrap_or("failed").to_owned();
                let failed = Some(text);
                open.end.get_or_insert(End { at, failed });
                if open.response.is_some() && !open.leads_on() {
                    open.received = Awaited::Asked;
                    then.push(Then::AskFor(Data::Response, key));
                }
            }
            _ => return then,
        }
        then.extend(self.complete());
        then
    }

    /// Whether what is sent with it is to be asked for.
    fn begins(&mut self, key: &Key, params: &Value) -> bool {
        let request = &params["request"];
        let url = request["url"].as_str().unwrap_or_default();
        let method = request["method"].as_str().unwrap_or("GET");
        let asked = asked(params);
        if !self.login.takes(asked, method, url) {
            return false;
        }
        let Some(part) = asked.part() else {
            return false;
        };
        let at = params["timestamp"].as_f64().unwrap_or_default();
        let has_body = request["bodySize"].as_u64() != Some(0);
        self.begun += 1;
        self.numbers.insert(key.clone(), self.begun);
        let open = Open {
            key: key.clone(),
            part,
            context: params["context"].as_str().unwrap_or_default().to_owned(),
            request: Request {
                method: method.to_owned(),
                url: url.to_owned(),
                headers: headers(&request["headers"]),
                body: Body::empty(),
            },
            started: Timestamp((at.max(0.0) * 1e3) as u64),
            begun: at,
            response: None,
            end: None,
            sent: if has_body {
                Awaited::Asked
            } else {
                Awaited::Nothing
            },
            received: Awaited::Missing,
        };
        self.open.insert(self.begun, open);
        has_body
    }

    /// The answer to [`Then::AskFor`]: without one the browser has not kept it.
    pub fn data(&mut self, data: Data, key: &Key, result: Option<&Value>) -> Vec<Then> {
        if let Some(open) = self.find(key) {
            let bytes = result.and_then(|result| value(&result["bytes"]));
            let awaited = bytes.map_or(Awaited::Missing, Awaited::Here);
            match data {
                Data::Request => open.sent = awaited,
                Data::Response => open.received = awaited,
            }
        }
        self.complete()
    }

    /// How many requests were no part of the login.
    pub fn left_out(&self) -> u32 {
        self.login.left_out
    }

    /// Whether nothing of the login is under way.
    pub fn are_complete(&self) -> bool {
        self.open.is_empty()
    }

    /// What is still open, as far as it came.
    pub fn rest(&mut self) -> Vec<Hop> {
        let limit = self.body_limit;
        let rest = std::mem::take(&mut self.open).into_values();
        rest.map(|open| hop(open, limit)).collect()
    }

    fn find(&mut self, key: &Key) -> Option<&mut Open> {
        self.open.get_mut(self.numbers.get(key)?)
    }

    /// Takes out what is complete, in the order in which each page asked.
    fn complete(&mut self) -> Vec<Then> {
        let mut then = Vec::new();
        let mut waits = Vec::new();
        let mut ready = Vec::new();
        for (number, open) in &self.open {
            if !open.is_complete() {
                waits.push(&open.context);
            } else if !waits.contains(&&open.context) {
                ready.push(*number);
            }
        }
        for number in ready {
            if let Some(open) = self.open.remove(&number) {
                self.numbers.remove(&open.key);
                then.push(Then::Tell(Box::new(hop(open, self.body_limit))));
            }
        }
        then
    }
}

impl Open {
    fn is_complete(&self) -> bool {
        let awaits = |it: &Awaited| matches!(it, Awaited::Asked);
        self.end.is_some() && !awaits(&self.sent) && !awaits(&self.received)
    }

    /// Whether the answer is a redirect, whose body no browser keeps.
    fn leads_on(&self) -> bool {
        let Some(response) = &self.response else {
            return false;
        };
        let status = response["status"].as_u64().unwrap_or_default();
        (300..400).contains(&status)
            && headers(&response["headers"])
                .iter()
                .any(|header| header.name.eq_ignore_ascii_case("location"))
    }
}

/// What is asked for: a browser before this was told calls all that navigates a page.
fn asked(params: &Value) -> Asked {
    let request = &params["request"];
    match request["destination"].as_str() {
        Some("document") => Asked::Part(Part::Page),
        Some("iframe" | "frame" | "embed" | "object") => Asked::Part(Part::Frame),
        Some("") => match request["initiatorType"].as_str() {
            Some("fetch" | "xmlhttprequest" | "beacon") => Asked::Part(Part::Script),
            _ => Asked::Other,
        },
        Some(_) => Asked::Other,
        None if params["navigation"].is_string() => Asked::Part(Part::Page),
        None => Asked::Other,
    }
}

fn hop(open: Open, limit: u64) -> Hop {
    let mut recorded = Recording::default();
    let mut request = open.request;
    match open.sent {
        Awaited::Here(bytes) => request.body = Body::new(bytes),
        Awaited::Nothing => {}
        Awaited::Asked | Awaited::Missing => recorded.request_body = Recorded::NotRecorded,
    }
    let total = open.end.as_ref().map_or(0.0, |end| end.at - open.begun);
    let failed = open.end.and_then(|end| end.failed);
    let outcome = match open.response {
        Some(answer) => {
            let body = match open.received {
                Awaited::Here(bytes) => Some(limited(bytes, limit)),
                Awaited::Nothing | Awaited::Asked | Awaited::Missing => None,
            };
            let fields = headers(&answer["headers"]);
            response(answer["status"].as_u64(), fields, body, &mut recorded)
        }
        None => Outcome::Failure(failure(&request.url, failed.as_deref(), kind_of_failure)),
    };
    Hop {
        part: open.part,
        request,
        outcome,
        started: open.started,
        total: lasted(total / 1e3),
        recorded,
    }
}

/// A text, or bytes that are none.
fn value(value: &Value) -> Option<Vec<u8>> {
    let text = value["value"].as_str()?;
    if value["type"] == "base64" {
        STANDARD.decode(text).ok()
    } else {
        Some(text.as_bytes().to_vec())
    }
}

/// Several values of one name are one text with a line for each.
fn headers(list: &Value) -> Vec<Header> {
    let fields = list.as_array().into_iter().flatten();
    fields
        .flat_map(|field| {
            let name = field["name"].as_str().unwrap_or_default().to_owned();
            let bytes = value(&field["value"]).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
            lines
                .into_iter()
                .map(move |line| Header::new(&name, line.trim_end_matches('\r')))
        })
        .collect()
}

/// By the names that Firefox has for errors.
fn kind_of_failure(text: &str) -> FailureKind {
    let name = text.strip_prefix("NS_ERROR_").unwrap_or(text);
    match name {
        "UNKNOWN_HOST" => FailureKind::Dns,
        "CONNECTION_REFUSED" => FailureKind::Refused,
        "OFFLINE" => FailureKind::Unreachable,
        "NET_TIMEOUT" => FailureKind::Timeout,
        "NET_RESET" | "NET_INTERRUPT" | "NET_EMPTY_RESPONSE" => FailureKind::Reset,
        "NS_BINDING_ABORTED" => FailureKind::Cancelled,
        _ if name.contains("PROXY") => FailureKind::Proxy,
        _ if ["MODULE_SECURITY", "SSL_", "SEC_ERROR", "PKIX"]
            .iter()
            .any(|part| name.contains(part)) =>
        {
            FailureKind::Tls
        }
        _ => FailureKind::Protocol,
    }
}
