//! One entry of a HAR file as an exchange. What the entry lacks was not recorded.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use trace::{
    Body, Checked, Coding, CodingEnd, Connection, Exchange, Failure, FailureKind, Header, Outcome,
    ParticipantId, Purpose, Recorded, Recording, Request, Response, Timestamp, Timings,
};

use crate::format::ReadError;
use crate::matters::may_matter;
use crate::redact::MARK;
use crate::time::timestamp;

type Object = Map<String, Value>;

/// # Errors
/// Names the field of the entry without which it is of no use.
pub fn exchange(entry: &Object) -> Result<Exchange, ReadError> {
    let none = Object::new();
    let object = |name: &str| entry.get(name).and_then(Value::as_object);
    let asked =
        object("request").ok_or_else(|| expected("request", "an object", entry.get("request")))?;
    let url = asked.get("url").and_then(Value::as_str);
    let url = url.filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| expected("request.url", "a URL", asked.get("url")))?;
    let answered = object("response").unwrap_or(&none);
    let (request, request_body) = request(asked, url);
    let request_headers = match asked.get("headers") {
        Some(Value::Array(_)) => Recorded::Whole,
        _ => Recorded::NotRecorded,
    };
    let (outcome, response_headers, response_body) = outcome(entry, answered, &request);
    let started = entry.get("startedDateTime").and_then(Value::as_str);
    let started = started.and_then(timestamp);
    let mut exchange = Exchange {
        purpose: own_question(entry).unwrap_or(Purpose::Unknown),
        from: ParticipantId::CLIENT,
        to: ParticipantId::CLIENT,
        label: String::new(),
        request,
        edited: false,
        answer_edited: false,
        outcome,
        started: started.unwrap_or(Timestamp(0)),
        timings: timings(entry),
        connection: connection(entry, answered),
        verdict: None,
        recorded: Recording {
            request_headers,
            request_body,
            response_headers,
            response_body,
            times: if started.is_some() {
                Recorded::Whole
            } else {
                Recorded::NotRecorded
            },
            ..Recording::default()
        },
        client_side: None,
        server_side: None,
    };
    match own_checked(entry) {
        Some(checked) => exchange.recorded.checked = checked,
        None => mark_redacted(&mut exchange),
    }
    forget_body(&mut exchange);
    Ok(exchange)
}

/// What our own files say of a request that no client would send, and of what pages do within.
fn own_question(entry: &Object) -> Option<Purpose> {
    let purpose = entry.get("_authscope")?.get("purpose")?;
    let purpose = serde_json::from_value(purpose.clone()).ok()?;
    let ours = matches!(
        purpose,
        Purpose::FromPage { .. } | Purpose::AuthorizationProbe | Purpose::WithinPage
    );
    ours.then_some(purpose)
}

/// What our own files say was found out from secrets before they were replaced: then what stands
/// for them can be judged.
fn own_checked(entry: &Object) -> Option<Checked> {
    let checked = entry.get("_authscope")?.get("checked")?;
    serde_json::from_value(checked.clone()).ok()
}

