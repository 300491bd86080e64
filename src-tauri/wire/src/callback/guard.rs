//! Stands in front of `tiny_http` and passes on requests that have come whole.
//!
//! `tiny_http` has a thread for each connection and none of these limits:
//! - A connection that says nothing, or little at a time, keeps its thread for ever, and when
//!   several come at once it leaves some without a thread until another one ends: the callback may
//!   be among those. Here a request has [`Limits::patience`] to come whole, and a thread is needed
//!   only for as long as an answer takes.
//! - Its accept loop ends for good at the first error, as when descriptors run out. Here it goes
//!   on.
//! - It reads a head of any size.
//! - It allocates a body as large as was announced when it throws one away, and never answers a
//!   request of HTTP/2. Both are answered here.
//! - It keeps a connection open that it announced to close. Here it is closed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use trace::Response;

use super::answer::{Callback, MOST_BODY};
use super::page::{head, refusal};
use super::serve::Answering;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a request to come whole, and for its answer to be taken.
    pub(super) patience: Duration,
    /// Connections at once. When another one comes, the oldest is closed.
    pub(super) connections: usize,
    /// Requests that are answered in one wait. After that many the sockets are closed.
    pub(super) requests: usize,
    /// Bytes of a request's line and headers.
    pub(super) head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            connections: 128,
            requests: 1_000,
            head: 64 * 1024,
        }
    }
}

/// The sockets and what came by them. Dropping it closes all of them.
pub(super) struct Guard {
    sockets: Vec<TcpListener>,
    server: Arc<Answering>,
    limits: Limits,
    connections: JoinSet<Talk>,
    oldest_first: VecDeque<AbortHandle>,
    /// Requests that may still be answered.
    left: Arc<AtomicUsize>,
}

/// What came of a connection.
enum Talk {
    /// No request came whole.
    Nothing,
    Answered,
    /// There have been too many requests.
    TooMuch,
    Callback(Box<Callback>),
}

/// What a connection said.
enum Said {
    Nothing,
    /// A request without anything behind it.
    Request(Vec<u8>),
    /// What `tiny_http` cannot answer.
    Refused(Response),
}

