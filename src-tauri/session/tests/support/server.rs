//! An MCP server and its authorization server in one, that answers only when it is let.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use test_support::within;

/// Answers as a healthy server does, but for the paths that are held: a request there stays open.
pub struct Server {
    origin: String,
    held: Arc<Mutex<HashSet<&'static str>>>,
    arrivals: mpsc::UnboundedReceiver<()>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let held: Arc<Mutex<HashSet<&'static str>>> = Arc::default();
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let shared = (origin.clone(), held.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let ((origin, held), arrived) = (shared.clone(), arrived.clone());
                tokio::spawn(serve(stream, origin, held, arrived));
            }
        });
        Self {
            origin,
            held,
            arrivals,
        }
    }

    pub fn mcp_url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// Requests to this path are not answered from now on.
    pub fn hold(&self, path: &'static str) {
        self.held.lock().expect("no test panics here").insert(path);
    }

    /// Requests to this path are answered again.
    pub fn release(&self, path: &'static str) {
        self.held.lock().expect("no test panics here").remove(path);
    }

    /// Waits until one more request is held.
    pub async fn arrival(&mut self) {
        within("a request to arrive", self.arrivals.recv())
            .await
            .expect("the server lives");
    }
}

async fn serve(
    mut stream: TcpStream,
    origin: String,
    held: Arc<Mutex<HashSet<&'static str>>>,
    arrived: mpsc::UnboundedSender<()>,
) -> Option<()> {
    let asked = read(&mut stream).await?;
    let target = asked.split_whitespace().nth(1)?.to_owned();
    let path = target.split('?').next()?.to_owned();
    let is_held = held
        .lock()
        .expect("no test panics here")
        .contains(path.as_str());
    if is_held {
        let _ = arrived.send(());
        let mut rest = [0; 64];
        while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
        return None;
    }
    let answer = answer(&asked, &path).replace("{origin}", &origin);
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn answer(asked: &str, path: &str) -> String {
    let with_token = asked
        .to_ascii_lowercase()
        .contains("\r\nauthorization: bearer");
    let json = |status, body: &str| {
        let headers = "content-type: application/json\r\ncache-control: no-store";
        format!("{}{body}", head(status, headers))
    };
    match path {
        "/mcp" if !with_token => head(
            401,
            "www-authenticate: Bearer resource_metadata=\
             \"{origin}/.well-known/oauth-protected-resource/mcp\"\r\ncontent-length: 0",
        ),
        "/mcp" if asked.contains("tools/list") => {
            json(200, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#)
        }
        "/mcp" => json(
            200,
            r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","supportedVersions":[]}}"#,
        ),
        path if path.starts_with("/.well-known/oauth-protected-resource") => json(
            200,
            r#"{"resource":"{origin}/mcp","authorization_servers":["{origin}"]}"#,
        ),
        path if path.starts_with("/.well-known/") => json(
            200,
            r#"{"issuer":"{origin}","authorization_endpoint":"{origin}/authorize",
               "token_endpoint":"{origin}/token","registration_endpoint":"{origin}/register",
               "device_authorization_endpoint":"{origin}/device",
               "response_types_supported":["code"],"code_challenge_methods_supported":["S256"]}"#,
        ),
        "/register" => json(201, r#"{"client_id":"c"}"#),
        "/device" => json(
            200,
            r#"{"device_code":"d","user_code":"u","verification_uri":"{origin}/page",
               "expires_in":900,"interval":120}"#,
        ),
        "/page" => format!(
            "{}<!doctype html><title>Done</title>",
            head(200, "content-type: text/html")
        ),
        "/token" => json(
            200,
            r#"{"access_token":"opaque","token_type":"Bearer","expires_in":3600,
               "refresh_token":"again"}"#,
        ),
        _ => head(404, "content-length: 0"),
    }
}

fn head(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Any\r\nconnection: close\r\n{headers}\r\n\r\n")
}

/// A whole request: head and body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
            _ => return None,
        }
    }
}
