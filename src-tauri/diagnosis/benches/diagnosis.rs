//! Judges 1,000, 10,000 and 100,000 exchanges, beside reading and writing the same trace once with
//! `serde_json`: `cargo bench -p diagnosis`, or `cargo xtask bench diagnosis`.
//!
//! It fails when the time for each exchange grows with their number, or when judging 10,000 takes
//! longer than reading them: whoever opens such a recording waits longer for the file than for the
//! findings. The ratio to writing is for information.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use trace::{
    Body, BrowserVisit, Decision, EntryKind, Exchange, Grant, Header, HowOpened, MetadataSource,
    Outcome, ParticipantId, Phase, Purpose, Recording, Request, Response, Role, Timestamp, Timings,
    TokenKind, Trace, WellKnown,
};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const ROUNDS: usize = 5;
/// How much more an exchange may cost in the longest trace than in the one before. The shortest
/// fits into a processor's cache and is no measure.
const GROWTH: f64 = 2.0;

const MCP: &str = "https://mcp.example/mcp";
const AS: &str = "https://as.example";
const REDIRECT: &str = "http://127.0.0.1:49152/callback";

fn main() -> ExitCode {
    println!("exchanges      judging   each      reading   writing   judging/reading  /writing");
    let mut each = Vec::new();
    let mut slower = false;
    for size in SIZES {
        let trace = sample(size);
        let file = trace::to_json(&trace);
        let judging = best(|| diagnosis::diagnose(&trace).len());
        let reading = best(|| trace::from_json(&file).map_or(0, |trace| trace.entries.len()));
        let writing = best(|| serde_json::to_vec(&trace).map_or(0, |bytes| bytes.len()));
        let one = judging.as_secs_f64() / size as f64;
        println!(
            "{size:>9} {:>9.2} ms {:>6.2} µs {:>9.2} ms {:>9.2} ms {:>9.2} {:>9.2}",
            millis(judging),
            one * 1e6,
            millis(reading),
            millis(writing),
            judging.as_secs_f64() / reading.as_secs_f64(),
            judging.as_secs_f64() / writing.as_secs_f64(),
        );
        each.push(one);
        slower |= size == 10_000 && judging > reading;
    }
    let growth = each[SIZES.len() - 1] / each[SIZES.len() - 2];
    println!("an exchange of the longest costs {growth:.2} times one of the trace before");
    if growth > GROWTH || slower {
        eprintln!("judging is not linear, or slower than reading");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The best of some rounds: what else the machine does only ever adds.
fn best(work: impl Fn() -> usize) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    });
    rounds.min().unwrap_or_default()
}

/// Sessions one after another until there are this many exchanges: each authorizes, calls, has its
/// token refused, refreshes, introspects and calls on.
fn sample(exchanges: usize) -> Trace {
    let mut writer = Writer {
        trace: Trace::new(MCP, Timestamp(1_800_000_000_000_000)),
        written: 0,
        session: 0,
    };
    while writer.written < exchanges {
        writer.session();
    }
    writer.trace
}

struct Writer {
    trace: Trace,
    written: usize,
    session: u64,
}

