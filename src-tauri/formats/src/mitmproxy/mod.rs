//! Flow files of mitmproxy (`mitmdump -w`): one value for each flow, one after the other.

mod coding;
mod tnetstring;

use std::io::Read;
use std::time::Duration;

use trace::{
    Body, Client, Coding, CodingEnd, Connection, EntryKind, Exchange, Failure, Header, Origin,
    Outcome, ParticipantId, Phase, Purpose, Recorded, Recording, Request, Response, Timestamp,
    Timings, Trace,
};

use crate::format::{About, Format, Kind, Opened, ReadError};
use crate::har::{failure, forget_body};
use tnetstring::{Next, Value};

/// `.flow`, `.mitm`.
pub struct Mitmproxy;

impl Format for Mitmproxy {
    fn about(&self) -> About {
        About {
            id: "mitmproxy",
            title: "mitmproxy flows",
            extensions: &["flow", "flows", "mitm"],
            media_type: "application/octet-stream",
            can_read: true,
            can_write: false,
            holds_secrets: true,
            kind: Kind::Recording,
            explanation: "What mitmproxy recorded, as it writes it with -w.",
        }
    }

    fn read(&self, file: &mut dyn Read) -> Result<Opened, ReadError> {
        read(file)
    }
}

/// Whether a file begins as a flow file does: a length, a colon, and a first value that is a name
/// of a map. The time at which a line of a log begins has digits and colons, too.
pub fn begins_as_flow(start: &[u8]) -> bool {
    let Some((_, map)) = after_length(start, 12) else {
        return false;
    };
    let Some((length, name)) = after_length(map, 2) else {
        return false;
    };
    let is_name = name
        .iter()
        .take(length)
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    // A text, or the bytes that versions before it wrote.
    let is_text = name.get(length).is_none_or(|sign| b";,".contains(sign));
    length > 0 && is_name && is_text
}

/// The length with which a value begins, of so many digits at most, and what follows its colon.
fn after_length(bytes: &[u8], most: usize) -> Option<(usize, &[u8])> {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let digits = bytes.iter().take_while(is_digit).count();
    let rest = bytes[digits..].strip_prefix(b":")?;
    let number = std::str::from_utf8(&bytes[..digits]).ok()?;
    (digits <= most).then_some((number.parse().ok()?, rest))
}

fn read(file: &mut dyn Read) -> Result<Opened, ReadError> {
    let mut exchanges = Vec::new();
    let mut notes = Vec::new();
    let (mut flows, mut others, mut too_long) = (0_usize, 0_usize, 0_usize);
    // A byte at a time would ask the system for each.
    let mut file = std::io::BufReader::with_capacity(1 << 16, file);
    loop {
        let value = match tnetstring::next(&mut file) {
            Ok(Next::Value(value)) => value,
            Ok(Next::TooLong) => {
                flows += 1;
                too_long += 1;
                continue;
            }
            Ok(Next::End) => break,
            Err(error) => {
                let what = match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => "the file ends in the middle of it".into(),
                    std::io::ErrorKind::InvalidData => "no length stands where it begins".into(),
                    _ => error.to_string(),
                };
                let what = format!("flows[{flows}]: expected a flow, but {what}");
                if exchanges.is_empty() {
                    return Err(ReadError(what));
                }
                notes.push(format!("{what}; {} flows were read.", exchanges.len()));
                break;
            }
        };
        flows += 1;
        let exchange = tnetstring::read(&value).and_then(|flow| exchange(&flow));
        match exchange {
            Some(exchange) => exchanges.push(exchange),
            None => others += 1,
        }
    }
    if exchanges.is_empty() {
        return Err(ReadError(format!(
            "flows: expected HTTP flows, got {flows} others"
        )));
    }
    if too_long > 0 {
        notes.push(format!(
            "{too_long} of {flows} flows are too long to be read."
        ));
    }
    if others > 0 {
        notes.push(format!("{others} of {flows} flows are not HTTP requests."));
    }
    let started = exchanges.iter().map(|exchange| exchange.started).min();
    let origin = Origin::File {
        tool: Some("mitmproxy".into()),
        version: None,
    };
    let started = started.unwrap_or(Timestamp(0));
    let mut trace = Trace::recorded(origin, Client::unknown(), "", started);
    for exchange in exchanges {
        let at = exchange.started.plus(exchange.timings.total);
        trace.push(at, 0, Phase::Extra, EntryKind::Exchange(Box::new(exchange)));
    }
    Ok(Opened {
        notes,
        ..trace.into()
    })
}

