//! A trace of a whole flow, with a secret of its own in every place that can hold one.
#![allow(dead_code)]

pub mod diagrams;
mod run;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use trace::*;

use run::{Run, rpc};

pub const MCP: &str = "https://mcp.example/mcp";
pub const AS: &str = "https://as.example";

/// Every secret of one flow. `tag` keeps the secrets of several flows apart.
pub struct Secrets {
    pub access: String,
    pub id_token: String,
    pub refresh: String,
    pub code: String,
    pub state: String,
    pub verifier: String,
    pub challenge: String,
    pub client_secret: String,
    pub registration: String,
    pub cookie: String,
    pub csrf: String,
    pub session: String,
    pub password: String,
    pub nonce: String,
    pub dpop: String,
    pub login_hint: String,
    pub assertion: String,
    pub api_key: String,
}

impl Secrets {
    /// With characters that are spelt differently in URLs, JSON and HTML.
    pub fn new(tag: u32) -> Self {
        Self::made(tag, |name| format!("{name}.S3NT1NEL-{tag:05}~x"))
    }

    /// As servers make them: letters and digits.
    pub fn plain(tag: u32) -> Self {
        Self::made(tag, |name| {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            format!(
                "{}S3NT1NEL{tag:05}{:016x}",
                letters.collect::<String>(),
                u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            )
        })
    }

