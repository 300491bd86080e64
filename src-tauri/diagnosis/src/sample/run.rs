//! A run as its answers, which can be changed one by one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trace::{
    BrowserShows, Decision, HowOpened, MetadataSource, Phase, Revision, StopCode, WellKnown,
};

use super::answer::Answer;
use super::values::{AS, MCP, REDIRECT, VERIFIER, access_jwt, server_metadata, token_answer};

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
    /// The authorization page as it was asked for without cookies.
    pub probes: Vec<Answer>,
    /// What the user says the browser shows.
    pub shows: Option<BrowserShows>,
    /// The query of a request to the redirect URI that was not taken.
    pub stray: Option<&'static str>,
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
            resource_tries: if oldest {
                Vec::new()
            } else {
                vec![(
                    MetadataSource::Header,
                    well_known.into(),
                    Answer::json(200, resource),
                )]
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
            probes: Vec::new(),
            shows: None,
            hops: vec![
                Answer::bare(302).header("location", &format!("{REDIRECT}?code=secret-code")),
            ],
            stray: None,
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
                    json!({"jsonrpc": "2.0", "id": 2, "result": {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}}),
                ),
                Answer::json(
                    200,
                    json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}}),
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
}
