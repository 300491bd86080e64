//! Measures what happens between handing a request over and the connection being there.
//!
//! The client asks for names and connections inside the task of the request that needs them, so a
//! task-local tells whose they are. A connection that another request's wait started, or that is
//! finished in the background after an idle one was quicker, is not attributed to any request.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static PROBE: Arc<Probe>;
}

/// What one request saw of its connection's making.
#[derive(Default)]
pub(crate) struct Probe(Mutex<Seen>);

#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) phase: Phase,
    pub(crate) dns: Option<Duration>,
    /// When the connection that the request made was there; `None` when an earlier one was used.
    pub(crate) connected: Option<Instant>,
    /// Name lookup, TCP and TLS together.
    pub(crate) connecting: Option<Duration>,
    pub(crate) tls_version: Option<&'static str>,
    /// The peer's certificates as DER, its own first.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// What a request was waiting for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    Waiting,
    Resolving,
    Connecting,
    Handshaking,
}

impl Probe {
    /// Runs a request with a probe of its own.
    pub(crate) async fn around<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        PROBE.scope(self.clone(), request).await
    }

    pub(crate) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes to the probe of the request that is being polled, if any.
pub(crate) fn note(write: impl FnOnce(&mut Seen)) {
    let _ = PROBE.try_with(|probe| write(&mut probe.lock()));
}

/// The system's name lookup, measured.
pub(crate) struct SystemResolver;

/// The host name has no address.
#[derive(Debug, Error)]
#[error("{host}: {reason}")]
pub(crate) struct Unresolved {
    pub(crate) host: String,
    pub(crate) reason: String,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_string();
        Box::pin(async move {
            let started = Instant::now();
            note(|seen| seen.phase = Phase::Resolving);
            let found = tokio::net::lookup_host((host.as_str(), 0)).await;
            note(|seen| {
                seen.phase = Phase::Connecting;
                seen.dns = Some(started.elapsed());
            });
            let unresolved = |reason: String| Unresolved {
                host: host.clone(),
                reason,
            };
            let addresses: Vec<SocketAddr> = found
                .map_err(|error| unresolved(lookup_reason(&error)))?
                .collect();
            if addresses.is_empty() {
                return Err(unresolved("the name has no address".into()).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn lookup_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let reason = text.strip_prefix("failed to lookup address information: ");
    reason.unwrap_or(&text).to_string()
}

/// Wraps the client's connector to measure it.
#[derive(Clone)]
pub(crate) struct Stopwatch;

#[derive(Clone)]
pub(crate) struct Timed<S>(S);

impl<S> Layer<S> for Stopwatch {
    type Service = Timed<S>;

    fn layer(&self, inner: S) -> Timed<S> {
        Timed(inner)
    }
}

impl<S, R> Service<R> for Timed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let started = Instant::now();
        note(|seen| seen.phase = Phase::Connecting);
        let connecting = self.0.call(destination);
        Box::pin(async move {
            let connection = connecting.await?;
            note(|seen| {
                seen.phase = Phase::Waiting;
                seen.connected = Some(Instant::now());
                seen.connecting = Some(started.elapsed());
            });
            Ok(connection)
        })
    }
}
