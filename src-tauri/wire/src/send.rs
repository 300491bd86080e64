//! Sends one request.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::Version;
use tokio::time::timeout_at;
use trace::{
    Body, Connection, Credential, Failure, FailureKind, Outcome, Request, Response, Timestamp,
    Timings,
};

use crate::client_certificate::Identity;
use crate::credentials::withheld;
use crate::failure::{Peer, failed, invalid_request, timed_out, was_closed};
use crate::outgoing::{completed, http2_headers, outgoing, peer, recorded};
use crate::probe::{Phase, Probe};
use crate::pulse::Awake;
use crate::receive::receive;
use crate::route::Routes;
use crate::settings::{Settings, SettingsError};
use crate::tls::{Chains, facts, provider};

/// Sends requests, one hop each. Clones share their connections.
#[derive(Clone)]
pub struct Wire(Arc<Inner>);

/// What was sent, and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The request as it left. Through HTTP/2 without the headers that only HTTP/1.1 has.
    pub request: Request,
    pub outcome: Outcome,
    /// When the request was handed to the network.
    pub started: Timestamp,
    pub timings: Timings,
    /// `None` when no response came.
    pub connection: Option<Connection>,
    /// The same request before this one, on an earlier connection that the server had closed.
    pub lost: Option<Box<Sent>>,
}

impl Sent {
    /// A request that the user broke off before an answer came.
    pub fn cancelled(request: Request, started: Timestamp) -> Self {
        let failure = Failure {
            kind: FailureKind::Cancelled,
            message: "The user stopped the run before an answer came.".into(),
        };
        let total = Timestamp::from_system(SystemTime::now()).since(started);
        Self {
            request,
            outcome: Outcome::Failure(failure),
            started,
            timings: Timings {
                total,
                ..Timings::default()
            },
            connection: None,
            lost: None,
        }
    }
}

struct Inner {
    routes: Routes,
    chains: Chains,
    body_limit: u64,
    timeout: Duration,
    user_agent: String,
    identity: Option<Identity>,
}

