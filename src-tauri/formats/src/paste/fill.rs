//! What has to stand where a pasted text says nothing: the URL of a document that was pasted
//! without its request, the status of a body. What is filled in fits the rest, accuses nobody, and
//! is marked as not recorded.

use std::collections::HashMap;

use serde_json::{Map, Value};
use trace::{
    Body, Client, Coding, CodingEnd, EntryKind, Exchange, Failure, FailureKind, Origin, Outcome,
    ParticipantId, Phase, Purpose, Recorded, Recording, Request, Response, Timestamp, Timings,
    Trace, challenges, origin_of,
};

use super::document::kind_of;
use super::evidence::{Evidence, Seen, Target, is_cut};
use super::piece::PieceKind;
use crate::format::Opened;
use crate::har::failure;
use crate::time::http_date;

/// The trace of what was found, and what was taken for what.
pub fn opened(text: &str, evidence: Evidence) -> Opened {
    let mut known = Known::of(text, &evidence);
    let mut words = evidence.words;
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut time: Option<Timestamp> = None;
    let mut guessed = false;
    for seen in evidence.seen {
        words.extend(said(&seen));
        let Some(mut exchange) = known.exchange(seen) else {
            continue;
        };
        if exchange.recorded.times == Recorded::Whole {
            time = Some(exchange.started);
        } else if let Some(time) = time {
            exchange.started = time;
        }
        guessed |= exchange.request.url.contains(NOWHERE);
        exchanges.push(exchange);
    }
    let timed = exchanges
        .iter()
        .filter(|exchange| exchange.recorded.times == Recorded::Whole);
    let started = timed.map(|exchange| exchange.started).min();
    let started = started.unwrap_or(Timestamp(0));
    let mut trace = Trace::recorded(Origin::Pasted, Client::unknown(), "", started);
    for mut exchange in exchanges {
        exchange.started = exchange.started.max(started);
        let at = exchange.started;
        trace.push(at, 0, Phase::Extra, EntryKind::Exchange(Box::new(exchange)));
    }
    let mut notes = Vec::new();
    if guessed {
        notes.push(format!(
            "The text does not say where all of it comes from; names that end in {NOWHERE} stand \
             for what it does not say."
        ));
    }
    if evidence.is_full {
        notes.push("The text holds more than is looked at; its start was read.".into());
    }
    Opened {
        pieces: evidence.pieces,
        words,
        urls: evidence.urls,
        notes,
        ..trace.into()
    }
}

/// What an error answer says in words, which may be known.
fn said(seen: &Seen) -> Option<String> {
    let body = object(&seen.response_body.value)?;
    let is_error = body.contains_key("error") || body.contains_key("error_description");
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let all = [text("error"), text("error_description"), text("message")];
    let all: Vec<&str> = all.into_iter().flatten().collect();
    (is_error && !all.is_empty()).then(|| all.join(": "))
}

pub fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Stands in for the hosts that a text does not name (RFC 2606 section 2).
const NOWHERE: &str = ".invalid";
const MCP_SERVER: &str = "https://mcp-server.invalid/mcp";
pub const AUTHORIZATION_SERVER: &str = "https://authorization-server.invalid";

/// What the text as a whole says of addresses.
pub struct Known<'a> {
    text: &'a str,
    /// The MCP server, by metadata or challenge.
    pub resource: Option<String>,
    pub named_metadata: Option<String>,
    pub issuer: Option<String>,
    /// Endpoints by their names in the metadata.
    endpoints: HashMap<String, String>,
    /// The one origin that all whole URLs of requests have.
    only_origin: Option<String>,
    /// Whether the text names a host with https, by host.
    secure: HashMap<String, Option<bool>>,
}

const RESOURCE: &str = "/.well-known/oauth-protected-resource";

impl<'a> Known<'a> {
    fn of(text: &'a str, evidence: &Evidence) -> Self {
        let mut known = Self {
            text,
            resource: None,
            named_metadata: None,
            issuer: None,
            endpoints: HashMap::new(),
            only_origin: None,
            secure: HashMap::new(),
        };
        let mut origins: Vec<String> = evidence
            .urls
            .iter()
            .filter_map(|url| origin_of(url))
            .collect();
        for seen in &evidence.seen {
            if let Target::Url(url) = &seen.target {
                origins.extend(origin_of(url));
            }
            known.take(seen);
        }
        origins.dedup();
        known.only_origin = match origins.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        known
    }

