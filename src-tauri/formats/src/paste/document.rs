//! Documents without the request that brought them: metadata, answers, tokens, URLs.

use serde_json::{Map, Value};
use trace::{Grant, Jwt, Purpose, Recorded, query_pairs};

use super::curl_command::first_json;
use super::cursor::Cursor;
use super::evidence::{Evidence, Part, Seen, Target, is_cut, recorded};
use super::log_json;
use super::log_line::access_log;
use super::piece::PieceKind;

/// Reads a JSON value, if one comes next. In answer to a request it is the body.
pub fn json(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let rest = cursor.rest();
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let rest = &rest[indent..];
    if !rest.starts_with(['{', '[']) {
        return false;
    }
    let text = &rest[..evidence.reach(rest)];
    let (value, end) = match first_json(text) {
        Ok(found) => found,
        Err(read) => {
            evidence.tried(read);
            return cut_json(cursor, evidence);
        }
    };
    cursor.skip(indent + end);
    // A prompt, a comma or a comment may follow on the line.
    if cursor.peek().is_some_and(|left| !left.contains("curl ")) {
        cursor.next();
    }
    let lines = (first, cursor.last_line());
    take(evidence, &value, &rest[..end], lines);
    true
}

/// JSON that ends in the middle, or in which something was left out: the lines of it, as a body
/// of which more is not known.
fn cut_json(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let mut text = String::new();
    let mut reading = cursor.clone();
    let most = evidence.reach(cursor.rest()).min(CUT);
    while let Some(line) = reading.peek() {
        let is_json = line.trim().is_empty()
            || line
                .trim_start()
                .starts_with(['"', '{', '}', '[', ']', '.', '/'])
            || line.trim_end().ends_with(',')
            || line.contains("\":");
        if !is_json || text.len() + line.len() > most || line.starts_with("```") {
            break;
        }
        text += line;
        text.push('\n');
        reading.next();
    }
    if !text.contains("\":") {
        evidence.tried(text.len());
        return false;
    }
    *cursor = reading;
    let seen = evidence.without_body();
    seen.response_body = Part::new(text.trim_end().into(), Recorded::Incomplete);
    evidence.piece(PieceKind::Json, (first, cursor.last_line()));
    true
}

fn take(evidence: &mut Evidence, value: &Value, text: &str, lines: (usize, usize)) {
    if let Value::Array(all) = value
        && all.iter().any(is_log)
    {
        for one in all.iter().filter_map(Value::as_object) {
            if let Some(seen) = log_json::entry(one) {
                evidence.exchange(seen);
            }
        }
        evidence.piece(PieceKind::AccessLog, lines);
        return;
    }
    let none = Map::new();
    let object = value.as_object().unwrap_or(&none);
    // A container's log has the line as a text.
    let line = ["log", "message", "msg", "textPayload"]
        .iter()
        .find_map(|name| access_log(object.get(*name)?.as_str()?));
    if let Some(seen) = log_json::entry(object).or(line) {
        evidence.exchange(seen);
        evidence.piece(PieceKind::AccessLog, lines);
        return;
    }
    let kind = kind_of(value);
    if kind == PieceKind::Configuration {
        evidence.close();
        let mut urls = Vec::new();
        named_urls(value, &mut urls, 0);
        urls.into_iter().for_each(|url| evidence.url(url));
        evidence.piece(kind, lines);
        return;
    }
    let is_request = kind == PieceKind::Message && object.contains_key("method")
        || kind == PieceKind::ClientMetadata && !object.contains_key("client_id");
    // After a request that has its body, or after the head of an answer, it is the answer's.
    let is_awaited = evidence.open().is_some_and(|open| {
        !open.has_body() && (open.status.is_some() || !open.request_body.value.is_empty())
    });
    if is_request && !is_awaited {
        sent(evidence, kind, text, lines);
        return;
    }
    let is_claims = kind == PieceKind::Claims;
    let seen = evidence.without_body();
    // In place of a token whose claims these are, nothing can be judged.
    if !(is_claims && seen.target == Target::Unknown) {
        seen.response_body = Part::new(text.into(), recorded(text));
    }
    evidence.piece(kind, lines);
}

/// The body of a request: of the last one while it has none, or of one that is not shown.
fn sent(evidence: &mut Evidence, kind: PieceKind, text: &str, lines: (usize, usize)) {
    let body = Part::new(text.into(), recorded(text));
    let fits = evidence.open().filter(|open| {
        !open.is_answered()
            && open.request_body.value.is_empty()
            && open.method.as_deref().is_none_or(|method| method == "POST")
            && open.target != Target::Unknown
    });
    match fits {
        Some(open) => open.request_body = body,
        None => evidence.request(Seen {
            method: Some("POST".into()),
            request_body: body,
            purpose: (kind == PieceKind::ClientMetadata).then_some(Purpose::Registration),
            ..Seen::default()
        }),
    }
    evidence.piece(kind, lines);
}

/// The servers that a configuration names.
fn named_urls(value: &Value, urls: &mut Vec<String>, depth: usize) {
    let Value::Object(members) = value else {
        return;
    };
    for (name, value) in members {
        match value {
            Value::String(url) if matches!(name.as_str(), "url" | "serverUrl" | "httpUrl") => {
                urls.push(url.clone());
            }
            Value::Object(_) if depth < 4 && urls.len() < 20 => {
                named_urls(value, urls, depth + 1);
            }
            _ => {}
        }
    }
}

fn is_log(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|one| log_json::entry(one).is_some())
}

