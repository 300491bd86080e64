//! The loopback listener for the answer of the authorization server, and the same answer pasted by
//! hand.
//!
//! It lives as long as one authorization request. `tiny_http` reads the requests and is told what
//! to answer; the sockets are ours, and everything that is kept out is kept out here: one path, one
//! method, the redirect URI's own host, one callback. Requests are answered one after another, at
//! most 1,000 of them, each with `connection: close`; only the body of a form is read aside, so
//! that nothing waits for one that does not come.
//!
//! What the server cannot limit, and what is done about it:
//! - It has a thread for each connection, and no limit on their number. The sockets pass a time
//!   limit on to the connections (where the system hands it down, as Linux does), so that a silent
//!   one ends after ten seconds, also when the listener is gone. What comes by an open connection
//!   after the wait is not answered.
//! - It may leave a connection without a thread when several come at once; it is made to keep
//!   enough of them ready.
//! - It reads a head of any size for as long as bytes come. A browser limits what a page can make
//!   it send; another program of this machine can keep a thread and fill memory.
//! - Its request line and headers are ASCII. A request with another byte in a cookie for this host,
//!   say, is closed without an answer; the callback URL can be pasted instead.
//! - A request that calls itself HTTP/2 or 3, or that announces a body of more than 64 KiB, is
//!   never answered and holds its thread. No browser sends one of these to a redirect URI.
//! - It throws a body away by allocating all that was announced, and a program that cannot is
//!   aborted. So during the wait such a request is never dropped; one that comes by an older
//!   connection after the wait is out of reach.

mod answer;
mod listen;
mod page;
mod pasted;
mod serve;

use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::Notify;
use trace::{Request, Response, Secret, Timestamp};

use answer::{Callback, Expected};
pub use listen::ListenerError;
pub use pasted::{PasteError, parse_pasted};
use serve::Serving;

/// For a connection that says nothing.
const SILENCE: Duration = Duration::from_secs(10);

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

/// How the browser brings the answer, and what alone is taken from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallbackMethod {
    /// GET, with the answer in the query.
    #[default]
    Query,
    /// POST of `application/x-www-form-urlencoded`, at most 64 KiB of it, as
    /// `response_mode=form_post` has it (OAuth 2.0 Form Post Response Mode). Whatever `Origin`
    /// comes with it: the page is the authorization server's.
    FormPost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    pub method: CallbackMethod,
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
            method: CallbackMethod::default(),
            host: CallbackHost::default(),
            port: None,
            path: "/callback".into(),
            timeout: Duration::from_secs(300),
        }
    }
}

/// Listens from the moment it is opened, so that it is there before the browser. Dropping it closes
/// the sockets.
#[derive(Debug)]
pub struct CallbackListener {
    serving: Serving,
    method: CallbackMethod,
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
    /// The request carries the expected `state`, once; also true when none was expected. Compared
    /// in constant time, before anything else of the request is believed.
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
    /// Opens the sockets, on loopback only. From here on the redirect URI is known, so that a
    /// client can be registered with it.
    pub fn open(settings: &CallbackSettings) -> Result<Self, ListenerError> {
        Self::open_for(settings, SILENCE)
    }

    fn open_for(settings: &CallbackSettings, silence: Duration) -> Result<Self, ListenerError> {
        let path = listen::checked_path(&settings.path)?;
        let (sockets, port) = listen::sockets(settings.host, settings.port, silence)?;
        let host = match settings.host {
            CallbackHost::V4 => "127.0.0.1",
            CallbackHost::Localhost => "localhost",
            CallbackHost::V6 => "[::1]",
        };
        let authority = format!("{host}:{port}");
        Ok(Self {
            serving: Serving::start(sockets),
            method: settings.method,
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

    /// Waits for the first request to the redirect URI and closes the sockets: whoever comes later
    /// is refused. Everything else (other paths, methods and hosts) is turned away, and the wait
    /// goes on. Whether the answer is good is not judged here, but for the page the browser shows.
    ///
    /// `expected_state` is the `state` of the authorization request; none, if it has none.
    pub async fn received(self, expected_state: Option<Secret>) -> Result<Received, CallbackEnd> {
        let started = Instant::now();
        let expected = Expected {
            method: self.method,
            authority: self.authority,
            path: self.path,
            state: expected_state,
        };
        let received = |callback: Callback| Received {
            request: callback.request,
            response: callback.response,
            at: callback.at,
            took: started.elapsed(),
            state_matches: callback.state_matches,
        };
        let serving = self.serving;
        let mut callback = serving.expect(expected);
        tokio::select! {
            biased;
            () = self.cancel.0.notified() => Err(CallbackEnd::Cancelled),
            Ok(callback) = &mut callback => Ok(received(callback)),
            () = tokio::time::sleep(self.timeout) => {
                // Whoever is answered just now still counts: the browser says so.
                drop(serving);
                let end = CallbackEnd::TimedOut { after: self.timeout };
                callback.try_recv().map(received).map_err(|_| end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// On Linux the limit for silence ends `accept` too, so that the server is a new one each time.
    #[tokio::test]
    async fn silent_connections_are_closed_and_the_callback_is_waited_for_behind_them() {
        let settings = CallbackSettings::default();
        let listener = CallbackListener::open_for(&settings, Duration::from_millis(50)).unwrap();
        let authority = listener.authority.clone();
        let waiting = tokio::spawn(listener.received(None));
        let mut unfinished = Vec::new();
        for _ in 0..4 {
            let mut silent = TcpStream::connect(&authority).await.unwrap();
            silent
                .write_all(b"GET /callback HTTP/1.1\r\nHo")
                .await
                .unwrap();
            let closed = silent.read_to_end(&mut unfinished);
            let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
            assert_eq!(
                closed
                    .expect("the silent connection is still open")
                    .unwrap(),
                0
            );
        }
        let mut browser = TcpStream::connect(&authority).await.unwrap();
        let request = format!("GET /callback?code=a HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        browser.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        browser.read_to_string(&mut page).await.unwrap();
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(waiting.await.unwrap().is_ok());
    }
}
