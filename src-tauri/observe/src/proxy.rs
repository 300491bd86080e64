//! One request and its answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use trace::{Body, Header, Outcome, Purpose, Recorded, Request, Response};
use wire::{Wire, recorded};

use crate::callbacks::{Callbacks, direct, is_answer, onward};
use crate::head::{onward_headers, sent_head};
use crate::known::{Kind, Known};
use crate::limits::Limit;
use crate::messages::{Mapping, form_inward};
use crate::places::{CALLBACK, Places};
use crate::port::bound;
use crate::record::{Entry, Record};
use crate::serve::{Answering, Closed, Out, refusal, serve, whole};
use crate::settings::{Limits, Port, Rewriting, Settings};

/// Requests at the root of a tunnel's host that are recorded.
const MOST_AT_ROOT: usize = 50;

pub struct Proxy {
    settings: Settings,
    pub(crate) wire: Wire,
    record: Arc<Record>,
    pub(crate) state: Mutex<State>,
    met: Mutex<BTreeSet<Limit>>,
    at_root: Mutex<usize>,
    /// Held while a place is opened, so that each is opened once.
    opening: tokio::sync::Mutex<()>,
    serving: Mutex<JoinSet<()>>,
    ended: watch::Receiver<bool>,
}

/// What is known of the servers and the client so far.
pub struct State {
    pub places: Places,
    pub known: Known,
    pub callbacks: Callbacks,
}

/// A request that is for a server.
pub(crate) struct Asking {
    /// As it would be without us.
    pub request: Request,
    /// As it came.
    pub client: Request,
    /// The name that the client has for this machine.
    pub host: String,
}

