//! Takes connections and answers them.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use trace::{Body, BodyEnd, Request, Response, Timestamp};

use super::answer::{Place, sent};
use crate::outgoing::recorded;

/// A request for the document, or for something that is not here, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// Its URL is the one by which it was asked for: the tunnel's, where there is one.
    pub request: Request,
    pub response: Response,
    /// When the head of the request was there.
    pub at: Timestamp,
    /// From then until the answer was ready to be written.
    pub took: Duration,
    /// The peer of the connection: by a tunnel the tunnel, not who asked.
    pub from: SocketAddr,
}

/// When the system has no descriptors for a connection, it will not have any a moment later.
const RECOVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// Connections at once. The next one waits until one of them has ended.
    pub(super) connections: usize,
    /// Bytes of a request's line and headers.
    pub(super) head: usize,
    /// Bytes of a request's body that are read and recorded.
    pub(super) body: usize,
    /// For the head, for the body, and for writing the answer.
    pub(super) patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            head: 16 * 1024,
            body: 64 * 1024,
            patience: Duration::from_secs(10),
        }
    }
}

#[derive(Debug)]
pub(super) struct Serving {
    /// `None` when it is closed.
    socket: Mutex<Option<TcpListener>>,
    place: Place,
    limits: Limits,
    document: Mutex<Option<String>>,
    reports: mpsc::Sender<Fetched>,
}

impl Serving {
    pub(super) fn new(
        socket: TcpListener,
        place: Place,
        limits: Limits,
        reports: mpsc::Sender<Fetched>,
    ) -> Self {
        Self {
            socket: Mutex::new(Some(socket)),
            place,
            limits,
            document: Mutex::new(None),
            reports,
        }
    }

    pub(super) fn set_document(&self, document: String) {
        *locked(&self.document) = Some(document);
    }

    /// Closes the socket before it returns, wherever [`Self::accept`] is.
    pub(super) fn close(&self) {
        locked(&self.socket).take();
    }

    /// Serves until it is closed. Dropping the future ends the connections too.
    pub(super) async fn accept(self: Arc<Self>) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            while connections.len() >= self.limits.connections {
                connections.join_next().await;
            }
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Some(Ok((stream, from))) => {
                    connections.spawn(self.clone().talk(stream, from));
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "the document host could not take a connection");
                    sleep(RECOVERY).await;
                }
                None => return,
            }
        }
    }

    fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<(TcpStream, SocketAddr)>>> {
        match &*locked(&self.socket) {
            Some(socket) => socket.poll_accept(cx).map(Some),
            None => Poll::Ready(None),
        }
    }

    async fn talk(self: Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.limits.patience)
            .max_buf_size(self.limits.head)
            .keep_alive(false)
            // The record has the headers that are sent, and no others.
            .auto_date_header(false);
        let service = service_fn(|request| self.answered(request, from));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        match timeout(self.limits.patience * 3, connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection of the document host ended early")
            }
            Err(_) => tracing::debug!("a connection of the document host was too slow"),
        }
    }

    async fn answered(
        &self,
        request: hyper::Request<Incoming>,
        from: SocketAddr,
    ) -> Result<hyper::Response<String>, Infallible> {
        let (clock, at) = (Instant::now(), Timestamp::from_system(SystemTime::now()));
        let (asked, body) = request.into_parts();
        let request = Request {
            method: asked.method.as_str().into(),
            url: self.place.url(&asked),
            headers: recorded(&asked.headers),
            body: self.read(body).await,
        };
        let document = locked(&self.document).clone();
        let mut response = self.place.answer(&asked, document.as_deref());
        let text = response.body.text().unwrap_or_default().to_owned();
        let out = sent(&response, text);
        if asked.method == hyper::Method::HEAD {
            response.body = Body::empty();
        }
        let report = Fetched {
            request,
            response,
            at,
            took: clock.elapsed(),
            from,
        };
        // Before the answer is written: what the authorization server does with it comes later than
        // the report. Where nobody takes reports any more, the document is served all the same.
        let _ = self.reports.send(report).await;
        Ok(out)
    }

    async fn read(&self, mut incoming: Incoming) -> Body {
        let mut body = Body::empty();
        let reading = read(&mut incoming, &mut body.bytes, self.limits.body);
        let end = timeout(self.limits.patience, reading).await;
        body.end = end.unwrap_or_else(|_| BodyEnd::CutOff {
            reason: "the rest of the body did not come in time".into(),
        });
        body
    }
}

async fn read(incoming: &mut Incoming, bytes: &mut Vec<u8>, limit: usize) -> BodyEnd {
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *incoming).poll_frame(cx)).await {
        let data = match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => data,
            // Trailers.
            Ok(Err(_)) => continue,
            Err(error) => {
                let reason = format!("the body is broken: {error}");
                return BodyEnd::CutOff { reason };
            }
        };
        let room = limit - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return BodyEnd::Truncated {
                limit: limit as u64,
            };
        }
    }
    BodyEnd::Complete
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
