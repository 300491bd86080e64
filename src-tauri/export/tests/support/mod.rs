//! A trace of a whole flow, with a secret of its own in every place that can hold one.
#![allow(dead_code)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use trace::*;

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
            id_token: jwt(&format!(r#"{{"email":"S3NT1NEL-{tag}@mail.example"}}"#), tag + 1),
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
            assertion: jwt(r#"{"iss":"S3NT1NEL"}"#, tag + 3),
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

/// Appends `count` tool calls with the tokens of a flow: one to four kilobytes of JSON each, no two alike.
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
            let title = format!("Report {number}/{row} of the northern branch: \"figures, checked\"");
            serde_json::json!({ "id": number * 1000 + row, "title": title, "state": "open", "score": 0.25,
                "labels": ["billing", "needs review"], "url": format!("https://mcp.example/items/{number}?row={row}&sort=asc") })
        };
        let rows: Vec<_> = (0..4 + id % 12).map(row).collect();
        let found = serde_json::json!({ "items": rows, "next_cursor": format!("{number:08x}") });
        let result = serde_json::json!({ "jsonrpc": "2.0", "id": number, "result": {
            "content": [{ "type": "text", "text": serde_json::to_string_pretty(&found).unwrap() }],
            "structuredContent": found, "isError": false } });
        let params = format!(r#"{{"name":"search","arguments":{{"query":"northern branch {number}"}}}}"#);
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
    binary.body = Body::new([&[0xff, 0xfe, 0xfd, 0][1..], s.access.as_bytes(), &[0, 200, 201]].concat());
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

struct Run<'a> {
    trace: &'a mut Trace,
    resource: ParticipantId,
    server: ParticipantId,
}

impl Run<'_> {
    fn discovery(&mut self, s: &Secrets) {
        let call = rpc("initialize", "{}").header("x-api-key", &s.api_key);
        let challenge = answer(401, "application/json", r#"{"error":"unauthorized"}"#).with(
            "www-authenticate",
            "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"",
        );
        self.send(
            Purpose::Challenge {
                method: "initialize".into(),
            },
            call,
            challenge,
        );
        let resource = format!(
            r#"{{"resource":"{MCP}","authorization_servers":["{AS}"],"scopes_supported":["tools"]}}"#
        );
        let source = MetadataSource::Header;
        let url = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        self.get(
            Purpose::ResourceMetadata { source },
            url,
            answer(200, "application/json", &resource),
        );
        let metadata = format!(
            r#"{{"issuer":"{AS}","authorization_endpoint":"{AS}/authorize","token_endpoint":"{AS}/token",
            "registration_endpoint":"{AS}/register","code_challenge_methods_supported":["S256"],
            "token_endpoint_auth_methods_supported":["client_secret_basic","none"],"response_types_supported":["code"]}}"#
        );
        let known = Purpose::ServerMetadata {
            issuer: AS.into(),
            well_known: WellKnown::OauthInserted,
        };
        self.get(
            known.clone(),
            &format!("{AS}/.well-known/oauth-authorization-server"),
            answer(404, "text/html", "<h1>no</h1>"),
        );
        self.get(
            known,
            &format!("{AS}/.well-known/openid-configuration"),
            answer(200, "application/json", &metadata),
        );
        let register = Request::new("POST", format!("{AS}/register"))
            .header("content-type", "application/json")
            .body(format!(
                r#"{{"client_name":"Authscope","software_statement":"{}"}}"#,
                s.assertion
            ));
        let registered = serde_json::json!({
            "client_id": "client-1", "client_secret": s.client_secret, "client_secret_expires_at": 0,
            "registration_access_token": s.registration, "registration_client_uri": format!("{AS}/register/client-1"),
        });
        self.send(
            Purpose::Registration,
            register,
            answer(201, "application/json", &registered.to_string()),
        );
    }

    fn authorization(&mut self, s: &Secrets) {
        let url = with_query(
            &format!("{AS}/authorize"),
            [
                ("response_type", "code"),
                ("client_id", "client-1"),
                ("redirect_uri", "http://127.0.0.1:4711/callback"),
                ("state", &s.state),
                ("nonce", &s.nonce),
                ("login_hint", &s.login_hint),
                ("code_challenge", &s.challenge),
                ("code_challenge_method", "S256"),
                ("resource", MCP),
            ],
        );
        let at = self.now();
        let visit = BrowserVisit {
            url: url.clone(),
            how: HowOpened::Approver,
        };
        self.trace
            .push(at, 0, Phase::Authorization, EntryKind::BrowserOpened(visit));
        let login = format!("/login?next={}", encoded(&url));
        let hop = answer(302, "", "")
            .with("location", &format!("{AS}{login}"))
            .with(
                "set-cookie",
                &format!("sid={}; Path=/; HttpOnly; Secure", s.cookie),
            );
        self.get(Purpose::Authorization, &url, hop);
        let page = format!(
            "<!doctype html><a href=\"{login}\">again</a><form><input type=hidden name=csrf_token value=\"{}\">\
             <script>var config = {{\"state\": \"{}\", \"x\": 'code_challenge={}'}}</script></form>",
            s.csrf
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;"),
            s.state,
            s.challenge,
        );
        self.get(
            Purpose::Authorization,
            &format!("{AS}{login}"),
            answer(200, "text/html; charset=utf-8", &page),
        );
        let form = encode_pairs([
            ("username", "ann"),
            ("password", &s.password),
            ("csrf_token", &s.csrf),
        ]);
        let post = Request::new("POST", format!("{AS}/login"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", format!("sid={}; theme=light", s.cookie))
            .header("referer", format!("{AS}{login}"))
            .body(form);
        let callback = with_query(
            "http://127.0.0.1:4711/callback",
            [("code", s.code.as_str()), ("state", &s.state), ("iss", AS)],
        );
        self.send(
            Purpose::Authorization,
            post,
            answer(303, "", "").with("location", &callback),
        );
        self.send_to_us(&callback);
    }

    fn tokens(&mut self, s: &Secrets) {
        let basic = STANDARD.encode(format!("client-1:{}", encoded(&s.client_secret)));
        let token = |grant: &str, pairs: &[(&str, &str)]| {
            let pairs = [("grant_type", grant), ("resource", MCP)]
                .into_iter()
                .chain(pairs.iter().copied());
            Request::new("POST", format!("{AS}/token"))
                .header("authorization", format!("Basic {basic}"))
                .header("dpop", &s.dpop)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "application/json")
                .body(encode_pairs(pairs))
        };
        let given = serde_json::json!({
            "access_token": s.access, "token_type": "Bearer", "expires_in": 3600,
            "refresh_token": s.refresh, "id_token": s.id_token, "scope": "tools",
        });
        let pairs = [("code", s.code.as_str()), ("code_verifier", &s.verifier)];
        let grant = Grant::AuthorizationCode;
        let answered = answer(
            200,
            "application/json",
            &serde_json::to_string_pretty(&given).unwrap(),
        );
        self.send(
            Purpose::Token { grant },
            token("authorization_code", &pairs),
            answered,
        );
        let pairs = [
            ("refresh_token", s.refresh.as_str()),
            ("client_assertion", &s.assertion),
            ("client_secret", &s.client_secret),
        ];
        let form = encode_pairs([
            ("access_token", s.access.as_str()),
            ("refresh_token", &s.refresh),
            ("scope", ""),
        ]);
        let grant = Grant::RefreshToken;
        let answered = answer(200, "application/x-www-form-urlencoded", &form);
        self.send(Purpose::Token { grant }, token("refresh_token", &pairs), answered);
    }

    fn calls(&mut self, s: &Secrets) {
        let bearer = format!("Bearer {}", s.access);
        let result = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#;
        let started = answer(200, "application/json", result).with("mcp-session-id", &s.session);
        let call = |method: &str, params: &str| rpc(method, params).header("authorization", &bearer);
        self.send(
            Purpose::Mcp {
                method: "initialize".into(),
            },
            call("initialize", "{}"),
            started,
        );
        let echoed = serde_json::json!({ "headers": { "authorization": bearer, "cookie": format!("sid={}", s.cookie) },
            "url": format!("https://x.example/cb?code={}&n=1#access_token={}", encoded(&s.code), s.access) });
        let nested = serde_json::json!({ "jsonrpc": "2.0", "id": 2, "result": { "content": [
            { "type": "text", "text": echoed.to_string() },
            { "type": "text", "text": serde_json::to_string(&echoed.to_string()).unwrap() },
        ], "state": "open", "nextCursor": "eyJwYWdlIjoyfQ==" } });
        let stream = format!(
            "event: message\r\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}}\r\n\r\ndata: {nested}\r\n\r\n"
        );
        let listed = call("tools/list", "{}").header("mcp-session-id", &s.session);
        self.send(
            Purpose::Mcp {
                method: "tools/list".into(),
            },
            listed,
            answer(200, "text/event-stream", &stream),
        );
        let error = r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no such tool","data":{"code":"not_found"}}}"#;
        let refused = answer(403, "application/json", error).with(
            "www-authenticate",
            &format!("Bearer error=\"insufficient_scope\", scope=\"admin\", error_description=\"token {} lacks it\"", s.access),
        );
        self.send(
            Purpose::Mcp {
                method: "tools/call".into(),
            },
            call("tools/call", "{}"),
            refused,
        );
    }

    fn get(&mut self, purpose: Purpose, url: &str, response: Response) {
        self.send(
            purpose,
            Request::new("GET", url).header("accept", "application/json"),
            response,
        );
    }

    fn extra(&mut self, response: Response) {
        self.get(Purpose::Registration, &format!("{AS}/register"), response);
    }

    fn send(&mut self, purpose: Purpose, request: Request, response: Response) {
        self.failed(purpose, request, Outcome::Response(response));
    }

    fn failed(&mut self, purpose: Purpose, request: Request, outcome: Outcome) {
        let connection = matches!(outcome, Outcome::Response(_)).then(|| Connection {
            remote_address: Some("[2001:db8::1]:443".into()),
            http_version: "HTTP/1.1".into(),
            reused: false,
            tls: None,
        });
        self.push(purpose, request, outcome, connection);
    }

    fn send_to_us(&mut self, url: &str) {
        let page = answer(200, "text/html", "<p>You can close this tab.</p>");
        self.push(
            Purpose::Callback,
            Request::new("GET", url),
            Outcome::Response(page),
            None,
        );
    }

    fn push(&mut self, purpose: Purpose, request: Request, outcome: Outcome, connection: Option<Connection>) {
        let at = self.now();
        let (phase, to) = match purpose {
            Purpose::Challenge { .. } => (Phase::Challenge, self.resource),
            Purpose::ResourceMetadata { .. } => (Phase::ResourceMetadata, self.resource),
            Purpose::ServerMetadata { .. } => (Phase::ServerMetadata, self.server),
            Purpose::Registration => (Phase::Registration, self.server),
            Purpose::Authorization => (Phase::Authorization, self.server),
            Purpose::Callback => (Phase::Authorization, ParticipantId::CLIENT),
            Purpose::Token { .. } => (Phase::Token, self.server),
            Purpose::Mcp { .. } => (Phase::Mcp, self.resource),
        };
        let exchange = Exchange {
            purpose,
            from: ParticipantId::CLIENT,
            to,
            label: "a request".into(),
            request,
            edited: false,
            outcome,
            started: at,
            timings: Timings {
                dns: None,
                connect: Some(Duration::from_micros(1_234)),
                wait: Some(Duration::from_micros(20_500)),
                receive: Some(Duration::from_micros(77)),
                total: Duration::from_micros(21_811),
            },
            connection,
            verdict: Some(Verdict::accepted("as it should be")),
        };
        self.trace
            .push(at, 0, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    fn now(&self) -> Timestamp {
        self.trace
            .started
            .plus(Duration::from_millis(self.trace.entries.len() as u64))
    }
}

fn rpc(method: &str, params: &str) -> Request {
    Request::new("POST", MCP)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#
        ))
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
