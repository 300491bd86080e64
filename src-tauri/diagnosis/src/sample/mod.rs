//! Traces made by hand for the tests: a healthy run whose answers can be changed one by one.

mod answer;
mod writer;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trace::{
    Decision, EntryKind, Grant, HowOpened, MetadataSource, Phase, Purpose, Request, Revision, Role,
    StopCode, Trace, WellKnown,
};

use crate::finding::Finding;
pub use answer::Answer;
use writer::Writer;

pub const MCP: &str = "https://mcp.example/mcp";
pub const AS: &str = "https://as.example";
pub const REDIRECT: &str = "http://127.0.0.1:49152/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A run, as its answers.
#[derive(Clone)]
pub struct Run {
    pub server_url: String,
    pub revision: Revision,
    pub issuer: String,
    pub challenge: Answer,
    pub resource_tries: Vec<(MetadataSource, String, Answer)>,
    pub server_tries: Vec<(WellKnown, String, Answer)>,
    /// What is registered and what comes back; none for a client arranged by hand.
    pub registration: Option<(Value, Answer)>,
    pub how: HowOpened,
    pub authorization: Vec<(&'static str, String)>,
    /// The approver's hops.
    pub hops: Vec<Answer>,
    pub callback: Vec<(&'static str, String)>,
    /// The body of the code exchange.
    pub exchange: Vec<(&'static str, String)>,
    /// The client's `Authorization` in the code exchange.
    pub client_authentication: Option<String>,
    pub token: Answer,
    pub calls: Vec<Answer>,
    pub refresh: Option<Answer>,
    /// Where the flow stops and why.
    pub stop: Option<(Phase, StopCode)>,
    /// What the flow says when it stops.
    pub stop_message: &'static str,
    /// Decisions made at the end.
    pub decisions: Vec<Decision>,
}

impl Run {
    pub fn healthy() -> Self {
        Self::healthy_at(Revision::R20251125)
    }

    pub fn healthy_at(revision: Revision) -> Self {
        let oldest = revision == Revision::R20250326;
        let issuer = if oldest { "https://mcp.example" } else { AS };
        let well_known = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let metadata_url = format!("{issuer}/.well-known/oauth-authorization-server");
        let challenge = Answer::json(401, json!({"error": "unauthorized"})).header(
            "WWW-Authenticate",
            &format!("Bearer resource_metadata=\"{well_known}\", scope=\"mcp\""),
        );
        let resource = json!({"resource": MCP, "authorization_servers": [issuer], "scopes_supported": ["mcp"]});
        let challenge_of_pkce = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        Self {
            server_url: MCP.into(),
            revision,
            issuer: issuer.into(),
            challenge,
            resource_tries: match oldest {
                true => Vec::new(),
                false => vec![(
                    MetadataSource::Header,
                    well_known.into(),
                    Answer::json(200, resource),
                )],
            },
            server_tries: vec![(
                WellKnown::OauthInserted,
                metadata_url,
                Answer::json(200, server_metadata(issuer)),
            )],
            registration: Some((
                json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}),
                Answer::json(
                    201,
                    json!({"client_id": "c1", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}),
                ),
            )),
            how: HowOpened::Approver,
            authorization: vec![
                ("response_type", "code".into()),
                ("client_id", "c1".into()),
                ("redirect_uri", REDIRECT.into()),
                ("state", "st-1".into()),
                ("code_challenge", challenge_of_pkce),
                ("code_challenge_method", "S256".into()),
                ("resource", MCP.into()),
            ],
            hops: vec![
                Answer::bare(302).header("location", &format!("{REDIRECT}?code=secret-code")),
            ],
            callback: vec![
                ("code", "secret-code".into()),
                ("state", "st-1".into()),
                ("iss", issuer.into()),
            ],
            exchange: vec![
                ("grant_type", "authorization_code".into()),
                ("code", "secret-code".into()),
                ("redirect_uri", REDIRECT.into()),
                ("client_id", "c1".into()),
                ("code_verifier", VERIFIER.into()),
                ("resource", MCP.into()),
            ],
            client_authentication: None,
            token: token_answer(&access_jwt(json!(MCP)), "refresh-1"),
            calls: vec![
                Answer::json(
                    200,
                    json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25"}}),
                ),
                Answer::json(
                    200,
                    json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "echo"}]}}),
                ),
            ],
            refresh: None,
            stop: None,
            stop_message: "stopped",
            decisions: Vec::new(),
        }
    }

    /// The access token expires, and a refresh with rotation brings another.
    pub fn healthy_with_refresh() -> Self {
        let mut run = Self::healthy();
        let expired = "Bearer error=\"invalid_token\", resource_metadata=\
                       \"https://mcp.example/.well-known/oauth-protected-resource/mcp\"";
        run.calls[1] = Answer::json(401, json!({"error": "invalid_token"}))
            .header("www-authenticate", expired);
        run.refresh = Some(token_answer(&access_jwt(json!([MCP])), "refresh-2"));
        run
    }

    /// The codes of all findings.
    pub fn found(&self) -> Vec<String> {
        let found = crate::diagnose(&self.trace());
        found.into_iter().map(|finding| finding.code).collect()
    }

    /// The one finding of this code. Fails when there are none or several.
    pub fn finding(&self, code: &str) -> Finding {
        let mut of_code = crate::diagnose(&self.trace());
        of_code.retain(|finding| finding.code == code);
        assert_eq!(of_code.len(), 1, "{code}: {of_code:#?}");
        let finding = of_code.remove(0);
        assert!(
            !finding.message.is_empty() && !finding.fix.is_empty(),
            "{finding:#?}"
        );
        assert!(!finding.title.ends_with('.'), "{}", finding.title);
        let texts = [&finding.actual, &finding.expected];
        for text in texts
            .into_iter()
            .flatten()
            .chain([&finding.message, &finding.fix])
        {
            assert!(!text.contains("secret-"), "leaks: {text}");
        }
        finding
    }

    pub fn is_silent(&self, code: &str) -> bool {
        !self.found().iter().any(|found| found == code)
    }

    /// Changes a parameter of the authorization request or leaves it out.
    pub fn ask(&mut self, name: &'static str, value: Option<&str>) -> &mut Self {
        self.authorization.retain(|(known, _)| *known != name);
        self.authorization
            .extend(value.map(|value| (name, value.to_owned())));
        self
    }

    pub fn stop(&mut self, after: Phase, code: StopCode) -> &mut Self {
        self.stop = Some((after, code));
        self
    }

    pub fn trace(&self) -> Trace {
        let mut writer = Writer::new(&self.server_url);
        writer.write(self);
        writer.trace
    }

    /// The run with this many more calls at its end.
    pub fn trace_with_calls(&self, calls: usize) -> Trace {
        let mut writer = Writer::new(&self.server_url);
        writer.write(self);
        for _ in 0..calls {
            writer.call(&self.calls[1], &access_jwt(json!(MCP)));
        }
        writer.trace
    }
}