impl Wire {
    /// Reads the files with certificates and sets up the connections; opens none.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let chains = Chains::default();
        let identity = settings.client_certificate.as_ref();
        let identity = identity
            .map(|setting| Identity::read(setting, &provider()))
            .transpose()?;
        Ok(Self(Arc::new(Inner {
            routes: Routes::new(settings, identity.as_ref(), &chains)?,
            chains,
            body_limit: settings.body_limit,
            timeout: settings.timeout,
            user_agent: settings.user_agent.clone(),
            identity,
        })))
    }

    /// The thumbprint of the client certificate as `x5t#S256` has it in a token that is bound to it
    /// (RFC 8705 section 3.1): base64url of the SHA-256 of its DER. None without one.
    pub fn client_certificate_thumbprint(&self) -> Option<String> {
        self.0
            .identity
            .as_ref()
            .map(|identity| identity.thumbprint.clone())
    }

    /// The request with every header it will be sent with: what is shown before sending. Completing
    /// it again changes nothing, and a header the request names is not replaced; only
    /// `content-length` always follows the body.
    ///
    /// Header names come out in lower case and values of one name next to each other, because that
    /// is how they leave.
    pub fn complete(&self, request: &Request) -> Request {
        completed(request, &self.0.user_agent)
    }

    /// Sends the request, completed, and reads what comes back. A redirect is an answer like any
    /// other. What cannot be sent or gets no response is an [`Outcome::Failure`]. Dropping the
    /// future aborts the exchange.
    ///
    /// `credentials` are those of this run. A request that carries one of them to an origin it was
    /// not issued for is not sent: that is a failure of the kind
    /// [`FailureKind::ForeignOrigin`](trace::FailureKind::ForeignOrigin). For a request that the
    /// user edited by hand, give none: where it goes is the user's decision.
    ///
    /// A proxy's own `proxy-authorization` and `CONNECT` request are between the proxy and the
    /// user's settings, and not part of the record.
    ///
    /// A server may close an idle connection in the very moment it is used again (RFC 9112 section
    /// 9.5). Then the request is sent once more on a new one, if its method allows that, and both
    /// are recorded: [`Sent::lost`] is the first.
    pub async fn send(&self, request: Request, credentials: &[Credential]) -> Sent {
        self.sent(self.complete(&request), credentials, false).await
    }

    /// The same for a request that does no harm when it comes twice, whatever its method says: most
    /// POSTs of OAuth and MCP only ask.
    pub async fn send_repeatable(&self, request: Request, credentials: &[Credential]) -> Sent {
        self.sent(self.complete(&request), credentials, true).await
    }

    /// Sends a request as it is.
    pub(crate) async fn sent(
        &self,
        request: Request,
        credentials: &[Credential],
        repeatable: bool,
    ) -> Sent {
        let deadline = tokio::time::Instant::now() + self.0.timeout;
        let out = outgoing(&request);
        let mut sent = Sent::begun(request);
        match (out, withheld(&sent.request, credentials)) {
            (Err(reason), _) => sent.outcome = Outcome::Failure(invalid_request(reason)),
            (Ok(_), Some(failure)) => sent.outcome = Outcome::Failure(failure),
            (Ok(out), None) => {
                // RFC 9110 section 9.2.2: what has the same effect when it comes twice.
                let may_repeat = repeatable || out.method().is_idempotent();
                let again = may_repeat.then(|| (sent.request.clone(), out.try_clone()));
                let lost = self.exchange(out, &mut sent, deadline, false).await;
                if let Some((request, Some(out))) = again.filter(|_| lost) {
                    let first = std::mem::replace(&mut sent, Sent::begun(request));
                    self.exchange(out, &mut sent, deadline, true).await;
                    sent.lost = Some(Box::new(first));
                }
            }
        }
        if let Outcome::Failure(failure) = &sent.outcome {
            tracing::debug!(kind = ?failure.kind, "{}", failure.message);
        }
        sent
    }

    /// True when it was lost on a connection that had been used before. `fresh`: on a new
    /// connection.
    async fn exchange(
        &self,
        out: reqwest::Request,
        sent: &mut Sent,
        deadline: tokio::time::Instant,
        fresh: bool,
    ) -> bool {
        let inner = &self.0;
        let _awake = Awake::begin();
        let clock = Instant::now();
        let limits = (deadline, inner.timeout);
        let response = match self.head(out, sent, limits, fresh).await {
            Ok(response) => response,
            Err(lost) => return lost,
        };
        let receiving = Instant::now();
        let mut answer = Response {
            status: response.status().as_u16(),
            headers: recorded(response.headers()),
            body: Body::empty(),
        };
        answer.body = receive(&answer, response, inner.body_limit, deadline, inner.timeout).await;
        sent.timings.receive = Some(receiving.elapsed());
        sent.timings.total = clock.elapsed();
        sent.outcome = Outcome::Response(answer);
        false
    }

    /// Sends a request up to the head of its answer, and takes down how that went. An error, which
    /// is the outcome then, says whether the request was lost on a connection that had been used
    /// before. `deadline` and `limit` are the same limit, as a moment and as it was set.
    pub(crate) async fn head(
        &self,
        out: reqwest::Request,
        sent: &mut Sent,
        (deadline, limit): (tokio::time::Instant, Duration),
        fresh: bool,
    ) -> Result<reqwest::Response, bool> {
        let inner = &self.0;
        let clock = Instant::now();
        let https = out.url().scheme() == "https";
        let route = inner.routes.of(out.url(), fresh);
        let peer = Peer {
            address: peer(&sent.request.url),
            proxy: route.proxy,
            https,
        };
        let probe = Arc::new(Probe::default());
        let answered = probe
            .around(timeout_at(deadline, async {
                route.client.execute(out).await
            }))
            .await;
        let seen = probe.seen();
        sent.timings.dns = seen.dns;
        sent.timings.connect = seen
            .connecting
            .map(|connecting| connecting.saturating_sub(seen.dns.unwrap_or_default()));
        sent.timings.total = clock.elapsed();
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                sent.outcome = Outcome::Failure(failed(&error, &peer, seen.phase));
                return Err(seen.connected.is_none()
                    && seen.phase == Phase::Waiting
                    && was_closed(&error));
            }
            Err(_) => {
                sent.outcome = Outcome::Failure(timed_out(&peer, seen.phase, limit));
                return Err(false);
            }
        };
        sent.timings.wait = Some(seen.connected.unwrap_or(clock).elapsed());
        let info = response
            .extensions()
            .get::<reqwest::tls::TlsInfo>()
            .cloned();
        sent.connection = Some(Connection {
            remote_address: response.remote_addr().map(|address| address.to_string()),
            http_version: version(response.version()).into(),
            reused: seen.connected.is_none(),
            tls: https
                .then(|| facts(&seen, info.as_ref(), &inner.chains))
                .flatten(),
        });
        if response.version() == Version::HTTP_2 {
            sent.request.headers = http2_headers(&sent.request);
        }
        Ok(response)
    }
}

impl Sent {
    /// What is to be sent now; its outcome is still to come.
    pub(crate) fn begun(request: Request) -> Self {
        Self {
            request,
            outcome: Outcome::Failure(invalid_request(String::new())),
            started: Timestamp::from_system(SystemTime::now()),
            timings: Timings::default(),
            connection: None,
            lost: None,
        }
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
