//! The bodies of a message as facts.

use serde_json::{Map, Value as Json};
use trace::{
    Body, BodyEnd, CodingEnd, Outcome, Request, Response, RpcAnswer, json_value, rpc_answer,
};

use crate::comparison::Place;
use crate::fact::{Fact, Value, member};
use crate::pairs::pairs;
use crate::steps::Step;
use crate::tokens;

pub fn of_request(step: &Step<'_>, list: &mut Vec<Fact>) {
    let request = &step.request;
    if request.body.is_empty() {
        return;
    }
    let media = request.header_value("content-type").unwrap_or_default();
    let media = media.to_ascii_lowercase();
    if step.is_in_browser() {
        // What a login page asks for is between it and its user.
        list.push(Fact::new(
            Place::RequestBody,
            "",
            Value::Connection("a form".into()),
        ));
    } else if media.starts_with("application/x-www-form-urlencoded") {
        let text = String::from_utf8_lossy(&request.body.bytes);
        pairs(Place::RequestField, &trace::pairs(&text), list);
    } else if let Ok(json) = json_value(&request.body.bytes) {
        document(Place::RequestMember, &json, list);
    } else {
        other(Place::RequestBody, &request.body, list);
    }
}

pub fn of_response(step: &Step<'_>, response: &Response, list: &mut Vec<Fact>) {
    let body = &response.body;
    match &body.end {
        BodyEnd::Complete => {}
        BodyEnd::Truncated { .. } => {
            list.push(Fact::text(
                Place::ResponseBody,
                "end",
                "longer than is read",
            ));
        }
        BodyEnd::CutOff { .. } => {
            list.push(Fact::text(Place::ResponseBody, "end", "cut off"));
        }
    }
    if let Some(coding) = &body.coding
        && let CodingEnd::Broken { .. } = coding.end
    {
        let text = format!("broken {}", coding.name);
        list.push(Fact::text(Place::ResponseBody, "coding", text));
    }
    if body.is_empty() {
        return;
    }
    let media = response.media_type().unwrap_or_default();
    if media == "text/html" || step.is_in_browser() {
        list.push(Fact::new(
            Place::ResponseBody,
            "page",
            Value::Connection(format!("{} bytes", body.bytes.len())),
        ));
    } else if media == "text/event-stream" {
        if let Some(answer) = of_stream(response) {
            document(Place::ResponseMember, &answer, list);
        } else {
            other(Place::ResponseBody, body, list);
        }
    } else if let Ok(json) = json_value(&body.bytes) {
        if body.bytes.starts_with(trace::BYTE_ORDER_MARK) {
            list.push(Fact::text(Place::ResponseBody, "byte order mark", "there"));
        }
        document(Place::ResponseMember, &json, list);
    } else {
        other(Place::ResponseBody, body, list);
    }
}

/// The JSON object that was answered.
pub fn answer(step: &Step<'_>) -> Option<Map<String, Json>> {
    let Some(Outcome::Response(response)) = step.outcome() else {
        return None;
    };
    match json_value(&response.body.bytes) {
        Ok(Json::Object(object)) => Some(object),
        _ => None,
    }
}

/// The redirect URIs of a registration.
pub fn redirect_uris(request: &Request) -> Vec<String> {
    let json = json_value(&request.body.bytes).unwrap_or_default();
    let uris = json.get("redirect_uris").and_then(Json::as_array);
    let uris = uris.into_iter().flatten().filter_map(Json::as_str);
    uris.map(str::to_owned).collect()
}

/// The JSON-RPC answer of a stream, as if it had come alone.
fn of_stream(response: &Response) -> Option<Json> {
    match rpc_answer(response) {
        RpcAnswer::Result(result) => {
            Some(serde_json::json!({ "jsonrpc": "2.0", "result": result }))
        }
        RpcAnswer::Error {
            code,
            message,
            data,
        } => {
            let mut error = serde_json::json!({ "code": code, "message": message });
            if !data.is_null() {
                error["data"] = data;
            }
            Some(serde_json::json!({ "jsonrpc": "2.0", "error": error }))
        }
        RpcAnswer::Other(_) => None,
    }
}

/// Text or bytes of another kind.
fn other(place: Place, body: &Body, list: &mut Vec<Fact>) {
    let fact = match body.text() {
        Some(text) => Fact::text(place, "", text),
        None => Fact::text(place, "", format!("{} bytes", body.bytes.len())),
    };
    list.push(fact);
}

/// A document, member by member.
fn document(place: Place, json: &Json, list: &mut Vec<Fact>) {
    let is_rpc = json.get("jsonrpc").is_some();
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                // The id only numbers the calls of a connection.
                if is_rpc && name == "id" {
                    let id = Value::Connection(value.to_string());
                    list.push(Fact::new(place, "id", id));
                } else {
                    walk(place, name, name, value, 1, list);
                }
            }
        }
        other => walk(place, "", "", other, 1, list),
    }
}

fn walk(place: Place, path: &str, name: &str, value: &Json, depth: usize, list: &mut Vec<Fact>) {
    if list.len() >= MOST {
        return;
    }
    if path == "params.clientInfo" || path == "result.serverInfo" {
        list.push(Fact::new(place, path, Value::Connection(value.to_string())));
        return;
    }
    match value {
        Json::Object(members) if !members.is_empty() && depth < DEEPEST => {
            for (name, value) in members {
                walk(
                    place,
                    &format!("{path}.{name}"),
                    name,
                    value,
                    depth + 1,
                    list,
                );
            }
        }
        Json::Array(items) if !items.is_empty() && items.iter().all(is_scalar) => {
            let texts = items.iter().map(ToString::to_string);
            list.push(Fact::new(place, path, Value::Set(texts.collect())));
        }
        Json::Array(items) if !items.is_empty() && depth < DEEPEST => {
            for (at, item) in items.iter().enumerate() {
                let label = label(item).unwrap_or_else(|| (at + 1).to_string());
                walk(
                    place,
                    &format!("{path}[{label}]"),
                    name,
                    item,
                    depth + 1,
                    list,
                );
            }
        }
        _ => {
            list.push(member(place, path, name, value));
            if let Json::String(text) = value
                && tokens::may_be_token(name, text)
            {
                tokens::read(place, path, text, list);
            }
        }
    }
}

/// What names one of several objects: so that an order or an insertion moves nothing.
fn label(item: &Json) -> Option<String> {
    let name = item.get("name").or_else(|| item.get("uri"))?.as_str()?;
    (name.len() <= 80).then(|| name.to_owned())
}

fn is_scalar(value: &Json) -> bool {
    !value.is_object() && !value.is_array()
}

const DEEPEST: usize = 24;
const MOST: usize = 4000;
