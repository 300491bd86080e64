//! What one request is answered.

use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use trace::{Body, Header, Response, origin_of};

/// Where the document is.
#[derive(Debug)]
pub(super) struct Place {
    /// `host:port` that has to be asked for; `None` when a tunnel asks for what it likes.
    pub(super) authority: Option<String>,
    pub(super) path: String,
    pub(super) document_url: String,
}

impl Place {
    /// The answer, with the body that a GET gets. Its headers are all that are sent.
    pub(super) fn answer(&self, asked: &Parts, document: Option<&str>) -> Response {
        if !self.is_ours(asked) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "This is not the host of the document.",
            );
        }
        if asked.uri.path() != self.path {
            return refusal(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        if asked.method != Method::GET && asked.method != Method::HEAD {
            let mut response = refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET and HEAD are answered here.",
            );
            response.headers.push(Header::new("allow", "GET, HEAD"));
            return response;
        }
        match document {
            Some(document) => response(StatusCode::OK, "application/json", document),
            None => refusal(StatusCode::NOT_FOUND, "There is no document here yet."),
        }
    }

    /// The URL that was asked for, as the one who asked has it.
    pub(super) fn url(&self, asked: &Parts) -> String {
        let query = asked
            .uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        match asked.uri.path() {
            path if path == self.path => format!("{}{query}", self.document_url),
            path => {
                let origin = origin_of(&self.document_url).unwrap_or_default();
                // `OPTIONS *` and `CONNECT` have no path.
                let slash = if path.starts_with('/') { "" } else { "/" };
                format!("{origin}{slash}{path}{query}")
            }
        }
    }

    /// Another name for this address is how a web page would reach us through its own (DNS
    /// rebinding).
    fn is_ours(&self, asked: &Parts) -> bool {
        let Some(authority) = &self.authority else {
            return true;
        };
        let mut hosts = asked.headers.get_all(HOST).iter();
        let named = match (asked.uri.authority(), hosts.next(), hosts.next()) {
            // RFC 9112 section 3.2.2: the target's own authority wins.
            (Some(target), _, None) => target.as_str().as_bytes(),
            (None, Some(host), None) => host.as_bytes(),
            _ => return false,
        };
        named.eq_ignore_ascii_case(authority.as_bytes())
    }
}

/// The response to send; `text` is what is left out for HEAD.
pub(super) fn sent(response: &Response, text: String) -> hyper::Response<String> {
    let mut out = hyper::Response::new(text);
    *out.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for header in &response.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&header.value)) {
            out.headers_mut().append(name, value);
        }
    }
    out
}

fn refusal(status: StatusCode, text: &str) -> Response {
    response(status, "text/plain; charset=utf-8", text)
}

fn response(status: StatusCode, media: &str, text: &str) -> Response {
    let headers = [
        ("content-type", media),
        // Each fetch is to be seen, and to get what the document is by then.
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("connection", "close"),
        ("content-length", &text.len().to_string()),
    ];
    Response {
        status: status.as_u16(),
        headers: headers
            .into_iter()
            .map(|(name, value)| Header::new(name, value))
            .collect(),
        body: Body::new(text.into()),
    }
}