impl Proxy {
    pub fn new(
        settings: Settings,
        wire: Wire,
        places: Places,
        ended: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let met = match settings.rewriting {
            Rewriting::Everything => None,
            Rewriting::McpServer => Some(Limit::ServerUnseen),
            Rewriting::Nothing => Some(Limit::NothingReplaced),
        };
        Arc::new(Self {
            record: Record::new(&settings.limits),
            settings,
            wire,
            state: Mutex::new(State {
                places,
                known: Known::default(),
                callbacks: Callbacks::default(),
            }),
            met: Mutex::new(met.into_iter().collect()),
            at_root: Mutex::new(0),
            opening: tokio::sync::Mutex::new(()),
            serving: Mutex::new(JoinSet::new()),
            ended,
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    pub fn limits_met(&self) -> Vec<String> {
        let met = locked(&self.met);
        met.iter()
            .map(|limit| limit.sentence().to_owned())
            .collect()
    }

    pub(crate) fn meets(&self, limit: Limit) {
        locked(&self.met).insert(limit);
    }

    pub(crate) fn meets_limit(&self, limit: Limit) -> bool {
        locked(&self.met).contains(&limit)
    }

    /// Serves a place on its sockets.
    pub fn serve(self: Arc<Self>, number: usize, sockets: Vec<TcpListener>) {
        let serving = serve(self.clone(), number, sockets, self.ended.clone());
        locked(&self.serving).spawn(serving);
    }

    /// Waits until nothing is served any more, once that was asked for.
    pub async fn ended(&self) {
        let mut serving = std::mem::take(&mut *locked(&self.serving));
        while serving.join_next().await.is_some() {}
    }

    pub(crate) fn replaces_all(&self) -> bool {
        self.settings.rewriting == Rewriting::Everything
    }

    pub(crate) fn replaces(&self) -> bool {
        self.settings.rewriting != Rewriting::Nothing
    }

    /// Lets clients reach an origin that a server named through us.
    pub(crate) async fn open(self: &Arc<Self>, origin: String) {
        let _one = self.opening.lock().await;
        let beside = {
            let state = locked(&self.state);
            if state.places.knows(&origin) || !state.places.may_add(&origin) {
                return;
            }
            state.places.next_port()
        };
        if locked(&self.state).places.is_tunnelled() {
            locked(&self.state).places.add(origin, beside);
            return;
        }
        match bound(Port::Preferred(beside)).await {
            Ok((sockets, port)) => {
                let number = locked(&self.state).places.add(origin, port);
                self.clone().serve(number, sockets);
            }
            Err(error) => tracing::warn!(%error, "a server cannot be reached through the proxy"),
        }
    }

    /// The first of the browser's way: on to the real server, which its pages are for.
    fn authorization(&self, mut asking: Asking) -> hyper::Response<Out> {
        let mut state = locked(&self.state);
        let callback = state.places.callback();
        let (before, query) = asking
            .request
            .url
            .split_once('?')
            .unwrap_or((&asking.request.url, ""));
        let query = form_inward(query, &state.places).unwrap_or_else(|| query.to_owned());
        let asks = |name: &str| {
            trace::pairs(&query)
                .into_iter()
                .find(|pair| pair.name == name)
        };
        let arranged = state.callbacks.arranged(&query, &callback, &asking.host);
        let met = if asks("request").is_some() {
            Some(Limit::RequestObject)
        } else if arranged.is_some() || asks("request_uri").is_some() {
            None
        } else if asks("client_id").is_some_and(|id| id.value.starts_with("https://")) {
            Some(Limit::MetadataDocument)
        } else {
            Some(Limit::OwnRedirectUri)
        };
        drop(state);
        met.into_iter().for_each(|limit| self.meets(limit));
        let joined = |query: &str| match query {
            "" => before.to_owned(),
            query => format!("{before}?{query}"),
        };
        let to = joined(arranged.as_deref().unwrap_or(&query));
        asking.request.url = joined(&query);
        let entry = self.begin(Purpose::Authorization, &asking);
        let server = Request {
            url: to.clone(),
            ..asking.request
        };
        entry.server_gets(server);
        self.sent_on(&entry, &to)
    }

    /// What came back from the authorization server, on its way to the client.
    fn callback(&self, mut asking: Asking) -> hyper::Response<Out> {
        let query = asking
            .request
            .url
            .split_once('?')
            .map_or("", |(_, query)| query);
        let query = query.to_owned();
        let mut state = locked(&self.state);
        let Some(open) = state.callbacks.returned(&query) else {
            drop(state);
            return refusal(StatusCode::NOT_FOUND, "No client waits for this.");
        };
        let mapping = Mapping {
            places: &state.places,
            host: &open.host,
        };
        let to = onward(&open, &query, |iss| mapping.outward(iss));
        drop(state);
        asking.request.url = direct(&open, &query);
        asking.client.url.clone_from(&to);
        let entry = self.begin(Purpose::Callback, &asking);
        self.sent_on(&entry, &to)
    }

    /// Sends the browser on; what it gets there is not seen.
    fn sent_on(&self, entry: &Entry, to: &str) -> hyper::Response<Out> {
        let response = Response {
            status: StatusCode::FOUND.as_u16(),
            headers: vec![
                Header::new("location", to),
                Header::new("cache-control", "no-store"),
                Header::new("referrer-policy", "no-referrer"),
                Header::new("content-length", "0"),
            ],
            body: Body::empty(),
        };
        let out = sent_head(&response, whole(""));
        entry.knows_of_answer(Recorded::NotRecorded);
        let unseen = Outcome::Response(Response {
            headers: Vec::new(),
            ..response.clone()
        });
        entry.answered(unseen, Outcome::Response(response), None);
        out
    }

    /// An address of a server's that no client has a reason to ask for.
    fn not_here(&self, asking: &Asking) -> hyper::Response<Out> {
        let entry = self.begin(Purpose::Unrelated, asking);
        refused(
            &entry,
            "The observed server did not name this address, so it is not passed on.",
        )
    }

    /// A request that does not know the secret. Of those, only what a client may ask is recorded.
    fn stranger(&self, client: &Request) -> hyper::Response<Out> {
        const NOTHING: &str = "There is nothing here.";
        let path = trace::short_path(&client.url);
        let is_root =
            path.starts_with("/.well-known/oauth-") || path.contains("openid-configuration");
        let mut at_root = locked(&self.at_root);
        if !is_root || *at_root >= MOST_AT_ROOT {
            return refusal(StatusCode::NOT_FOUND, NOTHING);
        }
        *at_root += 1;
        drop(at_root);
        self.meets(Limit::RootAsked);
        let entry = self
            .record
            .begin(Purpose::Unrelated, client.clone(), client.clone());
        refused(&entry, NOTHING)
    }

    pub(crate) fn begin(&self, purpose: Purpose, asking: &Asking) -> Entry {
        let (request, client) = (asking.request.clone(), asking.client.clone());
        self.record.begin(purpose, request, client)
    }
}

impl Answering for Proxy {
    fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    fn is_our_host(&self, number: usize, host: &str) -> bool {
        locked(&self.state).places.is_our_host(number, host)
    }

    async fn answer(
        self: &Arc<Self>,
        number: usize,
        host: &str,
        asked: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Out>, Closed> {
        let (head, body) = asked.into_parts();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let (asking, kind) = {
            let state = locked(&self.state);
            let client = client_request(&head, host, &state.places);
            let target = head.uri.path_and_query();
            let target = target.map_or(head.uri.path(), |target| target.as_str());
            let Some(url) = state.places.asked(number, target) else {
                drop(state);
                return Ok(self.stranger(&client));
            };
            let mut request = Request {
                url,
                ..client.clone()
            };
            onward_headers(&mut request, &state.places, self.replaces_all());
            let own = state.places.mcp() == trace::origin_of(&request.url).unwrap_or_default();
            let kind = state.known.kind(&request, own);
            let host = name.to_owned();
            let asking = Asking {
                request,
                client,
                host,
            };
            (asking, kind)
        };
        if self.replaces_all() && is_callback(&asking.request) {
            return Ok(self.callback(asking));
        }
        match kind {
            Kind::Nothing => Ok(self.not_here(&asking)),
            Kind::Authorization if asking.request.method == "GET" && self.replaces_all() => {
                Ok(self.authorization(asking))
            }
            Kind::Call | Kind::Authorization => self.call(asking, body).await,
            kind => self.message(kind, asking, body).await,
        }
    }
}

fn is_callback(request: &Request) -> bool {
    let path = request.url.split('?').next().unwrap_or_default();
    request.method == "GET" && path.ends_with(CALLBACK) && is_answer(&request.url)
}

fn refused(entry: &Entry, why: &str) -> hyper::Response<Out> {
    let out = refusal(StatusCode::NOT_FOUND, why);
    let outcome = Outcome::Response(Response {
        status: out.status().as_u16(),
        headers: recorded(out.headers()),
        body: Body::new(format!("{why}\n").into_bytes()),
    });
    entry.answered(outcome.clone(), outcome, None);
    out
}

/// A request as it came, without its body.
fn client_request(head: &Parts, host: &str, places: &Places) -> Request {
    let target = head.uri.path_and_query();
    let target = target.map_or(head.uri.path(), |target| target.as_str());
    let slash = if target.starts_with('/') { "" } else { "/" };
    Request {
        method: head.method.as_str().into(),
        url: format!("{}{slash}{target}", places.our_origin(host)),
        headers: recorded(&head.headers),
        body: Body::empty(),
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
