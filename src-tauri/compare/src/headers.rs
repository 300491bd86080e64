//! The header fields of a message as facts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::Response;

use crate::classes::{self, Class};
use crate::comparison::Place;
use crate::fact::{Fact, Value};
use crate::steps::Step;
use crate::tokens;

pub fn of_request(step: &Step<'_>, list: &mut Vec<Fact>) {
    for header in &step.request.headers {
        let name = header.name.to_ascii_lowercase();
        let value = header.value.as_str();
        match name.as_str() {
            // A browser decides them.
            _ if step.is_in_browser() => {
                let value = Value::Connection(value.into());
                list.push(Fact::new(Place::RequestHeader, name, value));
            }
            "authorization" => credentials(value, list),
            // Libraries ask for documents in words of their own. Some token endpoints answer with a
            // form unless JSON is named, and where MCP is spoken, streams have to be.
            "accept" if step.request.method == "GET" && !step.is_of_mcp() && takes_json(value) => {
                let value = Value::Connection(value.into());
                list.push(Fact::new(Place::RequestHeader, name, value));
            }
            "dpop" => {
                let proof = Value::Fresh(value.into());
                list.push(Fact::new(Place::RequestHeader, "dpop", proof));
                tokens::read(Place::RequestHeader, "dpop", value, list);
            }
            _ => {
                let class = classes::of_request_header(&name);
                list.push(field(Place::RequestHeader, name, value, class));
            }
        }
    }
}

pub fn of_response(step: &Step<'_>, response: &Response, list: &mut Vec<Fact>) {
    for header in &response.headers {
        let name = header.name.to_ascii_lowercase();
        // Both are compared part by part.
        if matches!(name.as_str(), "www-authenticate" | "location") {
            continue;
        }
        let class = match name.as_str() {
            "content-type" => Class::Plain,
            _ if step.is_in_browser() => Class::Connection,
            name => classes::of_response_header(name),
        };
        list.push(field(Place::ResponseHeader, name, &header.value, class));
    }
}

fn takes_json(accept: &str) -> bool {
    let mut media = accept.split([',', ';']).map(str::trim);
    media.any(|one| matches!(one, "application/json" | "application/*" | "*/*"))
}

/// The scheme, and the credentials by what they are the same as.
fn credentials(value: &str, list: &mut Vec<Fact>) {
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    let mut add = |name: &str, value: Value| {
        let name = format!("authorization{name}");
        list.push(Fact::new(Place::RequestHeader, name, value));
    };
    add("", Value::Text(scheme.into()));
    if credentials.is_empty() {
        return;
    }
    let user = STANDARD
        .decode(credentials)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|_| scheme.eq_ignore_ascii_case("basic"));
    match user.as_deref().and_then(|user| user.split_once(':')) {
        Some((id, secret)) => {
            add(" client_id", Value::Text(id.into()));
            add(" client_secret", Value::Fresh(secret.into()));
        }
        None => add(" token", Value::Fresh(credentials.into())),
    }
}

fn field(place: Place, name: String, value: &str, class: Class) -> Fact {
    let value = match class {
        Class::Connection => Value::Connection(value.into()),
        Class::Fresh => Value::Fresh(value.into()),
        Class::Plain | Class::Time => match name.as_str() {
            "content-type" | "accept" => Value::Text(value.to_ascii_lowercase()),
            name if name.starts_with("access-control-") => Value::Set(
                value
                    .split(',')
                    .map(|part| part.trim().to_ascii_lowercase())
                    .collect(),
            ),
            _ => Value::Text(value.into()),
        },
    };
    Fact::new(place, name, value)
}
