//! A client that does every step by hand, so that a test can leave one out or do it wrong.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lab::{Lab, LabOptions, Misbehaviour};
use reqwest::{Method, redirect::Policy};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

pub const CALLBACK: &str = "http://127.0.0.1:43117/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const BOTH: &str = "application/json, text/event-stream";
pub const MODERN: &str = "2026-07-28";
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The JSON-RPC message, be it sent as JSON or as the only event of a stream.
    pub fn message(&self) -> Value {
        match self.header("content-type") {
            "text/event-stream" => {
                let data = self
                    .text
                    .lines()
                    .find_map(|line| line.strip_prefix("data: "));
                serde_json::from_str(data.expect("an event")).unwrap()
            }
            _ => self.json(),
        }
    }

    /// The parameters of the URL that a redirect leads to.
    pub fn location(&self) -> HashMap<String, String> {
        let url =
            Url::parse(self.header("location")).unwrap_or_else(|_| panic!("no redirect: {self:?}"));
        url.query_pairs().into_owned().collect()
    }

    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// A request being put together.
pub struct Ask(reqwest::RequestBuilder);

pub fn ask(method: Method, url: &str) -> Ask {
    // Without kept connections one client can serve the runtimes of all tests.
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("the first to install one");
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0);
        client.build().unwrap()
    });
    Ask(CLIENT.request(method, url))
}

pub fn get(url: &str) -> Ask {
    ask(Method::GET, url)
}

pub fn post(url: &str) -> Ask {
    ask(Method::POST, url)
}

impl Ask {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn basic(self, id: &str, secret: &str) -> Self {
        Self(self.0.basic_auth(id, Some(secret)))
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form(fields);
        Self(
            self.0
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body),
        )
    }

    pub fn json(self, body: &Value) -> Self {
        Self(
            self.0
                .header("content-type", "application/json")
                .body(body.to_string()),
        )
    }

    pub async fn send(self) -> Reply {
        let response = self.0.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply {
            status,
            headers,
            text: response.text().await.expect("a whole body"),
        }
    }
}

pub async fn healthy() -> Lab {
    Lab::start(LabOptions::default()).await.unwrap()
}

pub async fn misbehaving(misbehaviour: Misbehaviour) -> Lab {
    let options = LabOptions {
        misbehaviour: Some(misbehaviour),
        ..LabOptions::default()
    };
    Lab::start(options).await.unwrap()
}

pub async fn started(change: impl FnOnce(&mut LabOptions)) -> Lab {
    let mut options = LabOptions::default();
    change(&mut options);
    Lab::start(options).await.unwrap()
}

pub async fn metadata(base: &str) -> Value {
    get(&format!("{base}/.well-known/oauth-authorization-server"))
        .send()
        .await
        .json()
}

pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// What is inside a JWT.
pub fn decoded(token: &str, part: usize) -> Value {
    let part = token
        .split('.')
        .nth(part)
        .unwrap_or_else(|| panic!("no JWT: {token}"));
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// A client's own key.
pub struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Key {
    pub fn new() -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self::from_pkcs8(pkcs8.unwrap().as_ref())
    }

    /// The key of `lab-jwt`.
    pub fn of_the_lab() -> Self {
        let lines = lab::CLIENT_PRIVATE_KEY
            .lines()
            .filter(|line| !line.starts_with('-'));
        Self::from_pkcs8(&STANDARD.decode(lines.collect::<String>()).unwrap())
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Self {
        let random = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).unwrap();
        Self { pair, random }
    }

    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (
            URL_SAFE_NO_PAD.encode(&point[1..33]),
            URL_SAFE_NO_PAD.encode(&point[33..]),
        );
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
            jwk["x"], jwk["y"]
        );
        challenge_of(&canonical)
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = parts.join(".");
        let signature = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A JWT with nothing special in its header.
    pub fn jwt(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "JWT" }), claims)
    }

    /// A right client assertion, with some claims replaced; `null` leaves one out.
    pub fn assertion(&self, client_id: &str, audience: &str, changes: &Value) -> String {
        let mut claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience, "iat": now(), "exp": now() + 60,
            "jti": URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        });
        replace(&mut claims, changes);
        self.jwt(&claims)
    }
}

/// Replaces members of an object; `null` leaves one out.
pub fn replace(object: &mut Value, changes: &Value) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
}

