//! The requests of a client, recorded as a proxy would record them.

use std::sync::LazyLock;
use std::time::SystemTime;

use lab::Lab;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use trace::{
    Body, Client, Decision, EntryKind, Exchange, Header, Origin, Outcome, ParticipantId, Phase,
    Purpose, Request, Response, Role, Timestamp, Timings, Trace, encode_pairs, query_pairs,
    with_query,
};

use crate::conduct::{CHALLENGE, Carry, Conduct, REDIRECT_URI, VERIFIER};

pub struct Recorder {
    trace: Trace,
}

impl Recorder {
    pub fn new() -> Self {
        let now = Timestamp::from_system(SystemTime::now());
        let mut trace = Trace::recorded(Origin::Observed, Client::unknown(), "", now);
        trace.participant(Role::Other, "https://servers.example");
        Self { trace }
    }

    pub async fn walk(mut self, lab: &Lab, conduct: &Conduct) -> Trace {
        self.login(lab, conduct).await;
        let last = self.trace.entries.last().expect("something was sent").at;
        let ended = EntryKind::Decision(Decision::Ended);
        let mut bare = self.trace;
        bare.push_to(None, last.plus(conduct.watched), 0, Phase::Extra, ended);
        bare
    }

    /// The whole flow; it ends where the client can go no further.
    async fn login(&mut self, lab: &Lab, conduct: &Conduct) -> Option<()> {
        let mcp = lab.mcp_url();
        let origin = mcp.strip_suffix("/mcp")?;
        if conduct.first_method == Method::GET {
            let get = Request::new("GET", mcp).header("accept", conduct.first_accepts);
            self.get_without_challenge(get);
        }
        if conduct.looks_first {
            let place = format!("{origin}/.well-known/oauth-protected-resource/mcp");
            self.send(Request::new("GET", place)).await;
        }
        self.send(call(mcp, "initialize")).await;
        if conduct.looks_first {
            return self.log_in_by_server_metadata(lab, conduct).await;
        }
        let place = if conduct.metadata_at_root { "" } else { "/mcp" };
        let place = format!("{origin}/.well-known/oauth-protected-resource{place}");
        self.send(Request::new("GET", place)).await;
        self.log_in_by_server_metadata(lab, conduct).await
    }

    async fn log_in_by_server_metadata(&mut self, lab: &Lab, conduct: &Conduct) -> Option<()> {
        let name = if conduct.openid_first {
            "openid-configuration"
        } else {
            "oauth-authorization-server"
        };
        let place = format!("{}/.well-known/{name}", lab.as_url());
        self.send(Request::new("GET", place)).await;

        let mut client = None;
        for number in 0..conduct.registrations {
            let again = conduct.registers_again.filter(|_| number > 0);
            let uris = again.map_or(conduct.registered_uris.clone(), |uri| vec![uri]);
            let metadata = json!({
                "client_name": "Broken Client",
                "redirect_uris": uris,
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
                "application_type": "native",
            });
            let request = Request::new("POST", format!("{}/register", lab.as_url()))
                .header("content-type", "application/json")
                .body(metadata.to_string());
            client = text(&self.send(request).await, "client_id");
        }
        let client = client?;
        for number in 0..conduct.logins {
            self.log_in(lab, conduct, &client, number).await?;
        }
        Some(())
    }

