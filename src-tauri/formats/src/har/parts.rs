//! The smaller objects of a HAR entry.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use trace::{Body, BodyEnd, Timestamp};

/// The page of a branch: its entries name it.
pub fn page_id(branch: trace::Branch) -> String {
    format!("branch_{branch}")
}

#[derive(Serialize)]
pub struct NameValue<'a> {
    pub name: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secure: Option<bool>,
}

/// Only `text`: the format makes it and `params` exclude each other, and every reader understands
/// `text`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostData<'a> {
    mime_type: Cow<'a, str>,
    text: Cow<'a, str>,
    /// HAR has no encoding for request bodies; this is what others write.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content<'a> {
    /// Bytes received.
    size: i64,
    mime_type: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// Milliseconds; -1 where a part did not happen or is not known.
#[derive(Serialize)]
pub struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl<'a> PostData<'a> {
    pub fn new(body: Cow<'a, [u8]>, mime_type: &'a str) -> Self {
        let (text, encoding) = text_or_base64(body);
        Self {
            mime_type: Cow::Borrowed(mime_type),
            text,
            encoding,
        }
    }
}

impl<'a> Content<'a> {
    /// `shown` is what is written of `body`.
    pub fn new(shown: Cow<'a, [u8]>, body: &Body, mime_type: &'a str) -> Self {
        let (text, encoding) = text_or_base64(shown);
        Self {
            size: body.bytes.len() as i64,
            mime_type: Cow::Borrowed(if mime_type.is_empty() {
                NO_TYPE
            } else {
                mime_type
            }),
            text: Some(text),
            encoding,
            comment: match &body.end {
                BodyEnd::Complete => None,
                BodyEnd::Truncated { limit } => {
                    Some(format!("truncated: only the first {limit} bytes were read"))
                }
                BodyEnd::CutOff { reason } => {
                    Some(format!("cut off: the connection ended early ({reason})"))
                }
            },
        }
    }

    pub fn none() -> Self {
        Self {
            size: 0,
            mime_type: Cow::Borrowed(NO_TYPE),
            // Optional in the format, but haralyzer reads it unasked.
            text: Some(Cow::Borrowed("")),
            encoding: None,
            comment: None,
        }
    }
}

impl Timings {
    pub fn new(timings: &trace::Timings) -> Self {
        let known = |part: Option<Duration>| part.map_or(-1.0, millis);
        Self {
            blocked: -1.0,
            dns: known(timings.dns),
            // Includes TLS, whose share is not known.
            connect: known(timings.connect),
            ssl: -1.0,
            // Not told apart from waiting.
            send: 0.0,
            wait: known(timings.wait),
            receive: known(timings.receive),
        }
    }
}

pub fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// RFC 3339 in UTC with milliseconds.
pub fn rfc3339(at: Timestamp) -> String {
    let whole = trace::rfc3339(at.seconds() as i64);
    let milli = at.0 / 1000 % 1000;
    format!("{}.{milli:03}Z", whole.trim_end_matches('Z'))
}

/// The pairs of a URL's query, decoded.
pub fn pairs(url: &str) -> Vec<NameValue<'static>> {
    let pair = |pair: trace::Pair| NameValue {
        name: Cow::Owned(pair.name),
        value: Cow::Owned(pair.value),
    };
    trace::query_pairs(url).into_iter().map(pair).collect()
}

/// The cookies of `Cookie` or `Set-Cookie` fields.
pub fn cookies(headers: &[NameValue<'_>], field: &str) -> Vec<Cookie> {
    let mut cookies = Vec::new();
    for header in headers {
        if header.name.eq_ignore_ascii_case(field) {
            match field {
                "cookie" => {
                    cookies.extend(header.value.split(';').filter_map(|pair| cookie(pair, "")))
                }
                _ => {
                    let (pair, attributes) =
                        header.value.split_once(';').unwrap_or((&header.value, ""));
                    cookies.extend(cookie(pair, attributes));
                }
            }
        }
    }
    cookies
}

fn cookie(pair: &str, attributes: &str) -> Option<Cookie> {
    let (name, value) = pair.trim().split_once('=')?;
    let attribute = |name: &str| {
        attributes.split(';').find_map(|part| {
            let (key, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            key.eq_ignore_ascii_case(name).then(|| value.to_string())
        })
    };
    Some(Cookie {
        name: name.into(),
        value: value.into(),
        path: attribute("path"),
        domain: attribute("domain"),
        http_only: attribute("httponly").map(|_| true),
        secure: attribute("secure").map(|_| true),
    })
}

fn text_or_base64(bytes: Cow<'_, [u8]>) -> (Cow<'_, str>, Option<&'static str>) {
    let text = match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| STANDARD.encode(bytes)),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|error| STANDARD.encode(error.as_bytes())),
    };
    match text {
        Ok(text) => (text, None),
        Err(base64) => (Cow::Owned(base64), Some("base64")),
    }
}

/// The phrase of RFC 9110 section 15: the one that was sent means nothing, and HTTP/2 has none.
pub fn status_text(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// What browsers write where no `Content-Type` came.
const NO_TYPE: &str = "x-unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_milliseconds() {
        let at = Timestamp(951_782_400_007_999);
        assert_eq!(rfc3339(at), "2000-02-29T00:00:00.007Z");
    }
}
