//! An exchange as a call of `fetch` in Node.js.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Exchange, Request};

use super::literal::{Writing, used};
use super::pieces::Variables;
use super::request::{basic_with_pseudonym, is_form, joined_headers};
use crate::redact::Redactor;

/// The program that sends this request again.
pub fn fetch(exchange: &Exchange, redactor: Option<&Redactor>) -> String {
    let (request, variables) = match redactor {
        None => (exchange.request.clone(), Variables::default()),
        Some(redactor) => (redactor.request(&exchange.request), Variables::of(redactor)),
    };
    let writing = Writing {
        variables: &variables,
        astral: |c| {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            units.iter().map(|unit| format!("\\u{unit:04x}")).collect()
        },
        encode: ("encodeURIComponent", ""),
    };
    let headers: Vec<(String, String)> = joined_headers(&request)
        .into_iter()
        .filter(|(name, _)| !NOT_TAKEN.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    let basic: Vec<String> = headers
        .iter()
        .filter_map(|(name, value)| basic_with_pseudonym(name, value))
        .collect();
    let body = request.body.text();
    let mut texts = vec![request.url.as_str()];
    texts.extend(headers.iter().map(|(_, value)| value.as_str()));
    texts.extend(basic.iter().map(String::as_str));
    texts.extend(body);
    let mut lines = Vec::new();
    let names = used(&variables, &texts);
    if !names.is_empty() {
        lines.push(format!("const {{ {} }} = process.env;", names.join(", ")));
    }
    lines.push(format!(
        "const response = await fetch({}, {{",
        writing.encoded(&request.url)
    ));
    lines.push(format!("  method: {},", writing.literal(&request.method)));
    lines.push("  redirect: \"manual\",".into());
    if !headers.is_empty() {
        lines.push("  headers: {".into());
        lines.extend(headers.iter().map(|(name, value)| {
            let value = header_value(name, value, &writing);
            format!("    {}: {value},", writing.literal(name))
        }));
        lines.push("  },".into());
    }
    lines.extend(body_line(&request, &writing));
    lines.push("});".into());
    lines.push("console.log(response.status, await response.text());".into());
    lines.join("\n") + "\n"
}

fn header_value(name: &str, value: &str, writing: &Writing<'_>) -> String {
    if let Some(pair) = basic_with_pseudonym(name, value) {
        let pair = writing.text(&pair);
        return format!("\"Basic \" + Buffer.from({pair}).toString(\"base64\")");
    }
    let text = writing.text(value);
    // A header of `fetch` is made of bytes.
    if value.is_ascii() {
        text
    } else {
        format!("Buffer.from({text}).toString(\"latin1\")")
    }
}

fn body_line(request: &Request, writing: &Writing<'_>) -> Option<String> {
    if request.body.is_empty() {
        return None;
    }
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        let bytes = request.body.bytes.len();
        let method = &request.method;
        return Some(format!(
            "  // {bytes} bytes are left out: fetch sends no body with {method}."
        ));
    }
    Some(match request.body.text() {
        Some(text) if is_form(request) => format!("  body: {},", writing.encoded(text)),
        Some(text) => format!("  body: {},", writing.text(text)),
        None => {
            let bytes = STANDARD.encode(&request.body.bytes);
            format!("  body: Buffer.from(\"{bytes}\", \"base64\"),")
        }
    })
}

/// Headers that belong to the connection: `fetch` sets them itself, and refuses to be told.
const NOT_TAKEN: [&str; 6] = [
    "connection",
    "expect",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];