/// One flow of HTTP.
fn exchange(flow: &Value<'_>) -> Option<Exchange> {
    let asked = flow.get("request");
    let mut request = Request::new(asked.get("method").text()?, url(asked)?);
    request.headers = headers(asked);
    let (body, request_body) = body(asked, &request.headers);
    request.body = body;
    let answered = flow.get("response");
    let status = answered.get("status_code").number();
    let mut response_body = Recorded::NotRecorded;
    let mut response_headers = Recorded::NotRecorded;
    let outcome = match status {
        Some(status) => {
            let headers = headers(answered);
            let body;
            (body, response_body) = self::body(answered, &headers);
            response_headers = Recorded::Whole;
            Outcome::Response(Response {
                status: status as u16,
                headers,
                body,
            })
        }
        None => Outcome::Failure(failed(flow)),
    };
    let started = asked.get("timestamp_start").number().and_then(timestamp);
    let ended = answered.get("timestamp_end").number().and_then(timestamp);
    let begun = answered.get("timestamp_start").number().and_then(timestamp);
    let total = match (started, ended) {
        (Some(started), Some(ended)) => ended.since(started),
        _ => Duration::ZERO,
    };
    let mut exchange = Exchange {
        purpose: Purpose::Unknown,
        from: ParticipantId::CLIENT,
        to: ParticipantId::CLIENT,
        label: String::new(),
        request,
        edited: false,
        answer_edited: false,
        outcome,
        started: started.unwrap_or(Timestamp(0)),
        timings: Timings {
            wait: started
                .zip(begun)
                .map(|(started, begun)| begun.since(started)),
            receive: begun.zip(ended).map(|(begun, ended)| ended.since(begun)),
            total,
            ..Timings::default()
        },
        connection: connection(flow, asked),
        verdict: None,
        recorded: Recording {
            request_body,
            response_headers,
            response_body,
            times: match started {
                Some(_) => Recorded::Whole,
                None => Recorded::NotRecorded,
            },
            ..Recording::default()
        },
        server_side: None,
        client_side: None,
    };
    forget_body(&mut exchange);
    Some(exchange)
}

/// As the client meant it: in reverse mode the fields name the public host.
fn url(asked: &Value<'_>) -> Option<String> {
    let path = asked.get("path").text()?;
    if path.starts_with("http://") || path.starts_with("https://") {
        return Some(path.to_owned());
    }
    let scheme = asked.get("scheme").text()?;
    let port = asked.get("port").number()? as u16;
    let host = asked.get("host").text()?;
    let usual = matches!((scheme, port), ("http", 80) | ("https", 443));
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let named = headers(asked);
    let named = named
        .iter()
        .find(|one| one.name.eq_ignore_ascii_case("host"));
    let authority = asked
        .get("authority")
        .text()
        .filter(|text| !text.is_empty());
    let authority = match authority.or(named.map(|one| one.value.as_str())) {
        Some(authority) => authority.to_owned(),
        None if usual => host,
        None => format!("{host}:{port}"),
    };
    Some(format!("{scheme}://{authority}{path}"))
}

fn headers(message: &Value<'_>) -> Vec<Header> {
    let text = |value: &Value<'_>| {
        let bytes = value.bytes()?;
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    };
    let pairs = message.get("headers").list().iter();
    pairs
        .filter_map(|pair| {
            let [name, value] = pair.list() else {
                return None;
            };
            let name = text(name).filter(|name: &String| !name.starts_with(':'))?;
            Some(Header::new(&name, text(value)?))
        })
        .collect()
}

/// The body without its coding, and whether it was recorded: a body that was streamed was not.
fn body(message: &Value<'_>, headers: &[Header]) -> (Body, Recorded) {
    let Some(raw) = message.get("content").bytes() else {
        return (Body::empty(), Recorded::NotRecorded);
    };
    let field = |name: &str| {
        let mut named = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        named.next().map(|header| header.value.as_str())
    };
    let coding = field("content-encoding").filter(|coding| !raw.is_empty() && !coding.is_empty());
    let Some(coding) = coding.filter(|coding| !coding.eq_ignore_ascii_case("identity")) else {
        return (Body::new(raw.to_vec()), Recorded::Whole);
    };
    let Some((decoded, end)) = coding::decoded(raw, coding) else {
        return (Body::new(raw.to_vec()), Recorded::Whole);
    };
    let is_undecoded = decoded.is_empty() && matches!(end, CodingEnd::Broken { .. });
    let mut body = Body::new(if is_undecoded { raw.to_vec() } else { decoded });
    body.coding = Some(Box::new(Coding {
        name: coding.to_owned(),
        raw: None,
        length: raw.len() as u64,
        end,
    }));
    (body, Recorded::Whole)
}

fn failed(flow: &Value<'_>) -> Failure {
    failure(flow.get("error").get("msg").text())
}

fn connection(flow: &Value<'_>, asked: &Value<'_>) -> Option<Connection> {
    let server = flow.get("server_conn");
    let names = ["peername", "ip_address"];
    let peer = names.iter().map(|name| server.get(name).list());
    let peer = peer.into_iter().find(|peer| peer.len() >= 2)?;
    let host = peer[0].text()?;
    let port = peer[1].number()? as u16;
    let address = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    Some(Connection {
        remote_address: Some(address),
        http_version: asked.get("http_version").text().unwrap_or_default().into(),
        reused: false,
        tls: None,
    })
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    (seconds.is_finite() && seconds > 0.0).then_some(Timestamp((seconds * 1e6) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_file_is_told_from_a_log_that_begins_with_a_time() {
        for flow in [
            "1234:9:websocket;0:~",
            "1234:7:request,",
            "99:4:type",
            "99:4:ty",
        ] {
            assert!(begins_as_flow(flow.as_bytes()), "{flow}");
        }
        for text in [
            "10:00:00.12  POST  401  mcp.example.com  /mcp",
            "10:00:01 POST /mcp 401",
            "10:12:15 POST /mcp 401",
            "2026:10:01 GET /",
            "12:5:30 PM POST /mcp 401",
            ":9:websocket;",
            "1234:",
            "",
        ] {
            assert!(!begins_as_flow(text.as_bytes()), "{text}");
        }
    }
}