/// One more exchange at the end of a trace.
pub fn push(trace: &mut Trace, purpose: Purpose, request: Request, answer: &Answer) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.send(Phase::Mcp, purpose, Role::McpServer, request, answer);
    *trace = writer.trace;
}

/// One more exchange with the authorization server at the end of a trace.
pub fn push_to_server(trace: &mut Trace, purpose: Purpose, request: Request, answer: &Answer) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.send(
        Phase::Extra,
        purpose,
        Role::AuthorizationServer,
        request,
        answer,
    );
    *trace = writer.trace;
}

/// A request with a form to an endpoint of the authorization server.
pub fn post(path: &str, form: &[(&str, &str)]) -> Request {
    Request::new("POST", format!("{AS}{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(trace::encode_pairs(form.iter().copied()))
}

/// One more refresh at the end of a trace.
pub fn refresh(trace: &mut Trace, refresh_token: &str, answer: &Answer) {
    let grant = Grant::RefreshToken;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", "c1"),
    ];
    push_to_server(
        trace,
        Purpose::Token { grant },
        post("/token", &form),
        answer,
    );
}

/// One more call with this token at the end of a trace.
pub fn call(trace: &mut Trace, answer: &Answer, token: &str) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.call(answer, token);
    *trace = writer.trace;
}

/// One more decision at the end of a trace.
pub fn decide(trace: &mut Trace, decision: Decision) {
    let at = trace.entries.last().map_or(trace.started, |entry| entry.at);
    trace.push(at, 0, Phase::Extra, EntryKind::Decision(decision));
}

/// The finding of this code about a trace, whole and without secrets.
pub fn found_in(trace: &Trace, code: &str) -> Option<Finding> {
    let mut of_code = crate::diagnose(trace);
    of_code.retain(|finding| finding.code == code);
    assert!(of_code.len() < 2, "{code}: {of_code:#?}");
    let finding = of_code.pop()?;
    assert!(
        !finding.message.is_empty() && !finding.fix.is_empty(),
        "{finding:#?}"
    );
    assert!(!finding.title.ends_with('.'), "{}", finding.title);
    Some(finding)
}

/// The flow stops here.
pub fn stop(trace: &mut Trace, code: StopCode) {
    let stopped = Decision::Stopped {
        code,
        message: "stopped".into(),
        can_go_on: false,
    };
    trace.push(trace.started, 0, Phase::Mcp, EntryKind::Decision(stopped));
}

pub fn server_metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

pub fn token_answer(access_token: &str, refresh_token: &str) -> Answer {
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": refresh_token,
    });
    Answer::json(200, body).header("cache-control", "no-store")
}

/// An access token with this audience.
pub fn access_jwt(audience: Value) -> String {
    let mut claims =
        json!({"iss": AS, "sub": "alice", "exp": 4_000_000_000_u64, "iat": 1_700_000_000_u64});
    if !audience.is_null() {
        claims["aud"] = audience;
    }
    jwt(&claims)
}

pub fn jwt(claims: &Value) -> String {
    jwt_with(&json!({"alg": "ES256", "typ": "at+jwt"}), claims)
}

pub fn jwt_with(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(header), part(claims))
}

/// An ID token for the client of a healthy run, with a change.
pub fn id_token(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": AS, "sub": "alice", "aud": "c1", "exp": 4_000_000_000_u64, "iat": 1_700_000_000_u64,
    });
    change(&mut claims);
    jwt_with(&json!({"alg": "ES256", "typ": "JWT"}), &claims)
}

/// A proof of possession with some key.
pub fn dpop_proof() -> String {
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"});
    let header = json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk});
    jwt_with(
        &header,
        &json!({"jti": "1", "htm": "POST", "htu": format!("{AS}/token"), "iat": 1_800_000_000_u64}),
    )
}
