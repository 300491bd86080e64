//! Access logs in JSON: of Caddy, nginx, Traefik and the larger clouds, one object a line. Who
//! wrote it says little: the names of the members do.

use serde_json::{Map, Value};
use trace::{Header, Recorded, Timestamp};

use super::evidence::{Half, Part, Seen, Target, recorded};
use super::log_line::{body_of, log_time, target};
use super::message::{METHODS, request_line, response_fields_recorded};

/// Names that programs give to the same thing, in lower case and without what stands between
/// words.
const METHOD: [&str; 5] = [
    "method",
    "requestmethod",
    "httpmethod",
    "httprequestmethod",
    "csmethod",
];
const PATH: [&str; 8] = [
    "uri",
    "requesturi",
    "path",
    "requestpath",
    "url",
    "requesturl",
    "urlpath",
    "csuristem",
];
const HOST: [&str; 6] = [
    "host",
    "httphost",
    "requesthost",
    "servername",
    "vhost",
    "cshost",
];
const STATUS: [&str; 9] = [
    "status",
    "statuscode",
    "downstreamstatus",
    "responsestatus",
    "originstatus",
    "httpstatus",
    "responsecode",
    "scstatus",
    "code",
];
/// What a request and its answer have in common that are told one after the other.
const ID: [&str; 3] = ["reqid", "requestid", "correlationid"];
const TIME: [&str; 9] = [
    "ts",
    "time",
    "timestamp",
    "timeiso8601",
    "timelocal",
    "@timestamp",
    "startutc",
    "date",
    "requesttime",
];
const SCHEME: [&str; 3] = ["scheme", "requestscheme", "proto"];
const AGENT: [&str; 3] = ["useragent", "httpuseragent", "requestuseragent"];
const REQUEST: [&str; 2] = ["request", "requestline"];
const REQUEST_FIELDS: [&str; 2] = ["headers", "requestheaders"];
const RESPONSE_FIELDS: [&str; 2] = ["respheaders", "responseheaders"];
/// Objects that hold what they tell of an answer under its plain name.
const RESPONSE: [&str; 2] = ["res", "response"];

/// The request that an object of a log is about, if it is one.
pub fn entry(object: &Map<String, Value>) -> Option<Seen> {
    let all = Members::of(object);
    let line = all.text(&REQUEST).and_then(|line| request_line(line));
    let method = match line {
        Some((method, _)) => method,
        None => all
            .text(&METHOD)
            .filter(|method| METHODS.contains(method))?,
    };
    let path = match line {
        Some((_, path)) => path,
        None => all
            .text(&PATH)
            .filter(|path| path.starts_with(['/', 'h']))?,
    };
    let status = all.status()?;
    let mut seen = asked(&all, method, path);
    seen.status = Some(status);
    seen.response_headers = all.answered();
    bodies(object, &mut seen);
    Some(seen)
}

/// A request whose answer comes later, or such an answer.
pub fn half(object: &Map<String, Value>) -> Option<(String, Half)> {
    let all = Members::of(object);
    let id = all.text(&ID)?.to_owned();
    let method = all.text(&METHOD).filter(|method| METHODS.contains(method));
    let path = all.text(&PATH).filter(|path| path.starts_with(['/', 'h']));
    match (method, path, all.status()) {
        (Some(method), Some(path), None) => {
            Some((id, Half::Asked(Box::new(asked(&all, method, path)))))
        }
        (None, _, Some(status)) => Some((id, Half::Answered(status, all.answered()))),
        _ => None,
    }
}

/// What a request and a response are told to hold, where both are objects.
fn bodies(object: &Map<String, Value>, seen: &mut Seen) {
    let body = |name: &str| match object.get(name)?.get("body")? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    if object.get("request").is_some_and(Value::is_object) && object.contains_key("response") {
        if let Some(text) = body("request") {
            seen.request_body = Part::new(text.clone().into_bytes(), recorded(&text));
        }
        if let Some(text) = body("response") {
            seen.response_body = Part::new(text.clone().into_bytes(), recorded(&text));
        }
        seen.response_headers.recorded = response_fields_recorded(&seen.response_headers.value);
    }
}

/// The fields of an object that names them.
pub fn headers(fields: &Value) -> Vec<Header> {
    let mut headers = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let one = |value: &Value| Some(Header::new(name, value.as_str()?));
        match value {
            Value::Array(values) => headers.extend(values.iter().filter_map(one)),
            value => headers.extend(one(value)),
        }
    }
    headers
}

fn asked(all: &Members<'_>, method: &str, path: &str) -> Seen {
    let host = all.text(&HOST).filter(|host| *host != "_" && *host != "-");
    let mut target = target(path, host.map(str::to_owned));
    if let Target::Path { secure, .. } = &mut target {
        *secure = match all.text(&SCHEME) {
            Some("https") => Some(true),
            Some("http") => Some(false),
            _ => all.has("tls").then_some(true),
        };
    }
    let mut headers = all.fields(&REQUEST_FIELDS);
    if let Some(agent) = all.text(&AGENT)
        && !headers
            .iter()
            .any(|one| one.name.eq_ignore_ascii_case("user-agent"))
    {
        headers.push(Header::new("user-agent", agent));
    }
    // Caddy and others take the values of credentials away.
    Seen {
        target,
        method: Some(method.to_owned()),
        request_headers: Part::new(headers, Recorded::Incomplete),
        request_body: Part::new(Vec::new(), body_of(method)),
        started: all.time(),
        ..Seen::default()
    }
}

/// The members of an object and of the objects in it, the outer ones first.
struct Members<'a>(Vec<(String, &'a Value)>);

