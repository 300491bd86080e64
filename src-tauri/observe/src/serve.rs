//! Takes connections, within limits, and refuses requests that a client has no reason to send.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::settings::Limits;

/// The body of an answer.
pub type Out = UnsyncBoxBody<Bytes, io::Error>;

/// There is no answer: the connection is closed, as the server's was.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no answer from the server")
    }
}

impl std::error::Error for Closed {}

/// Who answers what comes on the ports.
pub trait Answering: Send + Sync + 'static {
    fn limits(&self) -> &Limits;

    /// Whether the place with this number is asked for by this host.
    fn is_our_host(&self, number: usize, host: &str) -> bool;

    /// Answers a request that came on the port of the place with this number.
    fn answer(
        self: &Arc<Self>,
        number: usize,
        host: &str,
        asked: hyper::Request<Incoming>,
    ) -> impl Future<Output = Result<hyper::Response<Out>, Closed>> + Send;
}

/// When the system has no descriptors for a connection, it will not have any a moment later.
const RECOVERY: Duration = Duration::from_millis(100);

/// How long answers may take to their end once nothing is observed any more.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves the place with this number until `ended` says so.
pub async fn serve(
    proxy: Arc<impl Answering>,
    number: usize,
    sockets: Vec<TcpListener>,
    ended: watch::Receiver<bool>,
) {
    let mut listening = JoinSet::new();
    for socket in sockets {
        listening.spawn(listen(proxy.clone(), number, socket, ended.clone()));
    }
    while listening.join_next().await.is_some() {}
}

async fn listen(
    proxy: Arc<impl Answering>,
    number: usize,
    socket: TcpListener,
    mut ended: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        while connections.len() >= proxy.limits().connections {
            tokio::select! {
                _ = connections.join_next() => {}
                () = over(&mut ended) => return,
            }
        }
        tokio::select! {
            taken = socket.accept() => match taken {
                Ok((stream, _)) => {
                    connections.spawn(talk(proxy.clone(), number, stream, ended.clone()));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be taken");
                    sleep(RECOVERY).await;
                }
            },
            () = over(&mut ended) => break,
        }
    }
    drop(socket);
    let _ = timeout(LAST_WORDS, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}

async fn talk(
    proxy: Arc<impl Answering>,
    number: usize,
    stream: TcpStream,
    mut ended: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(proxy.limits().patience)
        .max_buf_size(proxy.limits().head)
        // The answer has the headers that the server sent.
        .auto_date_header(false);
    let service = service_fn(|asked| answered(&proxy, number, asked));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = over(&mut ended) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Until nothing is observed any more.
async fn over(ended: &mut watch::Receiver<bool>) {
    // An error means that the observer is gone.
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn answered(
    proxy: &Arc<impl Answering>,
    number: usize,
    asked: hyper::Request<Incoming>,
) -> Result<hyper::Response<Out>, Closed> {
    if let Err((status, why)) = lawful(&asked) {
        return Ok(refusal(status, why));
    }
    let host = match named_host(&asked) {
        Some(host) if proxy.is_our_host(number, &host) => host,
        _ => {
            let why = "This host is not observed here.";
            return Ok(refusal(StatusCode::MISDIRECTED_REQUEST, why));
        }
    };
    proxy.answer(number, &host, asked).await
}

/// Refuses what is not a plain request, and a body whose length is given in two ways (RFC 9112
/// section 6.3): the server behind us might read it differently.
fn lawful(asked: &hyper::Request<Incoming>) -> Result<(), (StatusCode, &'static str)> {
    let headers = asked.headers();
    if asked.method() == Method::CONNECT {
        let why = "Only requests for the observed server are passed on.";
        return Err((StatusCode::METHOD_NOT_ALLOWED, why));
    }
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    if lengths > 1 || lengths == 1 && headers.contains_key(TRANSFER_ENCODING) {
        return Err((
            StatusCode::BAD_REQUEST,
            "The length of the body is said in two ways.",
        ));
    }
    Ok(())
}

/// The host that a request names: once, and the same in its first line where that has one.
fn named_host(asked: &hyper::Request<Incoming>) -> Option<String> {
    let mut hosts = asked.headers().get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let target = asked.uri().authority();
    let same = target.is_none_or(|target| target.as_str().eq_ignore_ascii_case(host));
    (hosts.next().is_none() && same).then(|| host.to_owned())
}

/// An answer of our own that ends the connection.
pub fn refusal(status: StatusCode, why: &str) -> hyper::Response<Out> {
    let mut response = hyper::Response::new(whole(format!("{why}\n")));
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("connection", "close"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

/// A body that is there as a whole.
pub fn whole(bytes: impl Into<Bytes>) -> Out {
    let body = Full::new(bytes.into());
    body.map_err(|never: Infallible| match never {})
        .boxed_unsync()
}
