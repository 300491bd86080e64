//! One exchange as a HAR entry.

use std::borrow::Cow;

use serde::Serialize;
use trace::{
    BodyEnd, Checked, Entry, Exchange, Failure, Header, Outcome, Participant, Phase, Purpose,
    Request, Response, Tls, Trace, Verdict,
};

use super::parts::{
    Content, Cookie, NameValue, PostData, Timings, cookies, millis, page_id, pairs, rfc3339,
    status_text,
};
use super::pass::Pass;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarEntry<'a> {
    pageref: String,
    started_date_time: String,
    /// Milliseconds, as measured: parts that are not known are in it all the same.
    time: f64,
    request: HarRequest<'a>,
    response: HarResponse<'a>,
    cache: Cache,
    timings: Timings,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server_ip_address: Option<&'a str>,
    /// The server's port, which the format allows for telling connections apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
    #[serde(rename = "_authscope")]
    own: Own<'a>,
}

#[derive(Serialize)]
struct Cache {}

/// What HAR has no place for.
#[derive(Serialize)]
struct Own<'a> {
    seq: u32,
    branch: u32,
    phase: Phase,
    purpose: &'a Purpose,
    from: Option<&'a str>,
    to: Option<&'a str>,
    label: Cow<'a, str>,
    edited: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    answer_edited: bool,
    verdict: Option<HarVerdict<'a>>,
    failure: Option<HarFailure<'a>>,
    reused_connection: Option<bool>,
    tls: Option<&'a Tls>,
    /// What was found out from secrets that are replaced; `None` when they are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Checked>,
}

#[derive(Serialize)]
struct HarVerdict<'a> {
    kind: trace::VerdictKind,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct HarFailure<'a> {
    kind: trace::FailureKind,
    message: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest<'a> {
    method: &'a str,
    url: Cow<'a, str>,
    http_version: &'a str,
    cookies: Vec<Cookie>,
    headers: Vec<NameValue<'a>>,
    query_string: Vec<NameValue<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarResponse<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'a str,
    cookies: Vec<Cookie>,
    headers: Vec<NameValue<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, str>>,
}

impl<'a> HarEntry<'a> {
    /// `nth` counts the exchanges from 0.
    pub fn new(
        trace: &'a Trace,
        entry: &Entry,
        (nth, exchange): (usize, &'a Exchange),
        pass: &Pass<'a>,
    ) -> Self {
        let connection = exchange.connection.as_ref();
        let version = connection.map_or(UNKNOWN_VERSION, |connection| {
            connection.http_version.as_str()
        });
        let (ip, port) = connection
            .and_then(|connection| connection.remote_address.as_deref())
            .map(address_and_port)
            .unzip();
        let port = port.flatten();
        let text = |text: &'a str| pass.text(text);
        Self {
            pageref: page_id(entry.branch),
            started_date_time: rfc3339(exchange.started),
            time: millis(exchange.timings.total),
            request: request(nth, &exchange.request, version, pass),
            response: match &exchange.outcome {
                Outcome::Response(answer) => response(nth, answer, version, pass),
                Outcome::Failure(failure) => no_response(failure, pass),
            },
            cache: Cache {},
            timings: Timings::new(&exchange.timings),
            server_ip_address: ip,
            connection: port,
            own: Own {
                seq: entry.seq,
                branch: entry.branch,
                phase: entry.phase,
                purpose: &exchange.purpose,
                from: name(trace.participants.get(usize::from(exchange.from.0))),
                to: name(trace.participants.get(usize::from(exchange.to.0))),
                label: text(&exchange.label),
                edited: exchange.edited,
                answer_edited: exchange.answer_edited,
                verdict: exchange
                    .verdict
                    .as_ref()
                    .map(|Verdict { kind, text: words }| HarVerdict {
                        kind: *kind,
                        text: text(words),
                    }),
                failure: exchange.failure().map(|failure| HarFailure {
                    kind: failure.kind,
                    message: text(&failure.message),
                }),
                reused_connection: connection.map(|connection| connection.reused),
                tls: connection.and_then(|connection| connection.tls.as_ref()),
                checked: pass.checked(entry.seq, exchange),
            },
        }
    }
}

/// The parts of `ip:port`, of `[ip]:port` with the colons of IPv6, and of an address alone.
fn address_and_port(text: &str) -> (&str, Option<&str>) {
    let parts = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => text.split_once(':').filter(|(_, port)| !port.contains(':')),
    };
    parts.map_or((text, None), |(ip, port)| (ip, Some(port)))
}

fn request<'a>(
    nth: usize,
    request: &'a Request,
    version: &'a str,
    pass: &Pass<'a>,
) -> HarRequest<'a> {
    let url = pass.url(&request.url);
    let body = pass.request_body(nth, request);
    let headers = headers(&request.headers, pass);
    HarRequest {
        method: &request.method,
        query_string: pairs(&url),
        url,
        http_version: version,
        cookies: cookies(&headers, "cookie"),
        headers,
        post_data: (!request.body.is_empty()).then(|| {
            PostData::new(
                body,
                request.header_value("content-type").unwrap_or_default(),
            )
        }),
        headers_size: UNKNOWN,
        body_size: request.body.bytes.len() as i64,
    }
}

fn response<'a>(
    nth: usize,
    response: &'a Response,
    version: &'a str,
    pass: &Pass<'a>,
) -> HarResponse<'a> {
    let body = pass.response_body(nth, response);
    let headers = headers(&response.headers, pass);
    let size = response.body.bytes.len() as i64;
    HarResponse {
        status: response.status,
        status_text: status_text(response.status),
        http_version: version,
        cookies: cookies(&headers, "set-cookie"),
        redirect_url: headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("location"))
            .map(|header| header.value.to_string())
            .unwrap_or_default(),
        headers,
        content: Content::new(
            body,
            &response.body,
            response.header_value("content-type").unwrap_or_default(),
        ),
        headers_size: UNKNOWN,
        // Of a body that was not read to its end nobody knows the size.
        body_size: if response.body.end == BodyEnd::Complete {
            size
        } else {
            UNKNOWN
        },
        error: None,
    }
}

fn no_response<'a>(failure: &'a Failure, pass: &Pass<'a>) -> HarResponse<'a> {
    HarResponse {
        status: 0,
        status_text: "",
        http_version: UNKNOWN_VERSION,
        cookies: Vec::new(),
        headers: Vec::new(),
        content: Content::none(),
        redirect_url: String::new(),
        headers_size: UNKNOWN,
        body_size: UNKNOWN,
        error: Some(pass.text(&failure.message)),
    }
}

fn headers<'a>(headers: &'a [Header], pass: &Pass<'a>) -> Vec<NameValue<'a>> {
    let field = |header: &'a Header| NameValue {
        name: Cow::Borrowed(header.name.as_str()),
        value: pass.header(header),
    };
    headers.iter().map(field).collect()
}

fn name(participant: Option<&Participant>) -> Option<&str> {
    participant.map(|participant| participant.origin.as_deref().unwrap_or(&participant.name))
}

/// What the format writes for a size that is not known.
const UNKNOWN: i64 = -1;
/// The browser's own requests are not seen on the wire, only their result.
const UNKNOWN_VERSION: &str = "unknown";