fn expected(field: &str, what: &str, got: Option<&Value>) -> ReadError {
    let got = match got {
        None | Some(Value::Null) => "none",
        Some(Value::Bool(_)) => "true or false",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a text that is empty or no such thing",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    };
    ReadError(format!("{field}: expected {what}, got {got}"))
}

/// The request, and how much of its body was recorded.
fn request(asked: &Object, url: &str) -> (Request, Recorded) {
    let method = asked.get("method").and_then(Value::as_str);
    let mut request = Request::new(&method.unwrap_or("GET").to_ascii_uppercase(), url);
    request.headers = headers(asked);
    undouble(&mut request.headers);
    let size = asked.get("bodySize").and_then(Value::as_i64);
    let posted = asked.get("postData").and_then(Value::as_object);
    let body = posted.and_then(posted_body).filter(|body| !body.is_empty());
    let recorded = match &body {
        Some(_) => Recorded::Whole,
        None if matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") => Recorded::Whole,
        None if size == Some(0) || request.header_value("content-length") == Some("0") => {
            Recorded::Whole
        }
        None => Recorded::NotRecorded,
    };
    request.body = Body::new(body.unwrap_or_default());
    let media = posted.and_then(|posted| posted.get("mimeType")?.as_str());
    if let Some(media) = media.filter(|media| !media.is_empty())
        && !request.body.is_empty()
        && request.header_value("content-type").is_none()
    {
        request.headers.push(Header::new("content-type", media));
    }
    (request, recorded)
}

/// A form's fields stand in for its text where only they were recorded.
fn posted_body(posted: &Object) -> Option<Vec<u8>> {
    if let Some(text) = posted.get("text").and_then(Value::as_str)
        && !text.is_empty()
    {
        let encoding = posted.get("_encoding").or_else(|| posted.get("encoding"));
        return Some(decoded(text, encoding));
    }
    let params = posted.get("params").and_then(Value::as_array)?;
    let media = posted.get("mimeType").and_then(Value::as_str);
    if media.is_some_and(|media| media.contains("json")) {
        return Some(json_of(params).to_string().into_bytes());
    }
    let pair = |param: &Value| {
        let text = |name: &str| Some(param.get(name)?.as_str()?.to_owned());
        Some((text("name")?, text("value").unwrap_or_default()))
    };
    let pairs: Vec<(String, String)> = params.iter().filter_map(pair).collect();
    // Chromium's DevTools leave them encoded: then a space or a colon is nowhere in them.
    let encoded = pairs.iter().all(|(_, value)| value.bytes().all(is_encoded))
        && pairs.iter().any(|(_, value)| value.contains('%'));
    Some(if encoded {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&").into_bytes()
    } else {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        trace::encode_pairs(pairs).into_bytes()
    })
}

/// The object whose members were recorded as parameters, a list as one for each of its values.
fn json_of(params: &[Value]) -> Value {
    let mut object = Object::new();
    for param in params {
        let Some(name) = param.get("name").and_then(Value::as_str) else {
            continue;
        };
        let value = param.get("value").cloned().unwrap_or_default();
        match object.get_mut(name) {
            Some(Value::Array(all)) => all.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None if LISTS.contains(&name) && !value.is_array() => {
                object.insert(name.to_owned(), Value::Array(vec![value]));
            }
            None => {
                object.insert(name.to_owned(), value);
            }
        }
    }
    Value::Object(object)
}

/// Members of client metadata that are lists (RFC 7591 section 2).
const LISTS: [&str; 4] = ["redirect_uris", "grant_types", "response_types", "contacts"];

/// Some recorders tell every field of a preflight request twice.
fn undouble(headers: &mut Vec<Header>) {
    let half = headers.len() / 2;
    let count = |wanted: &Header| headers.iter().filter(|one| *one == wanted).count();
    if half > 1 && headers.len().is_multiple_of(2) && headers.iter().all(|one| count(one) == 2) {
        let mut kept: Vec<Header> = Vec::with_capacity(half);
        for header in headers.drain(..) {
            if !kept.contains(&header) {
                kept.push(header);
            }
        }
        *headers = kept;
    }
}

fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%+*!'()".contains(&byte)
}