    fn made(tag: u32, of: impl Fn(&str) -> String) -> Self {
        Self {
            access: jwt(
                &format!(r#"{{"sub":"S3NT1NEL-subject-{tag}","jti":"S3NT1NEL-access"}}"#),
                tag,
            ),
            id_token: jwt(
                &format!(r#"{{"email":"S3NT1NEL-{tag}@mail.example"}}"#),
                tag + 1,
            ),
            refresh: of("rt/+="),
            code: of("code+/="),
            state: of("st"),
            verifier: of("verifier-0123456789-0123456789-012345678901"),
            challenge: of("challenge"),
            client_secret: of("cs&=%+ ü"),
            registration: of("rat"),
            cookie: of("ck"),
            csrf: of("csrf/<>&\"'"),
            session: of("sess"),
            password: of("pw: \"\\\n&"),
            nonce: of("nonce"),
            dpop: jwt(r#"{"htm":"POST"}"#, tag + 2),
            login_hint: format!("S3NT1NEL-{tag}@login.example"),
            assertion: jwt(r#"{"sub":"S3NT1NEL"}"#, tag + 3),
            api_key: of("key"),
        }
    }

    /// Each with its name.
    pub fn all(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("access", &self.access),
            ("id_token", &self.id_token),
            ("refresh", &self.refresh),
            ("code", &self.code),
            ("state", &self.state),
            ("verifier", &self.verifier),
            ("challenge", &self.challenge),
            ("client_secret", &self.client_secret),
            ("registration", &self.registration),
            ("cookie", &self.cookie),
            ("csrf", &self.csrf),
            ("session", &self.session),
            ("password", &self.password),
            ("nonce", &self.nonce),
            ("dpop", &self.dpop),
            ("login_hint", &self.login_hint),
            ("assertion", &self.assertion),
            ("api_key", &self.api_key),
        ]
    }
}

fn jwt(claims: &str, signature: u32) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signature = part(&format!("S3NT1NEL-signature-{signature:030}"));
    format!(
        "{}.{}.{signature}",
        part(r#"{"alg":"RS256","typ":"at+jwt"}"#),
        part(claims)
    )
}

pub fn encoded(text: &str) -> String {
    encode_pairs([("", text)])[1..].to_string()
}

pub fn empty() -> Trace {
    Trace::new(MCP, Timestamp(1_790_000_000_000_000))
}

/// An exchange with this request and an empty answer.
pub fn sample_exchange(request: Request) -> Exchange {
    Exchange {
        purpose: Purpose::Unknown,
        from: ParticipantId::CLIENT,
        to: ParticipantId::CLIENT,
        label: String::new(),
        request,
        edited: false,
        answer_edited: false,
        outcome: Outcome::Response(answer(200, "", "")),
        started: Timestamp(0),
        timings: Timings::default(),
        connection: None,
        verdict: None,
        recorded: Recording::default(),
        client_side: None,
        server_side: None,
    }
}

/// Appends one whole healthy flow.
pub fn flow(trace: &mut Trace, s: &Secrets) {
    let resource = trace.participant(Role::McpServer, "https://mcp.example");
    let server = trace.participant(Role::AuthorizationServer, AS);
    let mut run = Run {
        trace,
        resource,
        server,
    };
    run.discovery(s);
    run.authorization(s);
    run.tokens(s);
    run.calls(s);
}

/// Appends `count` tool calls with the tokens of a flow: one to four kilobytes of JSON each, no two
/// alike.
pub fn tool_calls(trace: &mut Trace, s: &Secrets, count: usize) {
    let resource = trace.participant(Role::McpServer, "https://mcp.example");
    let server = trace.participant(Role::AuthorizationServer, AS);
    let mut run = Run {
        trace,
        resource,
        server,
    };
    let bearer = format!("Bearer {}", s.access);
    for id in 0..count {
        let number = run.trace.entries.len();
        let row = |row: usize| {
            let title =
                format!("Report {number}/{row} of the northern branch: \"figures, checked\"");
            serde_json::json!({ "id": number * 1000 + row, "title": title, "state": "open", "score": 0.25,
                "labels": ["billing", "needs review"], "url": format!("https://mcp.example/items/{number}?row={row}&sort=asc") })
        };
        let rows: Vec<_> = (0..4 + id % 12).map(row).collect();
        let found = serde_json::json!({ "items": rows, "next_cursor": format!("{number:08x}") });
        let result = serde_json::json!({ "jsonrpc": "2.0", "id": number, "result": {
            "content": [{ "type": "text", "text": serde_json::to_string_pretty(&found).unwrap() }],
            "structuredContent": found, "isError": false } });
        let params =
            format!(r#"{{"name":"search","arguments":{{"query":"northern branch {number}"}}}}"#);
        let call = rpc("tools/call", &params)
            .header("authorization", &bearer)
            .header("mcp-session-id", &s.session);
        let answer = answer(200, "application/json", &result.to_string());
        run.send(
            Purpose::Mcp {
                method: "tools/call".into(),
            },
            call,
            answer,
        );
    }
}

/// Appends what goes wrong on a wire: no response, half a response, bytes, compressed bytes.
pub fn failures(trace: &mut Trace, s: &Secrets) {
    let resource = trace.participant(Role::McpServer, "https://mcp.example");
    let server = trace.participant(Role::AuthorizationServer, AS);
    let mut run = Run {
        trace,
        resource,
        server,
    };
    let url = format!("{AS}/token?access_token={}", encoded(&s.access));
    for kind in [FailureKind::Dns, FailureKind::Tls, FailureKind::Timeout] {
        let message = format!("as.example did not answer to Bearer {}", s.access);
        let outcome = Outcome::Failure(Failure { kind, message });
        run.failed(Purpose::Registration, Request::new("GET", &url), outcome);
    }
    let half = format!(r#"{{"access_token":"{}"#, &s.access[..s.access.len() / 2]);
    let mut cut = answer(200, "application/json", &half);
    cut.body.end = BodyEnd::CutOff {
        reason: "connection reset".into(),
    };
    run.extra(cut);
    let html = format!("<p>Your session is {}", &s.session[..12]);
    let mut truncated = answer(200, "text/html", &html);
    truncated.body.end = BodyEnd::Truncated {
        limit: html.len() as u64,
    };
    run.extra(truncated);
    let mut binary = answer(200, "application/octet-stream", "");
    binary.body = Body::new(
        [
            &[0xff, 0xfe, 0xfd, 0][1..],
            s.access.as_bytes(),
            &[0, 200, 201],
        ]
        .concat(),
    );
    run.extra(binary);
    let mut zipped = answer(200, "application/json", &s.access).with("content-encoding", "gzip");
    zipped.body.bytes.insert(0, 0x1f);
    run.extra(zipped);
    run.extra(answer(599, "", ""));
    let upload = Request::new("POST", MCP).header("content-type", "application/octet-stream");
    run.send(
        Purpose::Registration,
        upload.body(vec![0xff, 0, 1, 0xf0]),
        answer(413, "text/plain", "no"),
    );
}

pub fn answer(status: u16, media: &str, body: &str) -> Response {
    let mut response = Response {
        status,
        headers: Vec::new(),
        body: Body::new(body.as_bytes().to_vec()),
    };
    if !media.is_empty() {
        response = response.with("content-type", media);
    }
    response
        .with("date", "Sat, 21 Nov 2026 02:44:36 GMT")
        .with("cache-control", "no-store")
}

pub trait With {
    fn with(self, name: &str, value: &str) -> Self;
}

impl With for Response {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }
}

/// Every base64 text in `text`, decoded; what it stands for must not be there either.
pub fn decoded_parts(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=-_".contains(c)))
        .filter(|part| part.len() >= 8)
        .flat_map(|part| {
            let part = part.trim_end_matches('=');
            [
                STANDARD
                    .decode(format!("{part}{}", &"==="[..(4 - part.len() % 4) % 4]))
                    .ok(),
                URL_SAFE_NO_PAD.decode(part).ok(),
            ]
        })
        .flatten()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}