/// What a JSON value is, by its members.
pub fn kind_of(value: &Value) -> PieceKind {
    let has = |name: &str| value.get(name).is_some();
    let is_text = |name: &str| value.get(name).is_some_and(Value::is_string);
    if has("jsonrpc") || value[0].get("jsonrpc").is_some() {
        PieceKind::Message
    } else if has("token_endpoint") || has("authorization_endpoint") || has("jwks_uri") {
        PieceKind::ServerMetadata
    } else if has("authorization_servers") || is_text("resource") && !has("aud") {
        PieceKind::ResourceMetadata
    } else if value.get("keys").is_some_and(Value::is_array) || is_text("kty") {
        PieceKind::KeySet
    } else if is_text("access_token") || is_text("id_token") {
        PieceKind::Token
    } else if has("device_code") {
        PieceKind::DeviceAuthorization
    } else if is_text("request_uri") {
        PieceKind::PushedAuthorization
    } else if has("client_id") && has("redirect_uris") {
        if text_of(value, "client_id").starts_with("http") {
            PieceKind::ClientMetadata
        } else {
            PieceKind::Registration
        }
    } else if has("redirect_uris") {
        PieceKind::ClientMetadata
    } else if is_text("error") || has("error_description") {
        PieceKind::Error
    } else if value.get("active").is_some_and(Value::is_boolean) {
        PieceKind::Introspection
    } else if has("iss") && (has("aud") || has("exp") || has("sub")) {
        PieceKind::Claims
    } else if has("mcpServers") || has("servers") {
        PieceKind::Configuration
    } else {
        PieceKind::Json
    }
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Reads a JWT that stands on a line of its own, with its scheme or its name before it.
pub fn jwt(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let line = cursor.peek().unwrap_or_default().trim();
    if line.len() > LONGEST_TOKEN {
        return false;
    }
    let word = line
        .rsplit([' ', '=', ':', '"', '\''])
        .find(|word| !word.is_empty());
    let Some(word) = word.map(|word| word.trim_matches(['`', ',', '"'])) else {
        return false;
    };
    if !word.starts_with("eyJ") || word.matches('.').count() != 2 {
        return false;
    }
    let before = &line[..line.len() - word.len().min(line.len())];
    if before.split_whitespace().count() > 4 {
        return false;
    }
    let Ok(jwt) = Jwt::read(word) else {
        return false;
    };
    cursor.next();
    let is_id_token = ["nonce", "at_hash", "c_hash"]
        .iter()
        .any(|claim| jwt.claims.get(*claim).is_some());
    let name = if is_id_token {
        "id_token"
    } else {
        "access_token"
    };
    let mut answer = Map::new();
    answer.insert(name.into(), Value::String(word.into()));
    evidence.exchange(Seen {
        purpose: Some(Purpose::Token {
            grant: Grant::AuthorizationCode,
        }),
        response_body: Part::new(
            Value::Object(answer).to_string().into_bytes(),
            Recorded::Incomplete,
        ),
        ..Seen::default()
    });
    evidence.piece(PieceKind::Jwt, (number, number));
    true
}

/// Reads a URL that stands on a line of its own.
pub fn url(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let line = cursor.peek().unwrap_or_default();
    let line = line
        .trim()
        .trim_matches(['<', '>', '`', '"', '\'', '*', '-', ' ']);
    let is_url = line.starts_with("http://") || line.starts_with("https://");
    if !is_url || line.contains([' ', '\t']) || line.len() > LONGEST_TOKEN {
        return false;
    }
    let asked = query_pairs(&line.replacen('#', "?", usize::from(!line.contains('?'))));
    let has = |name: &str| asked.iter().any(|pair| pair.name == name);
    let purpose = if has("client_id") && (has("response_type") || has("request_uri")) {
        Purpose::Authorization
    } else if (has("code") || has("error")) && !has("client_id") {
        Purpose::Callback
    } else {
        // It says where something is, and not what came of it.
        cursor.next();
        evidence.close();
        evidence.url(line.to_owned());
        evidence.piece(PieceKind::Url, (number, number));
        return true;
    };
    let kind = match purpose {
        Purpose::Authorization => PieceKind::AuthorizationUrl,
        _ => PieceKind::CallbackUrl,
    };
    cursor.next();
    let is_callback = purpose == Purpose::Callback;
    evidence.request(Seen {
        target: Target::Url(line.to_owned()),
        method: Some("GET".into()),
        request_body: Part::new(Vec::new(), Recorded::Whole),
        // The page that a client shows then says nothing.
        status: is_callback.then_some(200),
        purpose: Some(purpose),
        ..Seen::default()
    });
    if is_callback {
        evidence.close();
    }
    evidence.piece(kind, (number, number));
    true
}

/// Reads on as the body of an answer that has none yet, up to what is something else.
pub fn body(cursor: &mut Cursor<'_>, evidence: &mut Evidence, ends: impl Fn(&str) -> bool) -> bool {
    let first = cursor.line();
    if !evidence.awaits_text() {
        return false;
    }
    let mut text = String::new();
    while let Some(line) = cursor.peek() {
        if ends(line) || text.len() + line.len() > LONGEST_BODY {
            break;
        }
        text += line;
        text.push('\n');
        cursor.next();
    }
    if text.trim().is_empty() {
        return false;
    }
    let how = if is_cut(&text) {
        Recorded::Incomplete
    } else {
        Recorded::Whole
    };
    if let Some(open) = evidence.open() {
        open.response_body = Part::new(text.trim_end().into(), how);
    }
    evidence.close();
    evidence.piece(PieceKind::Response, (first, cursor.last_line()));
    true
}

/// Bytes of a line with a token or a URL.
const LONGEST_TOKEN: usize = 32 << 10;
/// Bytes of a body.
const LONGEST_BODY: usize = 256 << 10;
/// Bytes of JSON that was cut.
const CUT: usize = 64 << 10;
