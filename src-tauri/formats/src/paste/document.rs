//! Documents without the request that brought them: metadata, answers, tokens, URLs.

use serde_json::{Map, Value};
use trace::{Grant, Jwt, Purpose, Recorded, query_pairs};

use super::cursor::Cursor;
use super::evidence::{Evidence, Half, Part, Seen, Target, is_cut, recorded};
use super::log_json;
use super::log_line::access_log;
use super::piece::PieceKind;
use super::relaxed;
use super::values::first_json;

/// Reads a JSON value, if one comes next. In answer to a request it is the body.
pub fn json(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let first = cursor.line();
    let rest = cursor.rest();
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let rest = &rest[indent..];
    // `[47793] Connecting` and `[error] …` begin lines of logs.
    let is_list = |rest: &str| {
        let inner = rest.strip_prefix('[').map(str::trim_start);
        inner.is_some_and(|inner| inner.starts_with(['{', '[', '"', ']']))
    };
    if !rest.starts_with('{') && !is_list(rest) {
        return false;
    }
    let text = &rest[..evidence.reach(rest)];
    let (value, end) = match first_json(text) {
        Ok(found) => found,
        Err(read) => {
            evidence.tried(read);
            return printed(cursor, evidence, indent) || cut_json(cursor, evidence);
        }
    };
    cursor.skip(indent + end);
    // The parts of a token that was decoded: its head, its claims, its signature.
    if value.get("alg").is_some() && cursor.rest().starts_with(".{") {
        cursor.skip(1);
        return json(cursor, evidence);
    }
    // A prompt, a comma or a comment may follow on the line.
    if cursor.peek().is_some_and(|left| !left.contains("curl ")) {
        cursor.next();
    }
    let lines = (first, cursor.last_line());
    take(
        evidence,
        &value,
        &rest[..end],
        recorded(&rest[..end]),
        lines,
    );
    true
}

/// An object as a program printed it, or one that somebody shortened.
fn printed(cursor: &mut Cursor<'_>, evidence: &mut Evidence, indent: usize) -> bool {
    let first = cursor.line();
    let rest = &cursor.rest()[indent..];
    let text = &rest[..evidence.reach(rest).min(CUT)];
    let mut end = text.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let Some((value, length, left_out)) = relaxed::object(&text[..end]) else {
        return false;
    };
    cursor.skip(indent + length);
    cursor.next();
    let how = if left_out {
        Recorded::Incomplete
    } else {
        recorded(&text[..length])
    };
    let lines = (first, cursor.last_line());
    take(evidence, &value, &value.to_string(), how, lines);
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

/// Takes in a JSON value, as what it is by its members.
pub fn take(
    evidence: &mut Evidence,
    value: &Value,
    text: &str,
    how: Recorded,
    lines: (usize, usize),
) {
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
    // An error answer may have an id, too.
    if let Some((id, half)) = log_json::half(object).filter(|half| evidence.is_half(half)) {
        match half {
            Half::Asked(seen) => evidence.asked(id, *seen),
            Half::Answered(status, headers) => evidence.answered(&id, status, headers),
        }
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
        seen.response_body = Part::new(text.into(), how);
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
    let joined = wrapped(cursor);
    let line = match &joined {
        Some((line, _)) => line.as_str(),
        None => cursor.peek().unwrap_or_default().trim(),
    };
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
    for _ in 0..joined.as_ref().map_or(1, |(_, lines)| *lines) {
        cursor.next();
    }
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
    evidence.piece(PieceKind::Jwt, (number, cursor.last_line()));
    true
}

/// A token that was broken into lines, and how many.
fn wrapped(cursor: &Cursor<'_>) -> Option<(String, usize)> {
    let is_part = |line: &str| {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !line.is_empty() && line.bytes().all(is_sign)
    };
    let mut lines = cursor.rest().split('\n').map(str::trim);
    let first = lines.next()?;
    if !first.starts_with("eyJ") || !is_part(first) {
        return None;
    }
    let mut token = first.to_owned();
    let mut count = 1;
    for line in lines.take(MOST_LINES) {
        // The last line of a token is no longer than the others.
        if !is_part(line) || line.len() > first.len() || token.matches('.').count() > 2 {
            break;
        }
        token += line;
        count += 1;
        if line.len() < first.len() && token.matches('.').count() == 2 {
            break;
        }
    }
    (count > 1 && token.matches('.').count() == 2).then_some((token, count))
}

/// Reads a URL that stands on a line of its own.
pub fn url(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let line = cursor.peek().unwrap_or_default();
    let line = line
        .trim()
        .trim_matches(['<', '>', '`', '"', '\'', '*', '-', ' ']);
    // wget prints when it requests which URL.
    let line = match line.split_once("--  http") {
        Some((when, _)) if when.starts_with(|one: char| one.is_ascii_digit()) => {
            let url = &line[when.len() + 4..];
            cursor.next();
            evidence.request(Seen {
                target: Target::Url(url.to_owned()),
                method: Some("GET".into()),
                ..Seen::default()
            });
            evidence.piece(PieceKind::Request, (number, number));
            return true;
        }
        _ => line,
    };
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
        // It says where something is, and not what was answered.
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
/// Lines that a token may be broken into.
const MOST_LINES: usize = 60;
/// Bytes of JSON that was cut.
const CUT: usize = 64 << 10;
