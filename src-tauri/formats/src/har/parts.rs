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
    let (days, second) = ((at.seconds() / 86_400) as i64, at.seconds() % 86_400);
    // Days to a date of the Gregorian calendar: Howard Hinnant, "chrono-Compatible Low-Level Date
    // Algorithms".
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let milli = at.0 / 1000 % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
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
    fn dates_are_right_around_leap_days() {
        let at = |seconds: u64| rfc3339(Timestamp(seconds * 1_000_000 + 7_999));
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.007Z");
        assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59.007Z");
        assert_eq!(at(1_709_251_200), "2024-03-01T00:00:00.007Z");
        assert_eq!(at(4_102_444_800), "2100-01-01T00:00:00.007Z");
    }
}
