//! A recording of an attack, as a tool would have written it: right at every leg but one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::case::{Case, Piece, Play, Then};
use crate::stage::{Asked, MARK, filled, right};

/// Of what never ends, a recording has the beginning.
const FLOODED: usize = 1_000_000;

/// As a HAR file.
pub fn recorded(case: &Case, origin: &str) -> Vec<u8> {
    let entries = requests(origin).into_iter().filter_map(|asked| {
        let (leg, answer) = right(&asked, origin)?;
        let answer = if leg == Some(case.leg) {
            case.play.recorded()
        } else {
            answer.into_bytes()
        };
        let answer = filled(&answer, &asked, (origin, "http://evil.example"), 0);
        Some(entry(&asked, &answer, origin))
    });
    let entries: Vec<Value> = entries.collect();
    let creator = json!({ "name": "a stranger", "version": "1" });
    let har = json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } });
    har.to_string().into_bytes()
}

impl Play {
    /// All of it that a file can hold.
    pub fn recorded(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.pieces.iter().flat_map(Piece::bytes).collect();
        if let Then::Flood(piece) | Then::Drip(piece) = &self.then {
            bytes.extend(piece.repeat(FLOODED / piece.len()));
        }
        bytes
    }
}

/// What a client asks on its way.
fn requests(origin: &str) -> Vec<Asked> {
    let asked = |method: &str, target: &str, head: &str, body: &str| Asked {
        method: method.into(),
        target: format!("{origin}{target}"),
        head: head.into(),
        body: body.into(),
    };
    let json = "\ncontent-type: application/json";
    let form = "\ncontent-type: application/x-www-form-urlencoded";
    let bearer = format!("{json}\nauthorization: Bearer {MARK}-access");
    let rpc = |id: u32, method: &str| {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{{}}}}")
    };
    let back = "redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback";
    let authorize = format!(
        "/authorize?response_type=code&client_id=c&state=s1&code_challenge=x&\
         code_challenge_method=S256&{back}"
    );
    let token = format!(
        "grant_type=authorization_code&code={MARK}-code&client_id=c&code_verifier={MARK}-v&{back}"
    );
    let redirects = "{\"redirect_uris\":[\"http://127.0.0.1:9/callback\"]}";
    let device = format!("client_id=c&client_secret={MARK}-client");
    vec![
        asked("POST", "/mcp", json, &rpc(1, "initialize")),
        asked("GET", "/.well-known/oauth-protected-resource/mcp", "", ""),
        asked("GET", "/.well-known/oauth-authorization-server", "", ""),
        asked("POST", "/register", json, redirects),
        asked("GET", &authorize, "", ""),
        asked("POST", "/device", form, &device),
        asked("POST", "/token", form, &token),
        asked("POST", "/mcp", &bearer, &rpc(2, "initialize")),
        asked("POST", "/mcp", &bearer, &rpc(3, "tools/list")),
    ]
}

fn entry(asked: &Asked, answer: &[u8], origin: &str) -> Value {
    let head = asked.head.lines().filter_map(|line| line.split_once(": "));
    let host = [("host", origin.trim_start_matches("http://"))];
    let mut request = json!({
        "method": asked.method,
        "url": asked.target,
        "httpVersion": "HTTP/1.1",
        "headers": named(host.into_iter().chain(head)),
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": asked.body.len(),
    });
    if !asked.body.is_empty() {
        let kind = asked
            .head
            .lines()
            .find_map(|it| it.strip_prefix("content-type: "));
        request["postData"] = json!({ "mimeType": kind, "text": asked.body });
    }
    json!({
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 1,
        "request": request,
        "response": response(answer),
        "cache": {},
        "timings": { "send": 0, "wait": 1, "receive": 0 },
    })
}

/// What a tool would make of these bytes. One that is not HTTP has the status 0.
fn response(answer: &[u8]) -> Value {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = match end {
        Some(end) => (&answer[..end], &answer[end + 4..]),
        None => (answer, &[][..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().splitn(3, ' ');
    let version = first.next().unwrap_or_default();
    let status: u32 = first.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let value = |name: &str| {
        let mut same = headers
            .iter()
            .filter(|(it, _)| it.eq_ignore_ascii_case(name));
        same.next().map_or("", |(_, value)| value)
    };
    let kind = value("content-type");
    let mut content = json!({ "size": body.len(), "mimeType": kind });
    match std::str::from_utf8(body) {
        Ok(text) => content["text"] = text.into(),
        Err(_) => {
            content["encoding"] = "base64".into();
            content["text"] = STANDARD.encode(body).into();
        }
    }
    json!({
        "status": status,
        "statusText": first.next().unwrap_or_default(),
        "httpVersion": version,
        "headers": named(headers.iter().copied()),
        "cookies": [],
        "content": content,
        "redirectURL": value("location"),
        "headersSize": -1,
        "bodySize": body.len(),
    })
}

fn named<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    let pair = |(name, value)| json!({ "name": name, "value": value });
    headers.map(pair).collect()
}