impl<'a> Members<'a> {
    fn of(object: &'a Map<String, Value>) -> Self {
        let mut all = Vec::new();
        let mut objects = vec![object];
        for _ in 0..DEEPEST {
            let mut inner = Vec::new();
            for object in objects {
                for (name, value) in object.iter().take(MOST) {
                    if let Value::Object(object) = value {
                        inner.push(object);
                    }
                    all.push((bare(name), value));
                }
            }
            objects = inner;
        }
        Self(all)
    }

    fn find<T>(&self, names: &[&str], read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        names.iter().find_map(|wanted| {
            // Some put a word of their own before a longer name.
            let is_named = |name: &str| {
                name == *wanted || wanted.len() >= LONG_NAME && name.ends_with(*wanted)
            };
            let mut named = self.0.iter().filter(|(name, _)| is_named(name));
            named.find_map(|(_, value)| read(value))
        })
    }

    fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.find(names, |value| {
            value.as_str().filter(|text| !text.is_empty())
        })
    }

    fn number(&self, names: &[&str]) -> Option<f64> {
        self.find(names, |value| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(known, value)| known == name && !value.is_null())
    }

    fn time(&self) -> Option<Timestamp> {
        self.find(&TIME, |value| match value {
            Value::String(text) => log_time(text).or_else(|| epoch(text.trim().parse().ok()?)),
            Value::Number(number) => epoch(number.as_f64()?),
            _ => None,
        })
    }

    fn fields(&self, names: &[&str]) -> Vec<Header> {
        let fields = self.find(names, |value| value.is_object().then_some(value));
        fields.map_or_else(Vec::new, headers)
    }

    fn status(&self) -> Option<u16> {
        let status = self.number(&STATUS)?;
        let status = u16::try_from(status as u64).ok()?;
        (100..600).contains(&status).then_some(status)
    }

    fn answered(&self) -> Part<Vec<Header>> {
        let mut response = self.fields(&RESPONSE_FIELDS);
        if response.is_empty() {
            let inner = self.find(&RESPONSE, |value| value.get("headers"));
            response = inner.map_or_else(Vec::new, headers);
        }
        let recorded = if response.is_empty() {
            Recorded::NotRecorded
        } else {
            Recorded::Whole
        };
        Part::new(response, recorded)
    }
}

/// Seconds, milliseconds or finer since 1970.
fn epoch(number: f64) -> Option<Timestamp> {
    if !number.is_finite() || number < 1e8 {
        return None;
    }
    let mut seconds = number;
    while seconds > 1e11 {
        seconds /= 1000.0;
    }
    Some(Timestamp((seconds * 1e6) as u64))
}

/// In lower case, without what stands between words.
fn bare(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|one| one.is_ascii_alphanumeric() || *one == '@');
    kept.collect::<String>().to_ascii_lowercase()
}

const DEEPEST: usize = 3;
/// Characters of a name that means the same with another word before it.
const LONG_NAME: usize = 9;
/// Members of one object.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of(text: &str) -> Option<Seen> {
        entry(serde_json::from_str::<Value>(text).unwrap().as_object()?)
    }

    #[test]
    fn caddy_nginx_traefik_and_a_cloud() {
        let caddy = entry_of(
            r#"{"level":"info","ts":1795683601.5,"logger":"http.log.access","msg":"handled request",
            "request":{"remote_ip":"203.0.113.9","proto":"HTTP/2.0","method":"POST",
            "host":"mcp.example","uri":"/mcp","headers":{"User-Agent":["node"]},
            "tls":{"version":772}},"duration":0.01,"size":12,"status":401,
            "resp_headers":{"Www-Authenticate":["Bearer"],"Server":["Caddy"]}}"#,
        )
        .unwrap();
        assert_eq!(caddy.response_header("www-authenticate"), Some("Bearer"));
        assert_eq!(caddy.started.map(|at| at.seconds()), Some(1_795_683_601));
        let secure = match caddy.target {
            Target::Path { secure, host, path } => (secure, host, path),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            secure,
            (Some(true), Some("mcp.example".into()), "/mcp".into())
        );
        for text in [
            r#"{"time_local":"26/Nov/2026:10:00:01 +0100","request":"POST /mcp HTTP/1.1","status":"401"}"#,
            r#"{"RequestMethod":"POST","RequestPath":"/mcp","DownstreamStatus":401,"RequestHost":"a.example"}"#,
            r#"{"httpRequest":{"requestMethod":"POST","requestUrl":"https://a.example/mcp","status":401}}"#,
        ] {
            assert_eq!(
                entry_of(text).and_then(|seen| seen.status),
                Some(401),
                "{text}"
            );
        }
        let told = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            half(value.as_object().unwrap()).map(|(id, half)| (id, matches!(half, Half::Asked(_))))
        };
        assert_eq!(
            told(
                r#"{"reqId":"req-1","req":{"method":"POST","url":"/mcp"},"msg":"incoming request"}"#
            ),
            Some(("req-1".into(), true))
        );
        assert_eq!(
            told(r#"{"reqId":"req-1","res":{"statusCode":401},"msg":"request completed"}"#),
            Some(("req-1".into(), false))
        );
        let cloud =
            r#"{"ClientRequestMethod":"POST","ClientRequestURI":"/mcp","EdgeResponseStatus":403}"#;
        assert_eq!(entry_of(cloud).and_then(|seen| seen.status), Some(403));
        for text in [
            r#"{"status":"ok","path":"/mcp"}"#,
            r#"{"method":"tools/list","jsonrpc":"2.0","id":1}"#,
            r#"{"error":"invalid_grant"}"#,
        ] {
            assert!(entry_of(text).is_none(), "{text}");
        }
    }
}