fn decoded(text: &str, encoding: Option<&Value>) -> Vec<u8> {
    let base64 = encoding.and_then(Value::as_str) == Some("base64");
    let bytes = base64.then(|| STANDARD.decode(text.trim()).ok()).flatten();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Without the fields that HTTP/2 has in place of the request and status lines.
fn headers(message: &Object) -> Vec<Header> {
    let list = message.get("headers").and_then(Value::as_array);
    let header = |header: &Value| {
        let name = header.get("name")?.as_str()?;
        let value = header.get("value")?.as_str()?;
        (!name.starts_with(':') && !name.is_empty()).then(|| Header::new(name, value))
    };
    list.into_iter().flatten().filter_map(header).collect()
}

/// What came of it, and how much of the headers and the body was recorded.
fn outcome(entry: &Object, answered: &Object, request: &Request) -> (Outcome, Recorded, Recorded) {
    let content = answered.get("content").and_then(Value::as_object);
    let none = Object::new();
    let content = content.unwrap_or(&none);
    let error = error(entry, answered);
    let fields = headers(answered);
    let (body, body_recorded) = body(content, &fields, error.is_some());
    let status = number(answered.get("status")).and_then(|status| u16::try_from(status).ok());
    let status = match status.filter(|status| *status >= 100) {
        Some(status) => status,
        None => match guessed_status(request, &fields, &body) {
            Some(status) => status,
            None => {
                let own = entry.get("_authscope").and_then(|own| own.get("failure"));
                let own = own.and_then(|own| serde_json::from_value(own.clone()).ok());
                let failure = Outcome::Failure(own.unwrap_or_else(|| failure(error.as_deref())));
                return (failure, Recorded::NotRecorded, Recorded::NotRecorded);
            }
        },
    };
    let headers_recorded = if fields.is_empty() {
        Recorded::NotRecorded
    } else {
        Recorded::Whole
    };
    let no_body = matches!(status, 204 | 205 | 304) || request.method == "HEAD";
    let body_recorded = if no_body {
        Recorded::Whole
    } else {
        body_recorded
    };
    let response = Response {
        status,
        headers: fields,
        body,
    };
    (Outcome::Response(response), headers_recorded, body_recorded)
}

/// What the recorder says went wrong.
fn error(entry: &Object, answered: &Object) -> Option<String> {
    let names = ["_error", "_failureText"];
    let mut all = names
        .iter()
        .flat_map(|name| [answered.get(*name), entry.get(*name)]);
    let text = all.find_map(|value| value.and_then(Value::as_str));
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Firefox leaves the status out of some answers that have headers and a body.
fn guessed_status(request: &Request, headers: &[Header], body: &Body) -> Option<u16> {
    if headers.is_empty() {
        return None;
    }
    if request.method == "OPTIONS" {
        return Some(204);
    }
    let object: Object = serde_json::from_slice(&body.bytes).ok()?;
    Some(
        if object.contains_key("error") && !object.contains_key("jsonrpc") {
            400
        } else if request.method == "POST" && object.contains_key("redirect_uris") {
            201
        } else {
            200
        },
    )
}

fn body(content: &Object, headers: &[Header], failed: bool) -> (Body, Recorded) {
    let size = number(content.get("size"));
    let text = content.get("text").and_then(Value::as_str);
    let elsewhere = content.contains_key("_file");
    let recorded = match text {
        Some(text) if !text.is_empty() => Recorded::Whole,
        _ if elsewhere || failed => Recorded::NotRecorded,
        Some(_) if size.is_none_or(|size| size == 0) => Recorded::Whole,
        // An answer that is not at hand any more may be told as one of no size.
        None if size == Some(0) && !announced(headers) => Recorded::Whole,
        _ => Recorded::NotRecorded,
    };
    let bytes = text.map_or_else(Vec::new, |text| decoded(text, content.get("encoding")));
    let mut body = Body::new(bytes);
    let coding = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-encoding"));
    let coding = coding.filter(|header| !header.value.eq_ignore_ascii_case("identity"));
    if let Some(coding) = coding.filter(|_| !body.is_empty()) {
        body.coding = Some(Box::new(Coding {
            name: coding.value.clone(),
            raw: None,
            length: size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            end: CodingEnd::Complete,
        }));
    }
    (body, recorded)
}

/// Whether the server said that there are bytes in the body.
fn announced(headers: &[Header]) -> bool {
    let mut named = headers.iter();
    let length = named.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    length.is_some_and(|length| length.value.trim() != "0")
}

/// Of a failed request a browser says little: an answer that it kept from a page looks like none.
pub fn failure(error: Option<&str>) -> Failure {
    let text = error.unwrap_or("the recording has no answer");
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let kind = if has(&[
        "name_not_resolved",
        "enotfound",
        "getaddrinfo",
        "name or service not known",
        "unknown_host",
        "unknown host",
        "could not resolve",
    ]) {
        FailureKind::Dns
    } else if has(&[
        "connection_refused",
        "econnrefused",
        "connection refused",
        "connect call failed",
        "failed to connect",
        "could not connect",
    ]) {
        FailureKind::Refused
    } else if has(&["unreachable"]) {
        FailureKind::Unreachable
    } else if has(&["cert", "ssl", "tls", "handshake"]) {
        FailureKind::Tls
    } else if has(&["timed_out", "timed out", "timeout"]) {
        FailureKind::Timeout
    } else if has(&[
        "reset",
        "empty_response",
        "connection_closed",
        "closed connection",
        "socket hang up",
    ]) {
        FailureKind::Reset
    } else {
        FailureKind::Cancelled
    };
    Failure {
        kind,
        message: format!("No answer was recorded ({text})."),
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64().or_else(|| Some(number.as_f64()? as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn timings(entry: &Object) -> Timings {
    let parts = entry.get("timings").and_then(Value::as_object);
    let millis = |value: Option<&Value>| {
        let millis = value?.as_f64().filter(|millis| *millis >= 0.0)?;
        Duration::try_from_secs_f64(millis / 1000.0).ok()
    };
    let part = |name: &str| millis(parts?.get(name));
    Timings {
        dns: part("dns"),
        connect: part("connect"),
        wait: part("wait"),
        receive: part("receive"),
        total: millis(entry.get("time")).unwrap_or_default(),
    }
}

fn connection(entry: &Object, answered: &Object) -> Option<Connection> {
    let address = entry.get("serverIPAddress").and_then(Value::as_str)?;
    if address.is_empty() {
        return None;
    }
    let version = answered.get("httpVersion").and_then(Value::as_str);
    let port = entry.get("_serverPort").and_then(Value::as_u64);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    Some(Connection {
        remote_address: Some(format!("{address}{port}")),
        http_version: version.unwrap_or_default().to_owned(),
        reused: false,
        tls: None,
    })
}

/// What stands for a secret cannot be judged: it is not a JWT, and no hash is of it.
fn mark_redacted(exchange: &mut Exchange) {
    let has = |bytes: &[u8]| memchr::memmem::find(bytes, MARK.as_bytes()).is_some();
    let mark = |part: &mut Recorded, redacted: bool| {
        if redacted && *part == Recorded::Whole {
            *part = Recorded::Incomplete;
        }
    };
    let Exchange {
        request,
        outcome,
        recorded,
        ..
    } = exchange;
    let in_headers = |headers: &[Header]| headers.iter().any(|one| has(one.value.as_bytes()));
    mark(&mut recorded.request_headers, in_headers(&request.headers));
    mark(&mut recorded.request_body, has(&request.body.bytes));
    if let Outcome::Response(response) = outcome {
        mark(&mut recorded.response_body, has(&response.body.bytes));
    }
}

/// What cannot be of a flow stays in the file, unless it is small.
pub fn forget_body(exchange: &mut Exchange) {
    if may_matter(exchange) {
        return;
    }
    if exchange.request.body.bytes.len() > SMALL {
        exchange.request.body = Body::empty();
        exchange.recorded.request_body = Recorded::NotRecorded;
    }
    if let Outcome::Response(response) = &mut exchange.outcome
        && response.body.bytes.len() > SMALL
    {
        response.body = Body::empty();
        exchange.recorded.response_body = Recorded::NotRecorded;
    }
}

const SMALL: usize = 2048;
