//! The loopback listener for the answer of the authorization server, and the same answer pasted by hand.
//!
//! It lives as long as one authorization request. A server library that accepts by itself and reads heads without
//! limit would outlive it and could be kept busy, so the sockets are opened here and each connection is read with
//! limits on its time, its size and its number.

mod connection;
mod listen;
mod page;
mod pasted;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::TcpListener;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use trace::{Request, Response, Secret, Timestamp};

use connection::{Expected, serve};
pub use listen::ListenerError;
pub use pasted::{PasteError, parse_pasted};

/// Connections that are open at once; the oldest makes room. A browser opens some ahead of need and leaves them idle.
const MOST_CONNECTIONS: usize = 16;

/// The host of the redirect URI, and what is listened on for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallbackHost {
    /// `127.0.0.1`, the loopback address as RFC 8252 section 7.3 has it in redirect URIs.
    #[default]
    V4,
    /// `localhost`: 127.0.0.1, and [::1] on the same port where there is IPv6.
    Localhost,
    /// `[::1]`.
    V6,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    pub host: CallbackHost,
    /// None: one the system chooses.
    pub port: Option<u16>,
    /// Begins with `/`, without query.
    pub path: String,
    /// How long [`CallbackListener::received`] waits.
    pub timeout: Duration,
}

impl Default for CallbackSettings {
    fn default() -> Self {
        Self {
            host: CallbackHost::default(),
            port: None,
            path: "/callback".into(),
            timeout: Duration::from_secs(300),
        }
    }
}

/// Listens from the moment it is opened, so that it is there before the browser. Dropping it closes the sockets.
#[derive(Debug)]
pub struct CallbackListener {
    sockets: Vec<TcpListener>,
    authority: String,
    path: String,
    redirect_uri: String,
    timeout: Duration,
    cancel: CancelHandle,
}

/// The browser's request to the redirect URI, and the page it was answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub request: Request,
    pub response: Response,
    pub at: Timestamp,
    /// From the beginning of the wait.
    pub took: Duration,
    /// The request carries the expected `state`, once; also true when none was expected. Compared in constant time,
    /// before anything else of the request is believed.
    pub state_matches: bool,
}

/// Why the wait ended without a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackEnd {
    #[error("no callback came within {} s", after.as_secs_f32())]
    TimedOut { after: Duration },
    #[error("waiting for the callback was cancelled")]
    Cancelled,
}

/// Ends the wait of the listener it came from, before it has begun too.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<Notify>);

impl CancelHandle {
    pub fn cancel(&self) {
        self.0.notify_one();
    }
}

impl CallbackListener {
    /// Opens the sockets, on loopback only. From here on the redirect URI is known, so that a client can be registered
    /// with it.
    pub fn open(settings: &CallbackSettings) -> Result<Self, ListenerError> {
        let path = listen::checked_path(&settings.path)?;
        let (sockets, port) = listen::sockets(settings.host, settings.port)?;
        let host = match settings.host {
            CallbackHost::V4 => "127.0.0.1",
            CallbackHost::Localhost => "localhost",
            CallbackHost::V6 => "[::1]",
        };
        let authority = format!("{host}:{port}");
        Ok(Self {
            sockets,
            redirect_uri: format!("http://{authority}{path}"),
            authority,
            path,
            timeout: settings.timeout,
            cancel: CancelHandle::default(),
        })
    }

    /// The redirect URI for the authorization request.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Waits for the first request to the redirect URI and closes the sockets: whoever comes later is refused.
    /// Everything else (other paths, methods and hosts) is turned away, and the wait goes on. Whether the answer is
    /// good is not judged here, but for the page the browser shows.
    ///
    /// `expected_state` is the `state` of the authorization request; none, if it has none.
    pub async fn received(self, expected_state: Option<Secret>) -> Result<Received, CallbackEnd> {
        let started = Instant::now();
        let deadline = tokio::time::Instant::from_std(started) + self.timeout;
        let expected = Arc::new(Expected::new(self.authority, self.path, expected_state));
        let sockets: Vec<_> = self.sockets.into_iter().filter_map(tokio_listener).collect();
        let mut open = JoinSet::new();
        let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            tokio::select! {
                biased;
                () = self.cancel.0.notified() => return Err(CallbackEnd::Cancelled),
                Some(done) = open.join_next(), if !open.is_empty() => {
                    if let Ok(Some(callback)) = done {
                        let callback: connection::Callback = callback;
                        return Ok(Received {
                            request: callback.request,
                            response: callback.response,
                            at: callback.at,
                            took: started.elapsed(),
                            state_matches: callback.state_matches,
                        });
                    }
                    oldest_first.retain(|connection| !connection.is_finished());
                }
                () = tokio::time::sleep_until(deadline) => {
                    return Err(CallbackEnd::TimedOut { after: self.timeout });
                }
                stream = accepted(&sockets) => {
                    if oldest_first.len() >= MOST_CONNECTIONS
                        && let Some(oldest) = oldest_first.pop_front()
                    {
                        oldest.abort();
                    }
                    oldest_first.push_back(open.spawn(serve(stream, expected.clone())));
                }
            }
        }
    }
}

fn tokio_listener(socket: TcpListener) -> Option<tokio::net::TcpListener> {
    let listener = tokio::net::TcpListener::from_std(socket);
    listener
        .inspect_err(|error| tracing::warn!(%error, "a callback socket cannot be used"))
        .ok()
}

/// The next connection on any of the sockets. One that fails while it is accepted is the next one's business.
async fn accepted(sockets: &[tokio::net::TcpListener]) -> TcpStream {
    loop {
        let accepted = poll_fn(|context| {
            for socket in sockets {
                if let Poll::Ready(accepted) = socket.poll_accept(context) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        });
        match accepted.await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::debug!(%error, "a callback connection was not accepted");
                // Out of file descriptors, say: it does not pass by asking again at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