impl Guard {
    pub(super) fn new(
        sockets: Vec<StdListener>,
        server: Arc<Answering>,
        limits: Limits,
    ) -> io::Result<Self> {
        let listening = |socket: StdListener| {
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket)
        };
        Ok(Self {
            sockets: sockets
                .into_iter()
                .map(listening)
                .collect::<Result<_, _>>()?,
            server,
            limits,
            connections: JoinSet::new(),
            oldest_first: VecDeque::new(),
            left: Arc::new(AtomicUsize::new(limits.requests)),
        })
    }

    /// Waits for the callback. Its page has been written when this returns. `None` after too many
    /// requests: then the sockets are closed.
    pub(super) async fn callback(&mut self) -> Option<Callback> {
        loop {
            tokio::select! {
                Some(talk) = self.connections.join_next() => {
                    match talk.unwrap_or(Talk::Nothing) {
                        Talk::Callback(callback) => return Some(*callback),
                        Talk::TooMuch => {
                            self.sockets.clear();
                            return self.last_callback().await;
                        }
                        Talk::Answered | Talk::Nothing => {}
                    }
                }
                accepted = accept(&self.sockets) => match accepted {
                    Ok(stream) => self.take(stream),
                    Err(error) => {
                        tracing::debug!(%error, "the callback listener could not take a connection");
                        // When there are no descriptors for it, there will not be any a moment
                        // later.
                        sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }

    /// The callback, if it is among the requests that are being answered.
    async fn last_callback(&mut self) -> Option<Callback> {
        while let Some(talk) = self.connections.join_next().await {
            if let Ok(Talk::Callback(callback)) = talk {
                return Some(*callback);
            }
        }
        None
    }

    fn take(&mut self, stream: TcpStream) {
        self.oldest_first.retain(|talk| !talk.is_finished());
        if self.oldest_first.len() >= self.limits.connections
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            oldest.abort();
        }
        let (server, left) = (self.server.clone(), self.left.clone());
        let talk = talk(stream, server, left, self.limits);
        self.oldest_first.push_back(self.connections.spawn(talk));
    }
}

/// The next connection of any socket. Without sockets it never comes.
async fn accept(sockets: &[TcpListener]) -> io::Result<TcpStream> {
    poll_fn(|cx| {
        for socket in sockets {
            if let Poll::Ready(accepted) = socket.poll_accept(cx) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

async fn talk(
    mut stream: TcpStream,
    server: Arc<Answering>,
    left: Arc<AtomicUsize>,
    limits: Limits,
) -> Talk {
    let said = timeout(limits.patience, listen(&mut stream, limits.head)).await;
    let answering = async {
        let said = match said {
            Ok(said) => said?,
            Err(_) => Said::Nothing,
        };
        if matches!(said, Said::Nothing) {
            return Ok(Talk::Nothing);
        }
        let one_less = |left: usize| left.checked_sub(1);
        let is_left = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
        match said {
            _ if is_left.is_err() => {
                refuse(&mut stream, &refusal(503, "Too much was asked here.")).await?;
                Ok(Talk::TooMuch)
            }
            Said::Request(request) => pass_on(&mut stream, &request, &server).await,
            Said::Refused(response) => refuse(&mut stream, &response).await,
            Said::Nothing => Ok(Talk::Nothing),
        }
    };
    let talked = match timeout(limits.patience, answering).await {
        Ok(Ok(talked)) => talked,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection of the callback listener ended early");
            Talk::Nothing
        }
        Err(_) => Talk::Nothing,
    };
    if matches!(talked, Talk::Answered) {
        linger(&mut stream).await;
    }
    talked
}

async fn refuse(stream: &mut TcpStream, response: &Response) -> io::Result<Talk> {
    let mut bytes = head(response).into_bytes();
    bytes.extend_from_slice(&response.body.bytes);
    stream.write_all(&bytes).await?;
    Ok(Talk::Answered)
}

/// Reads a request.
async fn listen(stream: &mut TcpStream, most_head: usize) -> io::Result<Said> {
    let mut bytes = Vec::new();
    let end = loop {
        let end = head_end(&bytes);
        if end.unwrap_or(bytes.len()) > most_head {
            return Ok(Said::Refused(refusal(431, "The head is too long.")));
        }
        if let Some(end) = end {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(Said::Nothing);
        }
    };
    let mut body = bytes.split_off(end);
    let length = match body_length(&bytes) {
        Ok(length) => length,
        Err(response) => return Ok(Said::Refused(response)),
    };
    if take_expectation(&mut bytes) && body.len() < length {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(Said::Nothing);
        }
    }
    // Nothing else is read from a connection that will be closed.
    bytes.extend_from_slice(&body[..length]);
    Ok(Said::Request(bytes))
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// How long the body is that belongs to a head, or what is answered to a head that `tiny_http`
/// would leave unanswered.
fn body_length(head: &[u8]) -> Result<usize, Response> {
    let Some(head) = std::str::from_utf8(head)
        .ok()
        .filter(|head| head.is_ascii())
    else {
        return Err(refusal(400, "Only ASCII is read here."));
    };
    let mut lines = head.lines();
    let version = lines.next().and_then(|line| line.trim().rsplit(' ').next());
    match version {
        Some("HTTP/1.1" | "HTTP/1.0") => {}
        Some(version) if version.starts_with("HTTP/") => {
            return Err(refusal(505, "Only HTTP/1.1 is spoken here."));
        }
        _ => return Err(refusal(400, "This is not HTTP.")),
    }
    let headers = || lines.clone().filter_map(|line| line.split_once(':'));
    let values = |wanted: &'static str| {
        headers()
            .filter(move |(name, _)| name.trim().eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    if values("transfer-encoding").next().is_some() {
        return Err(refusal(411, "A body is read here only with its length."));
    }
    let mut lengths = values("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(0),
        (Some(length), None) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            let length = length.parse().map_err(|_| too_long())?;
            if length <= MOST_BODY {
                Ok(length)
            } else {
                Err(too_long())
            }
        }
        _ => Err(refusal(400, "The length of the body is not clear.")),
    }
}

fn too_long() -> Response {
    refusal(413, "This is too long.")
}

/// Takes `expect: 100-continue` out of a head; it has been met when the request is passed on. Any
/// other expectation stays, and `tiny_http` refuses it.
fn take_expectation(head: &mut Vec<u8>) -> bool {
    let is_it = |line: &&[u8]| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        let expected = line
            .split_once(':')
            .filter(|(name, _)| name.trim() == "expect");
        expected.is_some_and(|(_, value)| value.trim() == "100-continue")
    };
    let lines = || head.split_inclusive(|&byte| byte == b'\n');
    if !lines().any(|line| is_it(&line)) {
        return false;
    }
    *head = lines()
        .filter(|line| !is_it(line))
        .flatten()
        .copied()
        .collect();
    true
}

/// Hands a request to `tiny_http`, and its answer back.
async fn pass_on(stream: &mut TcpStream, request: &[u8], server: &Answering) -> io::Result<Talk> {
    let mut inside = TcpStream::connect(server.address()).await?;
    let from = inside.local_addr()?;
    server.admit(from);
    let mut answer = Vec::new();
    let passed = async {
        inside.write_all(request).await?;
        // So that nobody waits for more.
        inside.shutdown().await?;
        inside.read_to_end(&mut answer).await?;
        stream.write_all(&answer).await?;
        stream.shutdown().await
    };
    let passed = passed.await;
    match server.callback_of(from) {
        Some(callback) => Ok(Talk::Callback(Box::new(callback))),
        None => passed.map(|()| Talk::Answered),
    }
}

/// Says that nothing more comes, and waits a moment for the other side to close: bytes that were
/// not read would reset the connection, and the answer might be lost.
async fn linger(stream: &mut TcpStream) {
    const MOMENT: Duration = Duration::from_secs(1);
    const MOST: u64 = 256 * 1024;
    let rest = async {
        stream.shutdown().await?;
        let mut thrown_away = tokio::io::sink();
        tokio::io::copy(&mut stream.take(MOST), &mut thrown_away).await
    };
    let _ = timeout(MOMENT, rest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_body_is_clear_or_refused() {
        let length = |headers: &str| {
            body_length(format!("POST / HTTP/1.1\r\n{headers}\r\n").as_bytes())
                .map_err(|response| response.status)
        };
        for (headers, expected) in [
            ("", Ok(0)),
            ("Content-Length: 0\r\n", Ok(0)),
            ("CONTENT-LENGTH:65536 \r\n", Ok(65_536)),
            ("Content-Length: 65537\r\n", Err(413)),
            ("Content-Length: 99999999999999999999999\r\n", Err(413)),
            ("Content-Length: +1\r\n", Err(400)),
            ("Content-Length: -1\r\n", Err(400)),
            ("Content-Length: 1, 1\r\n", Err(400)),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", Err(400)),
            ("Content-Length : 1\r\nContent-Length: 2\r\n", Err(400)),
            ("Transfer-Encoding: chunked\r\n", Err(411)),
            ("Content-Length: 1\r\ntransfer-encoding: x\r\n", Err(411)),
        ] {
            assert_eq!(length(headers), expected, "{headers}");
        }
        for (line, status) in [
            ("PRI * HTTP/2.0", 505),
            ("GET / HTTP/3.0", 505),
            ("GET /", 400),
            ("garbage", 400),
            ("GET /ü HTTP/1.1", 400),
        ] {
            let refused = body_length(format!("{line}\r\n\r\n").as_bytes()).unwrap_err();
            assert_eq!(refused.status, status, "{line}");
        }
    }

    #[test]
    fn the_expectation_that_was_met_is_taken_out_and_no_other() {
        let mut met =
            b"POST / HTTP/1.1\r\nHost: a\r\nEXPECT: 100-Continue\r\nA: b\r\n\r\n".to_vec();
        assert!(take_expectation(&mut met));
        assert_eq!(met, b"POST / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n");
        let other = b"POST / HTTP/1.1\r\nExpect: miracles\r\n\r\n".to_vec();
        let mut kept = other.clone();
        assert!(!take_expectation(&mut kept));
        assert_eq!(kept, other);
    }
}
