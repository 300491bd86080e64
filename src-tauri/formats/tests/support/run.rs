//! The requests and answers of a flow, one after the other.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::*;

use super::{AS, MCP, Secrets, With as _, answer, encoded};

pub struct Run<'a> {
    pub trace: &'a mut Trace,
    pub resource: ParticipantId,
    pub server: ParticipantId,
}

impl Run<'_> {
    pub fn discovery(&mut self, s: &Secrets) {
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

    pub fn authorization(&mut self, s: &Secrets) {
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

    pub fn tokens(&mut self, s: &Secrets) {
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
        self.send(
            Purpose::Token { grant },
            token("refresh_token", &pairs),
            answered,
        );
    }

    pub fn calls(&mut self, s: &Secrets) {
        let bearer = format!("Bearer {}", s.access);
        let result = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#;
        let started = answer(200, "application/json", result).with("mcp-session-id", &s.session);
        let call =
            |method: &str, params: &str| rpc(method, params).header("authorization", &bearer);
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

    pub fn get(&mut self, purpose: Purpose, url: &str, response: Response) {
        self.send(
            purpose,
            Request::new("GET", url).header("accept", "application/json"),
            response,
        );
    }

    pub fn extra(&mut self, response: Response) {
        self.get(Purpose::Registration, &format!("{AS}/register"), response);
    }

    pub fn send(&mut self, purpose: Purpose, request: Request, response: Response) {
        self.failed(purpose, request, Outcome::Response(response));
    }

    pub fn failed(&mut self, purpose: Purpose, request: Request, outcome: Outcome) {
        let connection = matches!(outcome, Outcome::Response(_)).then(|| Connection {
            remote_address: Some("[2001:db8::1]:443".into()),
            http_version: "HTTP/1.1".into(),
            reused: false,
            tls: None,
        });
        self.push(purpose, request, outcome, connection);
    }

    pub fn send_to_us(&mut self, url: &str) {
        let page = answer(200, "text/html", "<p>You can close this tab.</p>");
        self.push(
            Purpose::Callback,
            Request::new("GET", url),
            Outcome::Response(page),
            None,
        );
    }

    pub fn push(
        &mut self,
        purpose: Purpose,
        request: Request,
        outcome: Outcome,
        connection: Option<Connection>,
    ) {
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
            _ => (Phase::Extra, self.server),
        };
        let exchange = Exchange {
            purpose,
            from: ParticipantId::CLIENT,
            to,
            label: "a request".into(),
            request,
            edited: false,
            answer_edited: false,
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
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        };
        self.trace
            .push(at, 0, phase, EntryKind::Exchange(Box::new(exchange)));
    }

    pub fn now(&self) -> Timestamp {
        self.trace
            .started
            .plus(Duration::from_millis(self.trace.entries.len() as u64))
    }
}

pub fn rpc(method: &str, params: &str) -> Request {
    Request::new("POST", MCP)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .body(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#
        ))
}
