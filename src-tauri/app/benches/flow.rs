//! A whole flow by a session against the same requests sent bare with the HTTP client, in turn, in
//! one process.
//!
//! `cargo xtask bench flow`. A flow is over when the session rests: every row was reported, and
//! every rule has judged all of it. The limit is 1.15 times what a client of the library's own
//! making takes, one for each flow as a session has one. The other figure leaves out what such a
//! client spends on reading the system's certificates, which a session does once for the whole
//! program: what remains above 1 is the work between the requests, the judging at the end, and the
//! threads of the callback's server, where the bare flow answers the callback at once.

use std::time::{Duration, Instant};

use app::Document;
use lab::{Lab, LabOptions};
use reqwest::{Client, ClientBuilder, redirect};
use serde_json::{Value, json};
use session::{Browser, Options, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vault::Vault;

const ROUNDS: usize = 40;
const WARM_UP: usize = 5;
const LIMIT: f64 = 1.15;

#[tokio::main]
async fn main() {
    // `cargo test --all-targets` runs benchmarks too, without this argument. Nothing is measured
    // then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let lab = Lab::start(LabOptions {
        auto_approve: true,
        ..LabOptions::default()
    })
    .await
    .expect("two free ports");
    // For the bare client; `wire` brings its own.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("it is the first");
    let (mut sessions, mut bares, mut without_tls) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let session = timed(by_session(lab.mcp_url())).await;
        let plain = timed(bare(lab.mcp_url(), Client::builder())).await;
        let leaner = timed(bare(lab.mcp_url(), Client::builder().tls_certs_only([]))).await;
        if round >= WARM_UP {
            sessions.push(session);
            bares.push(plain);
            without_tls.push(leaner);
        }
    }
    let ratio = median_ratio(&sessions, &bares);
    let leaner = median_ratio(&sessions, &without_tls);
    let verdict = |ratio: f64| if ratio <= LIMIT { "within" } else { "above" };
    println!("a whole flow against the lab, {ROUNDS} rounds, medians; the limit is {LIMIT}");
    println!(
        "  session                             {:>8.3} ms",
        median(sessions)
    );
    println!(
        "  bare reqwest                        {:>8.3} ms",
        median(bares)
    );
    println!(
        "  bare reqwest without certificates   {:>8.3} ms",
        median(without_tls)
    );
    for (name, ratio) in [
        ("ratio                     ", ratio),
        ("ratio without certificates", leaner),
    ] {
        println!(
            "  {name}          {ratio:>8.3}     {} {LIMIT}",
            verdict(ratio)
        );
    }
}

/// The median of the ratios round by round: the machine's speed may drift.
fn median_ratio(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<f64> = one
        .iter()
        .zip(other)
        .map(|(one, other)| one.as_secs_f64() / other.as_secs_f64())
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

fn median(mut all: Vec<Duration>) -> f64 {
    all.sort();
    all[all.len() / 2].as_secs_f64() * 1000.0
}

async fn by_session(url: &str) {
    let options = Options {
        server_url: url.into(),
        browser: Browser::Approver { form: Vec::new() },
        use_stored_token: false,
        ..Options::default()
    };
    let vault = Vault::memory("a benchmark");
    let document = Document::live(1, options, vault)
        .await
        .expect("the options are usable");
    let session = document.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    // The result of the flow is shown by then, and so is what the rules say about it.
    document.rest().await;
    let view = document.view().expect("a run says where it stands");
    assert!(
        matches!(view.status, Status::Done { .. }),
        "{:?}",
        view.status
    );
}

/// The requests of a flow. Each is filled in from the answer before it, and nothing else is done.
async fn bare(url: &str, client: ClientBuilder) {
    let client = client
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let redirect_uri = format!(
        "http://{}/callback",
        listener.local_addr().expect("it is bound")
    );

    let (status, _, challenge) = call(&client, url, "server/discover", None).await;
    assert_eq!(status, 401);
    let metadata_url = challenge
        .split('"')
        .nth(1)
        .expect("resource_metadata")
        .to_owned();
    let resource = get(&client, &metadata_url).await;
    let issuer = resource["authorization_servers"][0]
        .as_str()
        .expect("an issuer");
    let server = get(
        &client,
        &format!("{issuer}/.well-known/oauth-authorization-server"),
    )
    .await;
    let endpoint = |name: &str| server[name].as_str().expect("an endpoint").to_owned();
    let registration = json!({
        "client_name": "bare",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": "mcp:read offline_access",
    });
    let client_json = json_of(
        client
            .post(endpoint("registration_endpoint"))
            .json(&registration),
    )
    .await;
    let client_id = client_json["client_id"].as_str().expect("a client_id");

    // RFC 7636 appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let query = trace::with_query(
        &endpoint("authorization_endpoint"),
        [
            ("response_type", "code"),
            ("client_id", client_id),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &redirect_uri),
            ("state", "xyz-of-enough-length"),
            ("scope", "mcp:read offline_access"),
            ("prompt", "consent"),
            ("resource", url),
        ],
    );
    let authorized = client.get(query).send().await.expect("an answer");
    let location = authorized.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let (_, called_back) = tokio::join!(client.get(&location).send(), answer_one(listener));
    called_back.expect("a callback");
    let code = trace::query_pairs(&location)
        .into_iter()
        .find(|pair| pair.name == "code")
        .expect("a code")
        .value;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier),
        ("resource", url),
        ("client_id", client_id),
    ];
    let request = client
        .post(endpoint("token_endpoint"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(trace::encode_pairs(form));
    let tokens = json_of(request).await;
    let token = tokens["access_token"].as_str().expect("an access token");
    for method in ["server/discover", "tools/list"] {
        let (status, _, _) = call(&client, url, method, Some(token)).await;
        assert_eq!(status, 200);
    }
}

/// A JSON-RPC call of 2026-07-28: status, body and challenge.
async fn call(
    client: &Client,
    url: &str,
    method: &str,
    token: Option<&str>,
) -> (u16, Value, String) {
    let version = "2026-07-28";
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": { "_meta": {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": { "name": "bare", "version": "0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        } },
    });
    let mut request = client
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", version)
        .header("mcp-method", method)
        .body(body.to_string());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let challenge = response
        .headers()
        .get("www-authenticate")
        .map(|value| value.to_str().expect("text").to_owned());
    let body = response.bytes().await.expect("a body");
    (
        status,
        serde_json::from_slice(&body).unwrap_or_default(),
        challenge.unwrap_or_default(),
    )
}

async fn get(client: &Client, url: &str) -> Value {
    json_of(client.get(url).header("accept", "application/json")).await
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let body = request
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

/// Answers one request with an empty page.
async fn answer_one(listener: TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 2048];
        let read = stream.read(&mut part).await?;
        head.extend_from_slice(&part[..read]);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .await
}
