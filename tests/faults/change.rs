//! What a fault does to a request or an answer that passes the proxy.

use std::time::{SystemTime, UNIX_EPOCH};

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;

use crate::case::{Change, Coding, TokenChange};
use crate::proxy::Message;

pub fn change_request(request: &mut Message, change: &Change) {
    match change {
        Change::RequestDropHeader(name) => request.drop_header(name),
        Change::RequestReplace(from, to) => {
            request.line = request.line.replace(from, to);
            request.body = request.text().replace(from, to).into_bytes();
        }
        _ => {}
    }
}

pub fn change_answer(answer: &mut Message, change: &Change) {
    match change {
        Change::Status(status) => answer.line = format!("HTTP/1.1 {status} Changed"),
        Change::Header(name, value) => answer.set_header(name, value),
        Change::AddHeader(name, value) => answer.headers.push((name.clone(), value.clone())),
        Change::AppendToHeader(name, end) => {
            if let Some(value) = answer.header(name).map(|value| format!("{value}{end}")) {
                answer.set_header(name, &value);
            }
        }
        Change::DropHeader(name) => answer.drop_header(name),
        Change::ReplaceInHeader(name, from, to) => {
            let value = answer.header(name).unwrap_or_default().replace(from, to);
            answer.set_header(name, &value);
        }
        Change::Body(text) => answer.body = text.clone().into_bytes(),
        Change::ReplaceInBody(from, to) => {
            answer.body = answer.text().replace(from, to).into_bytes();
        }
        Change::BytesBefore(bytes) => {
            answer.body = bytes.iter().chain(&answer.body).copied().collect();
        }
        Change::Set(pointer, value) => edit(answer, |json| set(json, pointer, value.clone())),
        Change::Remove(pointer) => edit(answer, |json| remove(json, pointer)),
        Change::Token(token) => edit(answer, |json| change_token(json, token)),
        Change::Coding(coding) => answer.body = coded(&answer.body, *coding),
        Change::RequestDropHeader(_)
        | Change::RequestReplace(..)
        | Change::Answer { .. }
        | Change::Cut(_)
        | Change::Framing(_) => {}
    }
    if answer.header("Content-Length").is_some() {
        let length = answer.body.len().to_string();
        answer.set_header("Content-Length", &length);
    }
}

/// Changes the JSON of a body, also where it is the data of an event stream.
fn edit(answer: &mut Message, change: impl Fn(&mut Value)) {
    let changed = |text: &str| {
        let mut json: Value = serde_json::from_str(text).ok()?;
        change(&mut json);
        Some(json.to_string())
    };
    let text = answer.text();
    let lines = text.split_inclusive('\n').map(|line| {
        let data = line.strip_prefix("data: ").map(str::trim_end);
        match data.and_then(changed) {
            Some(json) => format!("data: {json}\n"),
            None => line.to_owned(),
        }
    });
    answer.body = changed(&text)
        .unwrap_or_else(|| lines.collect())
        .into_bytes();
}

fn set(json: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    match json.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(items)) => match name.parse::<usize>() {
            Ok(index) if index < items.len() => items[index] = value,
            _ => items.push(value),
        },
        _ => {}
    }
}

/// The changed token and the one that was issued, where the peer is to take the change.
pub fn swapped(before: &Message, after: &Message, change: &TokenChange) -> Option<[String; 2]> {
    let token = |message: &Message| -> Option<String> {
        let json: Value = serde_json::from_slice(&message.body).ok()?;
        Some(json.pointer(&change.at)?.as_str()?.to_owned())
    };
    if !change.taken {
        return None;
    }
    Some([token(after)?, token(before)?])
}

/// Writes a signed token again with other members; the signature stays as it was.
fn change_token(json: &mut Value, change: &TokenChange) {
    let Some(member) = json.pointer_mut(&change.at) else {
        return;
    };
    let token = member.as_str().unwrap_or_default();
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    for (part, members) in parts.iter_mut().zip([&change.header, &change.claims]) {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(part.as_bytes());
        let mut read: Map<String, Value> = decoded
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        for (name, value) in members {
            match value {
                Value::Null => read.remove(name),
                value => read.insert(name.clone(), in_time(value)),
            };
        }
        *part = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(read).to_string());
    }
    *member = parts.join(".").into();
}

/// A text such as "now+60" as the time it means.
fn in_time(value: &Value) -> Value {
    let from_now = value.as_str().and_then(|text| text.strip_prefix("now"));
    match from_now.and_then(|seconds| seconds.parse::<i64>().ok()) {
        Some(seconds) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.expect("it is after 1970").as_secs();
            now.saturating_add_signed(seconds).into()
        }
        None => value.clone(),
    }
}

fn coded(body: &[u8], coding: Coding) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut coded = Vec::new();
    let read = runtime.block_on(async {
        match coding {
            Coding::Gzip => GzipEncoder::new(body).read_to_end(&mut coded).await,
            Coding::Br => BrotliEncoder::new(body).read_to_end(&mut coded).await,
            Coding::Zstd => ZstdEncoder::new(body).read_to_end(&mut coded).await,
            Coding::Deflate => ZlibEncoder::new(body).read_to_end(&mut coded).await,
        }
    });
    read.expect("memory does not fail");
    coded
}

fn remove(json: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    if let Some(Value::Object(members)) = json.pointer_mut(parent) {
        members.remove(name);
    }
}
