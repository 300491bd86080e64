//! The loopback listener for the answer of the authorization server, and the same answer pasted by
//! hand.
//!
//! It lives as long as one authorization request. `tiny_http` reads the requests and writes the
//! answers; the [guard] in front of it limits time, size and number. What may come in is decided
//! here: one path, one method, the redirect URI's own host, one callback. Any page in the user's
//! browser can send a request here, so one without the right `state` can be answered and ignored.
//! Requests are answered one after another, at most 1,000 of them, each on a connection of its own,
//! which is closed behind the answer.
//!
//! Request line and headers are ASCII. A request with another byte in a cookie for this host, say,
//! is refused; the callback URL can be pasted instead.

mod answer;
mod guard;
mod listen;
mod page;
mod pasted;
mod serve;
mod settings;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;
use trace::{Request, Response, Secret, Timestamp};

use answer::{Callback, Expected};
use guard::{Guard, Limits};
pub use listen::ListenerError;
pub use pasted::{PasteError, parse_pasted};
use serve::Serving;
pub use settings::{CallbackHost, CallbackMethod, CallbackSettings};

/// Listens from the moment it is opened, so that it is there before the browser. Dropping it closes
/// the sockets.
#[derive(Debug)]
pub struct CallbackListener {
    sockets: Vec<TcpListener>,
    serving: Serving,
    limits: Limits,
    method: CallbackMethod,
    authority: String,
    path: String,
    redirect_uri: String,
    timeout: Duration,
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
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallbackEnd {
    #[error("no callback came within {} s", after.as_secs_f32())]
    TimedOut { after: Duration },
    #[error("the callback listener gave up after {requests} requests that were not the callback")]
    GaveUp { requests: usize },
    /// The system has no thread or no descriptors for it.
    #[error("the callback listener could not be started: {reason}")]
    NotStarted { reason: String },
}

impl CallbackListener {
    /// Opens the sockets, on loopback only. From here on the redirect URI is known, so that a
    /// client can be registered with it.
    pub fn open(settings: &CallbackSettings) -> Result<Self, ListenerError> {
        Self::open_for(settings, Limits::default())
    }

    fn open_for(settings: &CallbackSettings, limits: Limits) -> Result<Self, ListenerError> {
        let path = listen::checked_path(&settings.path)?;
        let (sockets, address) = listen::sockets(settings.host, settings.port)?;
        let serving = Serving::open(address.ip()).map_err(|error| ListenerError::Other {
            address: address.to_string(),
            reason: error.to_string(),
        })?;
        let host = match settings.host {
            CallbackHost::V4 => "127.0.0.1",
            CallbackHost::Localhost => "localhost",
            CallbackHost::V6 => "[::1]",
        };
        let authority = format!("{host}:{}", address.port());
        Ok(Self {
            sockets,
            serving,
            limits,
            method: settings.method,
            redirect_uri: format!("http://{authority}{path}"),
            authority,
            path,
            timeout: settings.timeout,
        })
    }

    /// The redirect URI for the authorization request.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the first request to the redirect URI and closes the sockets: whoever comes later
    /// is refused. Everything else (other paths, methods and hosts) is turned away, and the wait
    /// goes on. Whether the answer is good is not judged here, but for the page the browser shows.
    ///
    /// `expected_state` is the `state` of the authorization request; `None` if it has none.
    /// Dropping the future closes the sockets at once. Needs a tokio runtime around it.
    pub async fn received(self, expected_state: Option<Secret>) -> Result<Received, CallbackEnd> {
        self.wait(expected_state, None).await
    }

    /// The same, but for requests without the expected `state`: they are answered, given to
    /// `strays`, and the wait goes on. For a browser that others can send here too. Of many strays
    /// only the first ones are reported.
    pub async fn received_among_strays(
        self,
        expected_state: Option<Secret>,
        strays: UnboundedSender<Received>,
    ) -> Result<Received, CallbackEnd> {
        self.wait(expected_state, Some(strays)).await
    }

    async fn wait(
        self,
        expected_state: Option<Secret>,
        strays: Option<UnboundedSender<Received>>,
    ) -> Result<Received, CallbackEnd> {
        let started = Instant::now();
        let expected = Expected {
            method: self.method,
            authority: self.authority,
            path: self.path,
            state: expected_state,
        };
        let received = move |callback: Callback| Received {
            request: callback.request,
            response: callback.response,
            at: callback.at,
            took: started.elapsed(),
            state_matches: callback.state_matches,
        };
        let strays = strays.map(|strays| {
            let told = move |callback| drop(strays.send(received(callback)));
            Box::new(told) as Box<dyn Fn(Callback) + Send + Sync>
        });
        let not_started = |error: std::io::Error| CallbackEnd::NotStarted {
            reason: error.to_string(),
        };
        let server = Arc::new(self.serving.answer(expected, strays).map_err(not_started)?);
        let guard = Guard::new(self.sockets, server.clone(), self.limits);
        let mut guard = guard.map_err(not_started)?;
        tokio::select! {
            biased;
            callback = guard.callback() => {
                let requests = self.limits.requests;
                callback.map(received).ok_or(CallbackEnd::GaveUp { requests })
            }
            () = tokio::time::sleep(self.timeout) => {
                drop(guard);
                let end = CallbackEnd::TimedOut { after: self.timeout };
                server.end().map(received).ok_or(end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn silent_connections_are_closed_and_the_callback_is_waited_for_behind_them() {
        let settings = CallbackSettings::default();
        let limits = Limits {
            patience: Duration::from_millis(50),
            ..Limits::default()
        };
        let listener = CallbackListener::open_for(&settings, limits).unwrap();
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
