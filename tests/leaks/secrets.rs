//! What is secret in a run, read from its trace without anything of the redaction.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use trace::{Exchange, Header, Outcome, Trace, pairs, query_pairs};

/// Parameters and members that hold secrets, by the specifications that define them.
const SECRET_NAMES: [&str; 22] = [
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "code_challenge",
    "state",
    "nonce",
    "client_secret",
    "client_assertion",
    "assertion",
    "device_code",
    "user_code",
    "subject_token",
    "actor_token",
    "token",
    "password",
    "registration_access_token",
    "request",
    "request_uri",
    "login_hint",
    "id_token_hint",
];

/// Each value with a place where it stands.
pub type Found = BTreeMap<String, String>;

/// Everything that stands under a secret's name, and everything that looks as if a generator of
/// secrets had made it and is no public value.
pub fn secrets(trace: &Trace) -> Found {
    let mut found = Found::new();
    let mut public = BTreeSet::new();
    let mut texts = Vec::new();
    for (entry, exchange) in trace.exchanges() {
        of_exchange(entry.seq, exchange, &mut found);
        public_values(exchange, &mut public);
        texts.push((
            entry.seq,
            format!("{}\n{}", exchange.request.url, words(exchange)),
        ));
    }
    for (seq, text) in &texts {
        for word in text.split(|c: char| !is_inner(c)) {
            if is_made_up(word) && !public.contains(word) {
                let place = || format!("a word of {seq}");
                found.entry(word.to_owned()).or_insert_with(place);
            }
        }
    }
    found.retain(|value, _| !is_word(value) && !public.contains(value.as_str()));
    // The end of a reference, say, is as secret as the whole, and no secret by itself.
    let is_part = |part: &str| {
        let mut others = found.keys().filter(|whole| whole.len() > part.len());
        others.any(|whole| whole.contains(part) && !whole.starts_with("eyJ"))
    };
    let parts: Vec<String> = found.keys().filter(|key| is_part(key)).cloned().collect();
    parts.iter().for_each(|part| {
        found.remove(part);
    });
    found
}

/// What of a secret must not be seen: of a token its signature, since its header and public claims
/// stay where they are needed.
pub fn essence(secret: &str) -> &str {
    match secret.rsplit_once('.') {
        Some((_, signature)) if secret.starts_with("eyJ") && !signature.is_empty() => signature,
        _ => secret,
    }
}

/// What could stand anywhere: nothing that was made to be kept secret.
fn is_word(value: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || b"-_".contains(&byte);
    value.len() < 6 || value.bytes().all(is_plain)
}

fn of_exchange(seq: u32, exchange: &Exchange, found: &mut Found) {
    let request = &exchange.request;
    named(seq, query_pairs(&request.url), found);
    if let Some(form) = request.body.text() {
        named(seq, pairs(form), found);
    }
    of_json(seq, &request.body.bytes, found);
    of_headers(seq, &request.headers, found);
    if let Outcome::Response(response) = &exchange.outcome {
        of_json(seq, &response.body.bytes, found);
        of_headers(seq, &response.headers, found);
        if let Some(location) = response.header_value("location") {
            named(seq, query_pairs(&location.replace('#', "?")), found);
        }
    }
}

fn named(seq: u32, pairs: Vec<trace::Pair>, found: &mut Found) {
    for pair in pairs {
        if SECRET_NAMES.contains(&pair.name.as_str()) {
            found.insert(pair.value, format!("{} of {seq}", pair.name));
        }
    }
}

fn of_json(seq: u32, bytes: &[u8], found: &mut Found) {
    fn value(seq: u32, json: &Value, found: &mut Found) {
        match json {
            Value::Array(values) => values.iter().for_each(|one| value(seq, one, found)),
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) if SECRET_NAMES.contains(&name.as_str()) => {
                            found.insert(text.clone(), format!("{name} of {seq}"));
                        }
                        _ => value(seq, member, found),
                    }
                }
            }
            _ => {}
        }
    }
    if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
        // A message has a code of its own.
        if json.get("jsonrpc").is_none() {
            value(seq, &json, found);
        }
    }
}

