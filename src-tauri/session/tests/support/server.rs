//! An MCP server and its authorization server in one. It answers only when a test allows it, and
//! breaks off where it is told to.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use test_support::within;

/// Answers as a healthy server does, but for the paths that are held: a request there stays open.
pub struct Server {
    origin: String,
    held: Arc<Mutex<HashSet<&'static str>>>,
    count: Arc<Count>,
    arrivals: mpsc::UnboundedReceiver<()>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let held: Arc<Mutex<HashSet<&'static str>>> = Arc::default();
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let count = Arc::new(Count::default());
        let shared = (origin.clone(), held.clone(), count.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let ((origin, held, count), arrived) = (shared.clone(), arrived.clone());
                tokio::spawn(serve(stream, origin, held, count, arrived));
            }
        });
        Self {
            origin,
            held,
            count,
            arrivals,
        }
    }

    /// The `nth` thing that the server does from now on breaks the connection: taking it, reading a
    /// request, writing the head of an answer, writing its end.
    pub fn break_at(&self, nth: usize) {
        self.count.left.store(nth, Ordering::SeqCst);
    }

    /// The `nth` request from now on is held.
    pub fn hold_at(&self, nth: usize) {
        self.count.requests_left.store(nth, Ordering::SeqCst);
    }

    /// Whether what [`Server::break_at`] or [`Server::hold_at`] counts to has come.
    pub fn has_come(&self) -> bool {
        let left = [&self.count.left, &self.count.requests_left];
        left.iter().all(|left| left.load(Ordering::SeqCst) == 0)
    }

    pub fn mcp_url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// How often a user was logged in that the browser did not remember.
    pub fn logins(&self) -> usize {
        self.count.logins.load(Ordering::SeqCst)
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

/// What is left to do before something goes wrong; nothing goes wrong at zero.
#[derive(Default)]
struct Count {
    left: AtomicUsize,
    requests_left: AtomicUsize,
    logins: AtomicUsize,
}

/// Counts down, and says whether this was the one.
fn is_it(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) == Ok(1)
}

async fn serve(
    mut stream: TcpStream,
    origin: String,
    held: Arc<Mutex<HashSet<&'static str>>>,
    count: Arc<Count>,
    arrived: mpsc::UnboundedSender<()>,
) -> Option<()> {
    if is_it(&count.left) {
        return None;
    }
    let asked = read(&mut stream).await?;
    if is_it(&count.left) {
        return None;
    }
    let target = asked.split_whitespace().nth(1)?.to_owned();
    let path = target.split('?').next()?.to_owned();
    let is_held = held
        .lock()
        .expect("no test panics here")
        .contains(path.as_str());
    if is_held || is_it(&count.requests_left) {
        let _ = arrived.send(());
        let mut rest = [0; 64];
        while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
        return None;
    }
    let answer = match path.as_str() {
        "/authorize" => {
            if !asked.contains("\r\ncookie: known=1") {
                count.logins.fetch_add(1, Ordering::SeqCst);
            }
            redirect(&target)?
        }
        path => answer(&asked, path).replace("{origin}", &origin),
    };
    // The length is announced, so that an end in the middle shows.
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = if head.contains("content-length") {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let head = format!("{head}\r\n{length}\r\n");
    let parts = [&head[..head.len() / 2], &head[head.len() / 2..], body];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if is_it(&count.left) {
            return None;
        }
        stream.write_all(part.as_bytes()).await.ok()?;
    }
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

/// The user agrees at once, and is known from then on.
fn redirect(target: &str) -> Option<String> {
    let asked = trace::query_pairs(&format!("http://any{target}"));
    let value = |name: &str| {
        let pair = asked.iter().find(|pair| pair.name == name)?;
        Some(pair.value.as_str())
    };
    let answer = [("code", "c1"), ("state", value("state")?)];
    let location = trace::with_query(value("redirect_uri")?, answer);
    let headers = format!("location: {location}\r\nset-cookie: known=1\r\ncontent-length: 0");
    Some(head(302, &headers))
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