    fn take(&mut self, seen: &Seen) {
        for challenge in challenges_of(seen) {
            for (name, url) in &challenge.parameters {
                if origin_of(url).is_none() {
                    continue;
                }
                if name.eq_ignore_ascii_case("resource_metadata") {
                    self.named_metadata.get_or_insert_with(|| url.to_owned());
                }
                // Under a wrong name, too.
                if let Some((origin, path)) = url.split_once(RESOURCE) {
                    self.resource
                        .get_or_insert_with(|| format!("{origin}{path}"));
                }
            }
        }
        let Some(body) = object(&seen.response_body.value) else {
            return;
        };
        let text = |name: &str| {
            let text = body.get(name).and_then(Value::as_str);
            text.filter(|url| origin_of(url).is_some())
                .map(str::to_owned)
        };
        match kind_of(&Value::Object(body.clone())) {
            PieceKind::ResourceMetadata => {
                self.resource = text("resource").or(self.resource.take());
                let servers = body.get("authorization_servers").and_then(Value::as_array);
                let first = servers.and_then(|all| all.first()?.as_str());
                self.issuer = self.issuer.take().or(first.map(str::to_owned));
            }
            PieceKind::ServerMetadata => {
                self.issuer = text("issuer").or(self.issuer.take());
                let endpoints = body.iter().filter(|(_, value)| value.is_string());
                for name in endpoints.map(|(name, _)| name) {
                    if let Some(url) = text(name) {
                        self.endpoints.entry(name.clone()).or_insert(url);
                    }
                }
            }
            _ => {}
        }
    }

