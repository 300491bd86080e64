//! An exchange as a call of Python's `requests`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Exchange, Request};

use super::literal::{Writing, used};
use super::pieces::Variables;
use super::request::{basic_with_pseudonym, is_form, joined_headers};
use crate::redact::Redactor;

/// The program that sends this request again.
pub fn python(exchange: &Exchange, redactor: Option<&Redactor>) -> String {
    let (request, variables) = match redactor {
        None => (exchange.request.clone(), Variables::default()),
        Some(redactor) => (redactor.request(&exchange.request), Variables::of(redactor)),
    };
    let writing = Writing {
        variables: &variables,
        astral: |c| format!("\\U{:08x}", u32::from(c)),
        encode: ("quote", ", safe=\"\""),
    };
    let headers = joined_headers(&request);
    let basic: Vec<String> = headers
        .iter()
        .filter_map(|(name, value)| basic_with_pseudonym(name, value))
        .collect();
    let mut texts = vec![request.url.as_str()];
    texts.extend(headers.iter().map(|(_, value)| value.as_str()));
    texts.extend(basic.iter().map(String::as_str));
    texts.extend(request.body.text());
    let names = used(&variables, &texts);

    let mut calls = vec![format!("    {},", writing.literal(&request.method))];
    calls.push(format!("    {},", writing.encoded(&request.url)));
    calls.push("    headers={".into());
    calls.extend(headers.iter().map(|(name, value)| {
        let value = header_value(name, value, &writing);
        format!("        {}: {value},", writing.literal(name))
    }));
    // What requests would add on its own.
    for (name, without) in OWN {
        if request.header_value(name).is_none() {
            calls.push(format!("        \"{name}\": {without},"));
        }
    }
    calls.push("    },".into());
    calls.extend(body_line(&request, &writing));
    calls.push("    allow_redirects=False,".into());
    let calls = calls.join("\n");

    let mut lines = Vec::new();
    if calls.contains("b64encode(") || calls.contains("b64decode(") {
        lines.push("import base64".to_owned());
    }
    if !names.is_empty() {
        lines.push("import os".into());
    }
    if calls.contains("quote(") {
        lines.push("from urllib.parse import quote".into());
    }
    lines.push(String::new());
    lines.push("import requests".into());
    if calls.contains("SKIP_HEADER") {
        lines.push("from urllib3.util import SKIP_HEADER".into());
    }
    lines.push(String::new());
    lines.extend(
        names
            .iter()
            .map(|name| format!("{name} = os.environ[\"{name}\"]")),
    );
    lines.push(format!("response = requests.request(\n{calls}\n)"));
    lines.push("print(response.status_code, response.text)".into());
    let text = lines.join("\n") + "\n";
    text.trim_start().to_owned()
}

fn header_value(name: &str, value: &str, writing: &Writing<'_>) -> String {
    if let Some(pair) = basic_with_pseudonym(name, value) {
        let pair = writing.text(&pair);
        return format!("\"Basic \" + base64.b64encode(({pair}).encode()).decode()");
    }
    let text = writing.text(value);
    // A text would be sent in ISO 8859-1.
    if value.is_ascii() {
        text
    } else {
        format!("({text}).encode()")
    }
}

fn body_line(request: &Request, writing: &Writing<'_>) -> Option<String> {
    if request.body.is_empty() {
        return None;
    }
    Some(match request.body.text() {
        Some(text) if is_form(request) => format!("    data=({}).encode(),", writing.encoded(text)),
        Some(text) => format!("    data=({}).encode(),", writing.text(text)),
        None => {
            let bytes = STANDARD.encode(&request.body.bytes);
            format!("    data=base64.b64decode(\"{bytes}\"),")
        }
    })
}

/// Headers that `requests` or what is below it adds, and what keeps it from doing so.
const OWN: [(&str, &str); 4] = [
    ("Accept", "None"),
    ("Accept-Encoding", "SKIP_HEADER"),
    ("Connection", "None"),
    ("User-Agent", "SKIP_HEADER"),
];
