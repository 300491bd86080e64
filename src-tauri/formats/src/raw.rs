//! A request as the HTTP message that it is.

use std::fmt::Write as _;

use trace::{Exchange, Request};

use crate::redact::Redactor;

/// The request as it is on the wire of HTTP/1.1, for a tool that takes that. `redactor`: secrets
/// are replaced. A body that is not text is named in its place.
pub fn raw_request(exchange: &Exchange, redactor: Option<&Redactor>) -> String {
    let request = match redactor {
        Some(redactor) => redactor.exchange(exchange).request,
        None => exchange.request.clone(),
    };
    message(&request)
}

fn message(request: &Request) -> String {
    let rest = request.url.split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(at);
    let slash = if target.starts_with('/') { "" } else { "/" };
    let mut text = format!("{} {slash}{target} HTTP/1.1\r\n", request.method);
    // HTTP/2 has it elsewhere.
    if request.header_value("host").is_none() {
        let _ = write!(text, "host: {host}\r\n");
    }
    for header in &request.headers {
        let _ = write!(text, "{}: {}\r\n", header.name, header.value);
    }
    text.push_str("\r\n");
    match request.body.text() {
        Some(body) => text.push_str(body),
        None => {
            let _ = write!(
                text,
                "({} bytes that are not text)",
                request.body.bytes.len()
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use trace::Request;

    use super::*;

    #[test]
    fn a_request_is_its_message() {
        let request = Request::new("POST", "https://as.example/token?x=1#f")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=refresh_token");
        assert_eq!(
            message(&request),
            "POST /token?x=1 HTTP/1.1\r\nhost: as.example\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\ngrant_type=refresh_token"
        );
        let bare = Request::new("GET", "https://as.example").header("host", "other");
        assert_eq!(message(&bare), "GET / HTTP/1.1\r\nhost: other\r\n\r\n");
    }

    #[test]
    fn a_body_that_is_no_text_is_named() {
        let request = Request::new("POST", "https://as.example/").body(vec![0xff, 0xfe]);
        assert!(message(&request).ends_with("\r\n\r\n(2 bytes that are not text)"));
    }
}
