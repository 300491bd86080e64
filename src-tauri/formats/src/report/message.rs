//! Messages as the text that HTTP/1.1 has for them (RFC 9112 section 2.1).

use trace::{Body, BodyEnd, Exchange, Header, Outcome, Request, Response};
use url::Url;

use crate::har::status_text;
use crate::line::clean_line;
use crate::redact::Redactor;
use crate::visible::visible_lines;

/// The request without its secrets.
pub fn request_text(exchange: &Exchange, redactor: &Redactor, most: usize) -> String {
    let request = redactor.request(&exchange.request);
    let mut lines = vec![request_line(&request)];
    let host = host(&request).filter(|_| request.header_value("host").is_none());
    lines.extend(host.map(|host| clean_line(&format!("Host: {host}"))));
    lines.extend(header_lines(&request.headers));
    with_body(lines, &request.body, most)
}

/// What came back, without secrets.
pub fn answer_text(exchange: &Exchange, redactor: &Redactor, most: usize) -> String {
    match &exchange.outcome {
        Outcome::Failure(failure) => {
            let message = clean_line(&redactor.text(&failure.message));
            format!("No answer: {message}\n")
        }
        Outcome::Response(response) => {
            let response = redactor.response(response);
            let mut lines = vec![status_line(exchange, &response)];
            lines.extend(header_lines(&response.headers));
            with_body(lines, &response.body, most)
        }
    }
}

fn request_line(request: &Request) -> String {
    let target = Url::parse(&request.url).map_or_else(
        |_| request.url.clone(),
        |url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        },
    );
    clean_line(&format!("{} {target} HTTP/1.1", request.method))
}

/// Host and port as the URL has them.
fn host(request: &Request) -> Option<String> {
    let url = Url::parse(&request.url).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn status_line(exchange: &Exchange, response: &Response) -> String {
    let connection = exchange.connection.as_ref();
    let version = connection.map_or("HTTP/1.1", |connection| connection.http_version.as_str());
    let text = format!(
        "{version} {} {}",
        response.status,
        status_text(response.status)
    );
    clean_line(text.trim_end())
}

fn header_lines(headers: &[Header]) -> impl Iterator<Item = String> {
    headers
        .iter()
        .map(|header| clean_line(&format!("{}: {}", header.name, header.value)))
}

fn with_body(mut lines: Vec<String>, body: &Body, most: usize) -> String {
    if !body.is_empty() {
        lines.push(String::new());
        lines.push(body_text(body, most));
    }
    let mut text = lines.join("\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// At most so many bytes of it.
fn body_text(body: &Body, most: usize) -> String {
    let bytes = body.bytes.len();
    let Some(whole) = body.text() else {
        return format!("[{bytes} bytes that are not text]");
    };
    let mut end = bytes.min(most);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = visible_lines(&whole[..end]);
    let mut note = |words: String| {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&words);
    };
    if end < bytes {
        note(format!("[{} more bytes are left out]", bytes - end));
    }
    match &body.end {
        BodyEnd::Complete => {}
        BodyEnd::Truncated { limit } => note(format!("[only the first {limit} bytes were read]")),
        BodyEnd::CutOff { .. } => note("[the connection ended before the body did]".into()),
    }
    text
}