    async fn log_in(
        &mut self,
        lab: &Lab,
        conduct: &Conduct,
        client: &str,
        number: usize,
    ) -> Option<()> {
        let mcp = lab.mcp_url();
        let state = format!("a-state-that-nobody-guesses-{number}");
        let asked = changed(
            &[
                ("response_type", "code"),
                ("client_id", client),
                ("redirect_uri", REDIRECT_URI),
                ("scope", "mcp:read"),
                ("state", &state),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("resource", mcp),
            ],
            &conduct.ask,
        );
        let asked = if conduct.pushes {
            self.pushed(lab, &asked).await?
        } else {
            asked
        };
        let callback = self.authorize(lab, &asked, &conduct.callback).await?;
        if !conduct.redeems {
            return None;
        }
        let code = query_pairs(&callback)
            .into_iter()
            .find(|pair| pair.name == "code")?
            .value;
        let form = changed(
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("client_id", client),
                ("code_verifier", VERIFIER),
                ("resource", mcp),
            ],
            &conduct.redeem,
        );
        let mut answer = Value::Null;
        for _ in 0..conduct.redemptions {
            let next = self.send(token_request(lab, &form)).await;
            if answer.is_null() {
                answer = next;
            }
        }
        self.use_token(mcp, &text(&answer, "access_token")?, conduct)
            .await;
        let refresh_token = text(&answer, "refresh_token")?;
        if let Some(change) = conduct
            .refresh
            .as_ref()
            .filter(|_| conduct.redemptions == 1)
        {
            let form = changed(
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &refresh_token),
                    ("client_id", client),
                    ("resource", mcp),
                ],
                change,
            );
            let answer = self.send(token_request(lab, &form)).await;
            let token = text(&answer, "access_token")?;
            if conduct.calls_after_refresh {
                self.use_token(mcp, &token, conduct).await;
            }
        }
        Some(())
    }

    /// What is left of an authorization request whose parameters were sent ahead.
    async fn pushed(
        &mut self,
        lab: &Lab,
        asked: &[(String, String)],
    ) -> Option<Vec<(String, String)>> {
        let answer = self.send(form_request(lab, "/par", asked)).await;
        let reference = text(&answer, "request_uri")?;
        let client = asked.iter().find(|(name, _)| name == "client_id")?;
        Some(vec![client.clone(), ("request_uri".into(), reference)])
    }

    async fn use_token(&mut self, mcp: &str, token: &str, conduct: &Conduct) {
        let bearer = format!("Bearer {token}");
        match conduct.carry {
            Carry::Header => {
                self.send(call(mcp, "tools/list").header("authorization", &bearer))
                    .await;
            }
            Carry::HeaderBesideQuery => {
                let url = format!("{mcp}?shows=access_token");
                self.send(call(&url, "tools/list").header("authorization", &bearer))
                    .await;
            }
            Carry::Query => {
                let url = format!("{mcp}?access_token={token}");
                self.send(call(&url, "tools/list")).await;
            }
            Carry::Nothing => {
                self.send(call(mcp, "tools/list")).await;
            }
            Carry::None => {}
        }
        for _ in 0..conduct.writes {
            let request = call(mcp, "tools/call").header("authorization", &bearer);
            self.send(request).await;
        }
        for _ in 0..conduct.bad_calls {
            let request = call(mcp, "tools/list").header("authorization", "Bearer never-good");
            self.send(request).await;
        }
    }

    /// The browser's way through the authorization page, and the URL that it comes back to.
    async fn authorize(
        &mut self,
        lab: &Lab,
        asked: &[(String, String)],
        change: &[(&'static str, &'static str)],
    ) -> Option<String> {
        let pairs = asked
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let url = with_query(&format!("{}/authorize", lab.as_url()), pairs);
        let page = self.exchange(Request::new("GET", &url)).await;
        let page = page.body.text()?.to_owned();
        let attribute = |tag: &str, name: &str| -> Option<String> {
            let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
            Some(tag[start..].split('"').next()?.to_owned())
        };
        let inputs = page.split("<input ").skip(1);
        let fields: Vec<(String, String)> = inputs
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect();
        let request = Request::new("POST", format!("{}/authorize/decision", lab.as_url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode_pairs(
                fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            ));
        let answer = self.exchange(request).await;
        let location = answer.header_value("location")?.to_owned();
        let fields: Vec<(String, String)> = query_pairs(&location)
            .into_iter()
            .map(|pair| (pair.name, pair.value))
            .collect();
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let fields = changed(&fields, change);
        let pairs = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let callback = with_query(REDIRECT_URI, pairs);
        let done = Response {
            status: 200,
            headers: vec![Header::new("content-type", "text/html")],
            body: Body::new(b"<p>Done".to_vec()),
        };
        self.record(Request::new("GET", &callback), done);
        Some(callback)
    }

    /// The answer of a server that checks the method before it looks for a token.
    fn get_without_challenge(&mut self, request: Request) {
        let answer = Response {
            status: 405,
            headers: vec![Header::new("allow", "POST")],
            body: Body::empty(),
        };
        self.record(request, answer);
    }

    /// Sends a request, and gives back the JSON of its answer.
    async fn send(&mut self, request: Request) -> Value {
        let answer = self.exchange(request).await;
        serde_json::from_slice(&answer.body.bytes).unwrap_or_default()
    }

    async fn exchange(&mut self, request: Request) -> Response {
        let answer = sent(&request).await;
        self.record(request, answer.clone());
        answer
    }

    fn record(&mut self, request: Request, answer: Response) {
        let now = Timestamp::from_system(SystemTime::now());
        let exchange = Exchange {
            purpose: Purpose::Unknown,
            from: ParticipantId::CLIENT,
            to: ParticipantId(2),
            label: String::new(),
            request,
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(answer),
            started: now,
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        };
        let kind = EntryKind::Exchange(Box::new(exchange));
        self.trace.push_to(None, now, 0, Phase::Extra, kind);
    }
}

async fn sent(request: &Request) -> Response {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0);
        client.build().expect("a client")
    });
    let method: Method = request.method.parse().expect("a method");
    let mut builder = CLIENT.request(method, &request.url);
    for header in &request.headers {
        builder = builder.header(&header.name, &header.value);
    }
    let answer = builder
        .body(request.body.bytes.clone())
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| Header::new(name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let headers = headers.collect();
    let body = Body::new(answer.bytes().await.expect("a whole body").to_vec());
    Response {
        status,
        headers,
        body,
    }
}

/// A call of the newest revision, which needs no handshake.
fn call(url: &str, method: &str) -> Request {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "Broken Client", "version": "1"},
    });
    let method = if method == "initialize" {
        "server/discover"
    } else {
        method
    };
    let mut params = json!({"_meta": meta});
    let mut request = Request::new("POST", url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if method == "tools/call" {
        params["name"] = "write_note".into();
        params["arguments"] = json!({"text": "x"});
        request = request.header("mcp-name", "write_note");
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    request.body(body.to_string())
}

fn token_request(lab: &Lab, form: &[(String, String)]) -> Request {
    form_request(lab, "/token", form)
}

fn form_request(lab: &Lab, path: &str, form: &[(String, String)]) -> Request {
    let pairs = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Request::new("POST", format!("{}{path}", lab.as_url()))
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encode_pairs(pairs))
}

/// These parameters with the changes made; an empty value leaves one out.
fn changed(
    pairs: &[(&str, &str)],
    changes: &[(&'static str, &'static str)],
) -> Vec<(String, String)> {
    let kept = pairs
        .iter()
        .filter(|(name, _)| changes.iter().all(|(known, _)| known != name));
    let set = changes.iter().filter(|(_, value)| !value.is_empty());
    kept.chain(set)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn text(answer: &Value, member: &str) -> Option<String> {
    answer[member].as_str().map(str::to_owned)
}
