//! A server that answers with the bytes it was given and shows the bytes it received.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use trace::{Failure, Outcome, Response};
use wire::{Sent, Settings, Wire};

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What to do with a request, by its text.
pub type Handler = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

pub enum Reply {
    /// The connection stays open for the next request.
    Then(Vec<u8>),
    /// The connection is closed behind it.
    Close(Vec<u8>),
    /// The connection is held without another byte.
    Hold(Vec<u8>),
}

pub struct Server {
    pub address: SocketAddr,
    received: UnboundedReceiver<String>,
}

impl Server {
    pub async fn start(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = unbounded_channel();
        let handler: Handler = Arc::new(handler);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, handler.clone(), sender.clone()));
            }
        });
        Self { address, received }
    }

    /// Answers every request with the same bytes.
    pub async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| Reply::Then(bytes.clone())).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next of the requests that came, if there is one by now.
    pub fn received_so_far(&mut self) -> Option<String> {
        self.received.try_recv().ok()
    }

    /// The next request as it came, head and body.
    pub async fn received(&mut self) -> String {
        within(self.received.recv())
            .await
            .expect("the server is gone")
    }
}

/// Reads requests off a connection and answers them.
pub async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    handler: Handler,
    sender: UnboundedSender<String>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let reply = handler(&request);
        let _ = sender.send(request);
        let (bytes, stays) = match &reply {
            Reply::Then(bytes) => (bytes, true),
            Reply::Close(bytes) | Reply::Hold(bytes) => (bytes, false),
        };
        if stream.write_all(bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        if matches!(reply, Reply::Hold(_)) {
            // Until the client goes away.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        if !stays {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut one).await.ok()? == 0 {
            return None;
        }
        bytes.push(one[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    bytes.extend(body);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Fails where something hangs.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("nothing happened within 20 s")
}

pub fn wire() -> Wire {
    Wire::new(&Settings::default()).unwrap()
}

/// An address where nothing listens. It stays bound while the process runs, so that nobody else
/// listens there.
pub fn closed_port() -> SocketAddr {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    std::mem::forget(socket);
    address
}

/// A port that was free a moment ago, for a listener that is told its port.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A raw exchange with a listener: the bytes go out, everything until the end comes back.
pub async fn raw(address: &str, bytes: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    within(stream.read_to_end(&mut answer)).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[track_caller]
pub fn response(sent: &Sent) -> &Response {
    match &sent.outcome {
        Outcome::Response(response) => response,
        Outcome::Failure(failure) => panic!("no response: {failure:?}"),
    }
}

#[track_caller]
pub fn failure(sent: &Sent) -> &Failure {
    match &sent.outcome {
        Outcome::Failure(failure) => failure,
        Outcome::Response(response) => panic!("a response: {response:?}"),
    }
}