fn of_headers(seq: u32, headers: &[Header], found: &mut Found) {
    for header in headers {
        let place = format!("{} of {seq}", header.name);
        let value = header.value.as_str();
        match header.name.to_ascii_lowercase().as_str() {
            "authorization" => {
                let (scheme, credentials) = value.split_once(' ').unwrap_or_default();
                let decoded = STANDARD
                    .decode(credentials)
                    .ok()
                    .filter(|_| scheme == "Basic");
                let secret = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                let secret = secret.and_then(|text| Some(text.split_once(':')?.1.to_owned()));
                found.insert(secret.unwrap_or_else(|| credentials.to_owned()), place);
            }
            "cookie" | "set-cookie" => {
                let pair = value.split(';').next().unwrap_or_default();
                let (_, value) = pair.split_once('=').unwrap_or_default();
                found.insert(value.to_owned(), place);
            }
            "dpop" | "dpop-nonce" | "mcp-session-id" => {
                found.insert(value.to_owned(), place);
            }
            _ => {}
        }
    }
}

/// Bodies and headers as one text.
fn words(exchange: &Exchange) -> String {
    let mut text = String::new();
    let mut side = |headers: &[Header], body: &[u8]| {
        // What a page says to a browser about its own style is public.
        let policy = "content-security-policy";
        for header in headers.iter().filter(|header| header.name != policy) {
            text += &format!("{}\n", header.value);
        }
        text += &format!("{}\n", String::from_utf8_lossy(body));
    };
    side(&exchange.request.headers, &exchange.request.body.bytes);
    if let Outcome::Response(response) = &exchange.outcome {
        side(&response.headers, &response.body.bytes);
    }
    text
}

/// A percent sign belongs to a word, so that what is encoded is not taken for the word behind it.
fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.%".contains(c)
}

/// Capitals, small letters and digits mixed, as in 128 random bits and more.
fn is_made_up(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    (20..400).contains(&word.len())
        && !word.starts_with("eyJ")
        && !word.contains('%')
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// Values that are made up and public: identifiers of clients and keys, halves of keys, and what a
/// page says to a browser about its own style.
fn public_values(exchange: &Exchange, public: &mut BTreeSet<String>) {
    const NAMES: [&str; 9] = [
        "client_id",
        "kid",
        "x",
        "y",
        "n",
        "jkt",
        "x5t#S256",
        "jwk",
        "id",
    ];
    fn of_json(json: &Value, public: &mut BTreeSet<String>) {
        match json {
            Value::Array(values) => values.iter().for_each(|one| of_json(one, public)),
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) if NAMES.contains(&name.as_str()) => {
                            public.insert(text.clone());
                        }
                        _ => of_json(member, public),
                    }
                }
            }
            _ => {}
        }
    }
    let request = &exchange.request;
    let form = request.body.text().map(pairs).unwrap_or_default();
    for pair in query_pairs(&request.url).into_iter().chain(form) {
        if NAMES.contains(&pair.name.as_str()) {
            public.insert(pair.value);
        }
    }
    let answer = exchange.response();
    let policy = answer.and_then(|answer| answer.header_value("content-security-policy"));
    let policy = policy.unwrap_or_default().split('\'');
    let nonces = policy.filter_map(|source| source.strip_prefix("nonce-"));
    public.extend(nonces.map(str::to_owned));
    for part in words(exchange).split(|c: char| !is_inner(c)) {
        // The parts of a token that are no secret.
        for segment in part.split('.').take(2).filter(|one| one.starts_with("eyJ")) {
            let decoded = URL_SAFE_NO_PAD.decode(segment).ok();
            if let Some(json) = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                of_json(&json, public);
            }
        }
    }
    if let Outcome::Response(response) = &exchange.outcome
        && let Ok(json) = serde_json::from_slice(&response.body.bytes)
    {
        of_json(&json, public);
    }
}