    fn exchange(&mut self, seen: Seen) -> Option<Exchange> {
        let place = self.place(&seen)?;
        let method = seen.method.clone().unwrap_or_else(|| place.method.into());
        let mut request = Request::new(&method, place.url);
        request.headers = seen.request_headers.value;
        request.body = Body::new(seen.request_body.value);
        let answered = seen.status.is_some()
            || !seen.response_body.value.is_empty()
            || !seen.response_headers.value.is_empty();
        let date = seen
            .response_headers
            .value
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("date"))
            .and_then(|header| http_date(&header.value));
        let started = seen.started.or(date);
        let no_body = matches!(seen.status, Some(204 | 205 | 304)) || method == "HEAD";
        let response_body = match (no_body, seen.response_body.value.is_empty()) {
            (true, _) => Recorded::Whole,
            (_, true) if announced_none(&seen.response_headers.value) => Recorded::Whole,
            (_, true) => Recorded::NotRecorded,
            _ => seen.response_body.recorded,
        };
        let recorded = Recording {
            request_line: match place.recorded {
                Recorded::Whole if seen.method.is_none() => Recorded::Incomplete,
                other => other,
            },
            status: match seen.status {
                Some(_) => Recorded::Whole,
                None => Recorded::NotRecorded,
            },
            request_headers: seen.request_headers.recorded,
            request_body: seen.request_body.recorded,
            response_headers: seen.response_headers.recorded,
            response_body,
            times: match started {
                Some(_) => Recorded::Whole,
                None => Recorded::NotRecorded,
            },
            ..Recording::default()
        };
        let outcome = if let Some(said) = &seen.failure {
            Outcome::Failure(failure(Some(said)))
        } else if answered {
            Outcome::Response(Response {
                status: seen.status.unwrap_or(place.status),
                body: body(&seen.response_headers.value, seen.response_body.value),
                headers: seen.response_headers.value,
            })
        } else {
            Outcome::Failure(Failure {
                kind: FailureKind::Cancelled,
                message: "The text has no answer to it.".into(),
            })
        };
        Some(Exchange {
            purpose: seen.purpose.or(place.purpose).unwrap_or(Purpose::Unknown),
            from: ParticipantId::CLIENT,
            to: ParticipantId::CLIENT,
            label: String::new(),
            request,
            edited: false,
            answer_edited: false,
            outcome,
            started: started.unwrap_or(Timestamp(0)),
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded,
            server_side: None,
            client_side: None,
        })
    }

    /// Where an exchange belongs. `None` for what cannot be one.
    fn place(&mut self, seen: &Seen) -> Option<Place> {
        let by_body = self.by_content(seen);
        let (url, recorded) = match &seen.target {
            Target::Unknown => return by_body,
            Target::Url(url) if is_cut(url) => (url.clone(), Recorded::Incomplete),
            Target::Url(url) => (url.clone(), Recorded::Whole),
            Target::Path { secure, host, path } => self.absolute(*secure, host.as_deref(), path),
        };
        let (method, status) = by_body.map_or(("GET", 200), |place| (place.method, place.status));
        Some(Place {
            url,
            recorded,
            method,
            status,
            purpose: None,
        })
    }

    /// The whole URL, and whether the text says all of it.
    fn absolute(
        &mut self,
        secure: Option<bool>,
        host: Option<&str>,
        path: &str,
    ) -> (String, Recorded) {
        let Some(host) = host else {
            let origin = self.origin_for(path);
            return (format!("{origin}{path}"), Recorded::Incomplete);
        };
        let (secure, recorded) = match secure.or_else(|| self.named_secure(host)) {
            Some(secure) => (secure, Recorded::Whole),
            None => (!is_local(host), Recorded::Incomplete),
        };
        let scheme = if secure { "https" } else { "http" };
        (format!("{scheme}://{host}{path}"), recorded)
    }

    /// Whether the text names this host with one scheme alone.
    fn named_secure(&mut self, host: &str) -> Option<bool> {
        if let Some(known) = self.secure.get(host) {
            return *known;
        }
        let named = |scheme: &str| {
            self.text
                .match_indices(&format!("{scheme}://{host}"))
                .take(MOST_MATCHES)
                .any(|(at, found)| {
                    let after = self.text[at + found.len()..].bytes().next();
                    after.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'.')
                })
        };
        let secure = match (named("https"), named("http")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        if self.secure.len() < MOST_HOSTS {
            self.secure.insert(host.to_owned(), secure);
        }
        secure
    }

    /// The origin of a path in a log that names none.
    fn origin_for(&self, path: &str) -> String {
        let address = path.split('?').next().unwrap_or(path);
        let named = [&self.resource, &self.named_metadata]
            .into_iter()
            .flatten()
            .chain(self.endpoints.values());
        let of_path = |url: &&String| {
            let origin = origin_of(url).unwrap_or_default();
            url.strip_prefix(&origin) == Some(address)
        };
        let found = named.into_iter().find(of_path).or(self.resource.as_ref());
        let found = found.and_then(|url| origin_of(url));
        let found = found.or_else(|| self.only_origin.clone());
        found.unwrap_or_else(|| origin_of(MCP_SERVER).unwrap_or_default())
    }

    pub fn mcp(&self) -> String {
        self.resource.clone().unwrap_or_else(|| MCP_SERVER.into())
    }

    pub fn endpoint(&self, name: &str, path: &str) -> String {
        let named = self.endpoints.get(name).cloned();
        named.unwrap_or_else(|| {
            let issuer = self.issuer.as_deref().and_then(origin_of);
            format!(
                "{}{path}",
                issuer.as_deref().unwrap_or(AUTHORIZATION_SERVER)
            )
        })
    }
}

/// Where an exchange belongs, and what stands for what the text does not say.
pub struct Place {
    pub url: String,
    pub recorded: Recorded,
    pub method: &'static str,
    pub status: u16,
    pub purpose: Option<Purpose>,
}

pub fn challenges_of(seen: &Seen) -> Vec<trace::Challenge> {
    let response = Response {
        status: 401,
        headers: seen.response_headers.value.clone(),
        body: Body::empty(),
    };
    match seen.response_header("www-authenticate") {
        Some(_) => challenges(&response).unwrap_or_default(),
        None => Vec::new(),
    }
}

fn announced_none(headers: &[trace::Header]) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("content-length") && header.value.trim() == "0"
    })
}

/// A text that was pasted is no longer coded.
fn body(headers: &[trace::Header], bytes: Vec<u8>) -> Body {
    let length = bytes.len() as u64;
    let mut body = Body::new(bytes);
    let coding = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-encoding"));
    if let Some(coding) = coding.filter(|one| !one.value.eq_ignore_ascii_case("identity"))
        && length > 0
    {
        body.coding = Some(Box::new(Coding {
            name: coding.value.clone(),
            raw: None,
            length,
            end: CodingEnd::Complete,
        }));
    }
    body
}

fn is_local(host: &str) -> bool {
    trace::is_loopback(&format!("http://{host}"))
}

/// Hosts whose scheme is looked for in the text, and how often each.
const MOST_HOSTS: usize = 64;
const MOST_MATCHES: usize = 200;
