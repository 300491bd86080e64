//! Takes requests out of the envelopes that some clients send them in.
//!
//! MCP Inspector's part in the browser has its other part send everything: `POST /api/fetch` holds
//! a request and its answer, `POST /api/mcp/connect` names the MCP server, and `POST /api/mcp/send`
//! holds one MCP message. The outer status says nothing of the inner one.

use serde_json::{Map, Value};
use trace::{Body, Exchange, Header, Outcome, Recorded, Recording, Request, Response, Trace};

use crate::message::{json, path, text};

/// The exchanges of a recording in the order they began, out of their envelopes.
pub fn exchanges(bare: &Trace) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = bare
        .exchanges()
        .map(|(_, exchange)| exchange.clone())
        .collect();
    let timed = |exchange: &Exchange| exchange.recorded.times == Recorded::Whole;
    if all.iter().all(timed) {
        all.sort_by_key(|exchange| exchange.started);
    }
    let mut envelopes = Envelopes::default();
    for exchange in &mut all {
        if let Some(inner) = envelopes.inner(exchange) {
            *exchange = inner;
        }
    }
    all
}

/// What is known from the envelopes so far.
#[derive(Default)]
struct Envelopes {
    /// The MCP server's URL, as the last connect names it.
    server_url: Option<String>,
}

impl Envelopes {
    fn inner(&mut self, outer: &Exchange) -> Option<Exchange> {
        if outer.request.method != "POST" {
            return None;
        }
        let path = path(&outer.request.url);
        let asked = json(&outer.request.body.bytes)?;
        if path.ends_with("/api/fetch") {
            return fetched(outer, &asked);
        }
        if path.ends_with("/api/mcp/connect") {
            let named = find_text(&Value::Object(asked), "url")?;
            self.server_url = Some(named);
            return self.challenged(outer);
        }
        if path.ends_with("/api/mcp/send") {
            return self.sent(outer, &asked);
        }
        None
    }

    /// One MCP message. Its answer comes over a stream, unless it is a challenge.
    fn sent(&self, outer: &Exchange, asked: &Map<String, Value>) -> Option<Exchange> {
        let message = asked.get("message")?;
        let url = self.server_url.clone()?;
        let request = Request::new("POST", url).body(message.to_string());
        let status = match answer(outer) {
            Some(answer) => match challenge(&answer) {
                Some(challenge) => return Some(inner(outer, request, challenge)),
                None if answer.get("ok") == Some(&Value::Bool(false)) => return None,
                None => 200,
            },
            None => return None,
        };
        let response = Response {
            status,
            headers: Vec::new(),
            body: Body::empty(),
        };
        let mut exchange = inner(outer, request, response);
        exchange.recorded.response_headers = Recorded::NotRecorded;
        exchange.recorded.response_body = Recorded::NotRecorded;
        Some(exchange)
    }

    /// The challenge that the attempt to connect ended with, if it did.
    fn challenged(&self, outer: &Exchange) -> Option<Exchange> {
        let challenge = challenge(&answer(outer)?)?;
        let message = r#"{"jsonrpc":"2.0","method":"initialize"}"#;
        let request = Request::new("POST", self.server_url.clone()?).body(message);
        let mut exchange = inner(outer, request, challenge);
        exchange.recorded.request_body = Recorded::Incomplete;
        Some(exchange)
    }
}

/// A request that was sent for the browser, with its answer.
fn fetched(outer: &Exchange, asked: &Map<String, Value>) -> Option<Exchange> {
    let url = text(asked, "url")?;
    let mut request = Request::new(text(asked, "method").unwrap_or("GET"), url);
    request.headers = headers(asked.get("headers"));
    request.body = Body::new(content(asked.get("body")));
    let answer = answer(outer)?;
    let status = answer.get("status")?.as_u64()?;
    let response = Response {
        status: u16::try_from(status).ok()?,
        headers: headers(answer.get("headers")),
        body: Body::new(content(answer.get("body"))),
    };
    let mut exchange = inner(outer, request, response);
    exchange.recorded.request_headers = Recorded::Incomplete;
    exchange.recorded.response_headers = Recorded::Whole;
    Some(exchange)
}

/// The inner exchange, sent when the envelope was.
fn inner(outer: &Exchange, request: Request, response: Response) -> Exchange {
    Exchange {
        request,
        outcome: Outcome::Response(response),
        connection: None,
        recorded: Recording {
            // The other part adds its own.
            request_headers: Recorded::NotRecorded,
            request_body: Recorded::Whole,
            response_headers: Recorded::Incomplete,
            response_body: Recorded::Whole,
            times: outer.recorded.times,
            checked: outer.recorded.checked,
            ..Recording::default()
        },
        client_side: None,
        server_side: None,
        ..outer.clone()
    }
}

fn answer(outer: &Exchange) -> Option<Map<String, Value>> {
    json(&outer.response()?.body.bytes)
}

/// The 401 that the other part was answered with.
fn challenge(answer: &Map<String, Value>) -> Option<Response> {
    let raw = answer.get("authChallenge")?.get("raw")?;
    let status = raw.get("httpStatus").and_then(Value::as_u64).unwrap_or(401);
    let header = raw.get("wwwAuthenticate").and_then(Value::as_str);
    Some(Response {
        status: u16::try_from(status).ok()?,
        headers: header
            .map(|value| Header::new("www-authenticate", value))
            .into_iter()
            .collect(),
        body: Body::empty(),
    })
}

fn headers(value: Option<&Value>) -> Vec<Header> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members
        .filter_map(|(name, value)| Some(Header::new(name, value.as_str()?)))
        .collect()
}

fn content(value: Option<&Value>) -> Vec<u8> {
    match value {
        Some(Value::String(text)) => text.clone().into_bytes(),
        None | Some(Value::Null) => Vec::new(),
        Some(other) => other.to_string().into_bytes(),
    }
}

/// The first http URL under this name, however deep.
fn find_text(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => {
            let own = members.get(name).and_then(Value::as_str);
            let own = own.filter(|url| url.starts_with("http"));
            own.map(str::to_owned)
                .or_else(|| members.values().find_map(|value| find_text(value, name)))
        }
        Value::Array(values) => values.iter().find_map(|value| find_text(value, name)),
        _ => None,
    }
}