/// The metadata a well-behaved native client registers.
pub fn native_client() -> Value {
    json!({
        "client_name": "By hand",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
}

/// A right authorization request, as parameters that a test may replace.
pub fn authorization_request(lab: &Lab, client_id: &str) -> Vec<(String, String)> {
    [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("scope", "mcp:read"),
        ("state", "a-state"),
        ("code_challenge", &challenge_of(VERIFIER)),
        ("code_challenge_method", "S256"),
        ("resource", lab.mcp_url()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Replaces a parameter; an empty value leaves it out.
pub fn with(mut request: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    request.retain(|(known, _)| known != name);
    if !value.is_empty() {
        request.push((name.to_owned(), value.to_owned()));
    }
    request
}

pub async fn authorize(base: &str, request: &[(String, String)]) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(request)
        .finish();
    get(&format!("{base}/authorize?{query}")).send().await
}

/// The values the page's form comes with.
pub fn form_fields(page: &Reply) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let start = tag.find(&format!("{name}=\"")).expect("the attribute") + name.len() + 2;
        tag[start..].split('"').next().unwrap().to_owned()
    };
    let inputs = page.text.split("<input ").skip(1);
    inputs
        .map(|tag| (attribute(tag, "name"), attribute(tag, "value")))
        .collect()
}

/// Sends the page's form as it came, with `extra` fields that replace its own.
pub async fn submit(base: &str, page: &Reply, extra: &[(&str, &str)]) -> Reply {
    assert_eq!(page.status, 200, "{page:?}");
    let mut fields = form_fields(page);
    for (name, value) in extra {
        fields = with(fields, name, value);
    }
    post(&format!("{base}/authorize/decision"))
        .form(&borrowed(&fields))
        .send()
        .await
}

/// Goes from a right authorization request to the callback's parameters.
pub async fn approved(base: &str, request: &[(String, String)]) -> HashMap<String, String> {
    let page = authorize(base, request).await;
    submit(base, &page, &[]).await.location()
}

/// A request's fields, as `form` takes them.
pub fn borrowed(request: &[(String, String)]) -> Vec<(&str, &str)> {
    request
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

pub async fn code(lab: &Lab, client_id: &str) -> String {
    approved(lab.as_url(), &authorization_request(lab, client_id))
        .await
        .remove("code")
        .expect("a code")
}

pub async fn token(base: &str, fields: &[(&str, &str)]) -> Reply {
    post(&format!("{base}/token")).form(fields).send().await
}

pub async fn exchange(lab: &Lab, client_id: &str, code: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", lab.mcp_url()),
    ];
    token(lab.as_url(), &fields).await
}

pub async fn refresh(lab: &Lab, client_id: &str, refresh_token: &str) -> Reply {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", refresh_token),
        ("resource", lab.mcp_url()),
    ];
    token(lab.as_url(), &fields).await
}

/// The token answer of the pre-registered public client.
pub async fn tokens(lab: &Lab) -> Value {
    let code = code(lab, "lab-public").await;
    let reply = exchange(lab, "lab-public", &code).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// An access token with these scopes.
pub async fn access_token(lab: &Lab, scope: &str) -> String {
    let request = with(authorization_request(lab, "lab-public"), "scope", scope);
    let code = approved(lab.as_url(), &request)
        .await
        .remove("code")
        .unwrap();
    exchange(lab, "lab-public", &code).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A right request of the stateless revision.
pub fn modern(lab: &Lab, token: &str, method: &str, params: Value) -> Ask {
    let body = modern_body(method, params);
    let ask = post(lab.mcp_url())
        .header("accept", BOTH)
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", method)
        .bearer(token);
    match body["params"]["name"].as_str() {
        Some(name) => ask.header("mcp-name", name),
        None => ask,
    }
    .json(&body)
}

pub fn modern_body(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

pub fn initialize(version: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
    }})
}

/// A POST as the handshake revisions send it.
pub fn legacy(lab: &Lab, token: &str, session: &str, body: &Value) -> Ask {
    let ask = post(lab.mcp_url())
        .header("accept", BOTH)
        .bearer(token)
        .json(body);
    if session.is_empty() {
        ask
    } else {
        ask.header("mcp-session-id", session)
    }
}

pub fn call(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// Registers a client, and gives the answer.
pub async fn register(lab: &Lab, client: &Value) -> Value {
    let reply = post(&format!("{}/register", lab.as_url()))
        .json(client)
        .send()
        .await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}
