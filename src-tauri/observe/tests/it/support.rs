//! A server that keeps what it gets, the proxy before it, and a client that sends raw bytes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use observe::{Limits, Observer, Port, Settings, Tunnel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wire::Wire;

pub const SECRET: &str = "abcdefghijklmnopqrstuvwxyz";
pub const PUBLIC: &str = "https://tunnel.example";

/// A server that answers each request by a script and closes.
pub struct Server {
    pub origin: String,
    got: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `{origin}` in an answer becomes the server's own.
    pub async fn start(script: fn(&str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let (own, keep) = (origin.clone(), got.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (own, keep) = (own.clone(), keep.clone());
                tokio::spawn(async move {
                    let request = read_message(&mut stream).await;
                    let answer = script(&request).replace("{origin}", &own);
                    keep.lock().expect("nothing panics").push(request);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { origin, got }
    }

    /// Everything it got, as text.
    pub fn got(&self) -> Vec<String> {
        self.got.lock().expect("nothing panics").clone()
    }
}

/// A whole answer with a JSON body.
pub fn json(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}connection: close\r\n\r\n{body}"
    )
}

/// An MCP server and its authorization server in one, as far as it matters here.
pub fn mcp(request: &str) -> String {
    let line = request.lines().next().unwrap_or_default();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    match path {
        "/.well-known/oauth-protected-resource/mcp" => json(
            "200 OK",
            "",
            r#"{"resource":"{origin}/mcp","authorization_servers":["{origin}/as"]}"#,
        ),
        "/.well-known/oauth-authorization-server/as" => json(
            "200 OK",
            "",
            r#"{"issuer":"{origin}/as","authorization_endpoint":"{origin}/as/authorize","token_endpoint":"{origin}/as/token","registration_endpoint":"{origin}/as/register"}"#,
        ),
        "/as/register" => {
            let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
            let body = body.trim_start_matches('{');
            json("201 Created", "", &format!("{{\"client_id\":\"me\",{body}"))
        }
        "/as/token" => json(
            "200 OK",
            "",
            r#"{"access_token":"t","token_type":"Bearer"}"#,
        ),
        "/mcp" if request.to_lowercase().contains("authorization: bearer") => {
            json("200 OK", "", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        }
        "/mcp" => json(
            "401 Unauthorized",
            "www-authenticate: Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"\r\n",
            "{}",
        ),
        _ => json("404 Not Found", "", "{}"),
    }
}

pub async fn observed(server_url: String, change: impl FnOnce(&mut Settings)) -> Observer {
    let mut settings = Settings {
        port: Port::Fixed(0),
        ..Settings::for_server(&server_url)
    };
    change(&mut settings);
    let wire = Wire::new(&wire::Settings::default()).expect("the network can be set up");
    Observer::start(settings, wire).await.expect("a free port")
}

/// Behind a tunnel that hands everything on to the port.
pub async fn tunnelled(server_url: String, limits: Limits) -> Observer {
    observed(server_url, |settings| {
        settings.limits = limits;
        settings.tunnel = Some(Tunnel {
            public_url: PUBLIC.into(),
            secret: SECRET.into(),
        });
    })
    .await
}

/// Sends bytes to the proxy as they are, and gives everything that comes back.
pub async fn raw(observer: &Observer, bytes: &str) -> String {
    let address = ("127.0.0.1", observer.port());
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the proxy listens");
    stream.write_all(bytes.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    let _ = within("an answer", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request by the tunnel, whose connection is closed after it.
pub fn by_tunnel(method: &str, target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nhost: tunnel.example\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    match tokio::time::timeout(limit, future).await {
        Ok(done) => done,
        Err(_) => panic!("no {what} within {} s", limit.as_secs()),
    }
}

/// Head and body of a message, by its length.
pub async fn read_message(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let chunked = lower.contains("transfer-encoding: chunked");
            if !chunked && body.len() >= length.unwrap_or(0) || text.ends_with("0\r\n\r\n") {
                return text;
            }
        }
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
            _ => return text,
        }
    }
}