impl Writer {
    fn session(&mut self) {
        self.session += 1;
        let number = self.session;
        let method = || "tools/list".to_owned();
        let metadata = format!("{AS}/.well-known/oauth-authorization-server");
        let resource = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let challenge = format!("Bearer resource_metadata=\"{resource}\", scope=\"mcp\"");
        let refusal = format!("Bearer error=\"invalid_token\", resource_metadata=\"{resource}\"");
        let call = |token: Option<&str>| {
            let request = Request::new("POST", MCP)
                .header("content-type", "application/json")
                .body(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#);
            match token {
                Some(token) => request.header("authorization", format!("Bearer {token}")),
                None => request,
            }
        };
        let tools = json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [{
            "name": "echo", "description": "Answers with what it is told.",
            "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}]}});
        let unauthorized = json!({"error": "unauthorized"});

        self.decide(Decision::Revision {
            revision: trace::Revision::R20251125,
            why: "chosen".into(),
        });
        let first = Purpose::Challenge { method: method() };
        let www = [("www-authenticate", challenge.as_str())];
        self.send(first, call(None), 401, &unauthorized, &www);
        let found = Purpose::ResourceMetadata {
            source: MetadataSource::Header,
        };
        let document = json!({"resource": MCP, "authorization_servers": [AS]});
        self.send(found, Request::new("GET", resource), 200, &document, &[]);
        self.decide(Decision::AuthorizationServer {
            issuer: AS.into(),
            offered: vec![AS.into()],
        });
        let purpose = Purpose::ServerMetadata {
            issuer: AS.into(),
            well_known: WellKnown::OauthInserted,
        };
        let document = json!({
            "issuer": AS, "authorization_endpoint": format!("{AS}/authorize"),
            "token_endpoint": format!("{AS}/token"), "registration_endpoint": format!("{AS}/register"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"]});
        self.send(purpose, Request::new("GET", metadata), 200, &document, &[]);
        let client = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"});
        let mut registered = client.clone();
        registered["client_id"] = "c1".into();
        let request = Request::new("POST", format!("{AS}/register")).body(client.to_string());
        self.send(Purpose::Registration, request, 201, &registered, &[]);
        self.decide(Decision::Client {
            client_id: "c1".into(),
            how: "dynamic client registration".into(),
            auth_method: "none".into(),
            issuer: Some(AS.into()),
        });
        let state = format!("state-{number}");
        let code = format!("code-{number}");
        let asked = [
            ("response_type", "code"),
            ("client_id", "c1"),
            ("redirect_uri", REDIRECT),
            ("state", &state),
            ("resource", MCP),
        ];
        let url = trace::with_query(&format!("{AS}/authorize"), asked);
        let how = HowOpened::System;
        self.push(EntryKind::BrowserOpened(BrowserVisit { url, how }));
        let url = trace::with_query(REDIRECT, [("code", code.as_str()), ("state", &state)]);
        let callback = Request::new("GET", url);
        self.send(Purpose::Callback, callback, 200, &json!({}), &[]);
        let no_store = [("cache-control", "no-store")];
        let old = token(number * 2);
        let new = token(number * 2 + 1);
        let (first, second) = (format!("refresh-{number}-a"), format!("refresh-{number}-b"));
        let grant = Grant::AuthorizationCode;
        let request = form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("client_id", "c1"),
            ("resource", MCP),
        ]);
        self.send(
            Purpose::Token { grant },
            request,
            200,
            &answer(&old, &first),
            &no_store,
        );
        for _ in 0..4 {
            let purpose = Purpose::Mcp { method: method() };
            self.send(purpose, call(Some(&old)), 200, &tools, &[]);
        }
        let purpose = Purpose::Mcp { method: method() };
        let www = [("www-authenticate", refusal.as_str())];
        self.send(purpose, call(Some(&old)), 401, &unauthorized, &www);
        let grant = Grant::RefreshToken;
        let request = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &first),
            ("client_id", "c1"),
            ("resource", MCP),
        ]);
        self.send(
            Purpose::Token { grant },
            request,
            200,
            &answer(&new, &second),
            &no_store,
        );
        let kind = TokenKind::AccessToken;
        let purpose = Purpose::Introspection { token: kind };
        let request = form(&[("token", new.as_str()), ("client_secret", "s")]);
        self.send(purpose, request, 200, &json!({"active": true}), &[]);
        for _ in 0..8 {
            let purpose = Purpose::Mcp { method: method() };
            self.send(purpose, call(Some(&new)), 200, &tools, &[]);
        }
    }

    fn send(
        &mut self,
        purpose: Purpose,
        request: Request,
        status: u16,
        body: &Value,
        headers: &[(&str, &str)],
    ) {
        let origin = trace::origin_of(&request.url).unwrap_or_default();
        let role = match purpose {
            Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::ResourceMetadata { .. } => {
                Role::McpServer
            }
            _ => Role::AuthorizationServer,
        };
        let mut all = vec![Header::new("content-type", "application/json")];
        all.extend(
            headers
                .iter()
                .map(|(name, value)| Header::new(name, *value)),
        );
        self.written += 1;
        let exchange = Exchange {
            purpose,
            from: ParticipantId::CLIENT,
            to: self.trace.participant(role, &origin),
            label: "a request".into(),
            request,
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(Response {
                status,
                headers: all,
                body: Body::new(body.to_string().into_bytes()),
            }),
            started: self.trace.started,
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: Recording::default(),
            client_side: None,
            server_side: None,
        };
        self.push(EntryKind::Exchange(Box::new(exchange)));
    }

    fn decide(&mut self, decision: Decision) {
        self.push(EntryKind::Decision(decision));
    }

    fn push(&mut self, kind: EntryKind) {
        let passed = Duration::from_millis(self.trace.entries.len() as u64);
        let at = self.trace.started.plus(passed);
        self.trace.push(at, 0, Phase::Mcp, kind);
    }
}

fn form(pairs: &[(&str, &str)]) -> Request {
    Request::new("POST", format!("{AS}/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(trace::encode_pairs(pairs.iter().copied()))
}

fn answer(access_token: &str, refresh_token: &str) -> Value {
    json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 3600,
           "refresh_token": refresh_token})
}

fn token(number: u64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": AS, "sub": "alice", "aud": MCP, "jti": number,
                        "iat": 1_800_000_000_u64, "exp": 4_000_000_000_u64});
    let header = json!({"alg": "ES256", "typ": "at+jwt"});
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}
