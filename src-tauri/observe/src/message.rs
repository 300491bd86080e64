//! Messages that name addresses: read as a whole, replaced, passed on.

use std::sync::Arc;

use futures_util::stream;
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::StatusCode;
use hyper::body::{Bytes, Frame, Incoming};
use serde_json::{Map, Value};
use tokio::time::timeout;
use trace::{BodyEnd, Header, Outcome, Purpose, Request, Response, pairs};

use crate::head::{sent_head, set_length};
use crate::known::Kind;
use crate::limits::Limit;
use crate::messages::{Mapping, form_inward, listed, with_callback, without_callback};
use crate::proxy::{Asking, Proxy, locked};
use crate::record::Entry;
use crate::serve::{Closed, Out, refusal, whole};

/// Bytes of a message to an authorization server.
const LARGEST: usize = 1024 * 1024;

impl Proxy {
    /// Passes on a message that names addresses, or is answered by one that does.
    pub(crate) async fn message(
        self: &Arc<Self>,
        kind: Kind,
        mut asking: Asking,
        body: Incoming,
    ) -> Result<hyper::Response<Out>, Closed> {
        let reading = Limited::new(body, LARGEST).collect();
        let bytes = match timeout(self.limits().patience, reading).await {
            Ok(Ok(read)) => read.to_bytes(),
            Ok(Err(_)) => {
                let why = "The body is too large, or broken.";
                return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, why));
            }
            Err(_) => {
                let why = "The body did not come in time.";
                return Ok(refusal(StatusCode::REQUEST_TIMEOUT, why));
            }
        };
        asking.client.body.bytes = bytes.to_vec();
        asking.request.body.bytes = bytes.to_vec();
        if self.replaces_all() {
            self.asked_inward(&mut asking.request);
        }
        let entry = self.begin(Purpose::Unknown, &asking);
        let (server, mut with_ours) = self.arranged(kind, &asking);
        entry.server_gets(server.clone());
        let mut sent = self.wire.pass_on_whole(server).await;
        if with_ours && is_refused(&sent.outcome) {
            // The server may refuse our callback.
            with_ours = false;
            entry.server_gets(asking.request.clone());
            sent = self.wire.pass_on_whole(asking.request.clone()).await;
        }
        entry.connected(sent.timings, sent.connection);
        let response = match sent.outcome {
            Outcome::Response(response) => response,
            failure => {
                entry.answered(failure.clone(), failure, None);
                return Err(Closed);
            }
        };
        self.take(kind, &asking, &response, with_ours).await;
        self.note_signatures(&asking.request, &response, &entry);
        Ok(self.handed_on(kind, &asking, response, &entry))
    }

    /// The request as it would be without us.
    fn asked_inward(&self, request: &mut Request) {
        let state = locked(&self.state);
        if let Some((before, query)) = request.url.split_once('?')
            && let Some(query) = form_inward(query, &state.places)
        {
            request.url = format!("{before}?{query}");
        }
        if is_form(request)
            && let Some(text) = request.body.text()
            && let Some(form) = form_inward(text, &state.places)
        {
            request.body.bytes = form.into_bytes();
            set_length(request);
        }
    }

    /// The request as the server gets it: with our callback beside the client's, or in its place.
    /// Also says whether a registration asks for ours.
    fn arranged(&self, kind: Kind, asking: &Asking) -> (Request, bool) {
        let mut server = asking.request.clone();
        if !self.replaces_all() {
            return (server, false);
        }
        let callback = locked(&self.state).places.callback();
        if kind == Kind::Registration {
            return match with_callback(&server.body.bytes, &callback) {
                Some(body) => {
                    server.body.bytes = body;
                    set_length(&mut server);
                    (server, true)
                }
                None => (server, false),
            };
        }
        let form = server.body.text().filter(|_| is_form(&server));
        if let Some(form) = form {
            let mut state = locked(&self.state);
            let redeemed = state.callbacks.redeemed(form, &callback);
            let asks = |name| pairs(form).iter().any(|pair| pair.name == name);
            // Pushed authorization requests are the only others with a response type.
            let changed = redeemed.or_else(|| {
                asks("response_type")
                    .then(|| state.callbacks.arranged(form, &callback, &asking.host))
                    .flatten()
            });
            drop(state);
            if let Some(form) = changed {
                server.body.bytes = form.into_bytes();
                set_length(&mut server);
            }
        }
        (server, false)
    }

    /// Takes in what the server names.
    async fn take(self: &Arc<Self>, kind: Kind, asking: &Asking, response: &Response, ours: bool) {
        if !(200..300).contains(&response.status) || !self.replaces_all() {
            return;
        }
        let body = response.body.text().unwrap_or_default();
        let Ok(document) = serde_json::from_str::<Map<String, Value>>(body) else {
            return;
        };
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let mut origins = Vec::new();
        match kind {
            Kind::ResourceMetadata => {
                let servers = listed(&document, "authorization_servers");
                origins.extend(servers.iter().filter_map(|url| trace::origin_of(url)));
            }
            Kind::ServerMetadata => {
                origins = locked(&self.state).known.take_server_metadata(&document);
            }
            Kind::Registration => {
                let mut state = locked(&self.state);
                text("registration_client_uri")
                    .into_iter()
                    .for_each(|url| state.known.take_client(url));
                let asked = asking.request.body.text().unwrap_or_default();
                let asked: Map<String, Value> = serde_json::from_str(asked).unwrap_or_default();
                if let Some(id) = text("client_id").filter(|_| ours) {
                    let uris = listed(&asked, "redirect_uris");
                    state.callbacks.registered(id.to_owned(), uris);
                }
            }
            _ => {}
        }
        origins.dedup();
        for origin in origins {
            self.open(origin).await;
        }
    }

    /// What is signed names us instead of the server. That is neither the client's fault nor that
    /// of the server that refuses it.
    fn note_signatures(&self, request: &Request, response: &Response, entry: &Entry) {
        let refused = (400..500).contains(&response.status);
        let form = request.body.text().filter(|_| is_form(request));
        let form = form.map(pairs).unwrap_or_default();
        let asks = |name: &str| form.iter().any(|pair| pair.name == name);
        let signed = [
            (request.header_value("dpop").is_some(), Limit::DpopProof),
            (asks("client_assertion"), Limit::ClientAssertion),
            (asks("request"), Limit::RequestObject),
        ];
        for (_, limit) in signed.iter().filter(|(is, _)| *is) {
            self.meets(*limit);
            if refused {
                entry.says_nothing();
            }
        }
        let answer = response.body.text().unwrap_or_default();
        if asks("grant_type") && answer.contains("\"id_token\"") {
            self.meets(Limit::IdToken);
        }
    }

    /// The answer on its way to the client.
    fn handed_on(
        &self,
        kind: Kind,
        asking: &Asking,
        sent: Response,
        entry: &Entry,
    ) -> hyper::Response<Out> {
        // Without us it would not have our callback in it.
        let mut response = sent.clone();
        let mut client = response.clone();
        if self.replaces() {
            let state = locked(&self.state);
            let mapping = Mapping {
                places: &state.places,
                host: &asking.host,
            };
            client.headers = mapping.headers(&client.headers, &asking.request.url);
            let body = &client.body.bytes;
            let all = self.replaces_all();
            let replaced = match kind {
                Kind::ResourceMetadata => mapping.resource_metadata(body, all),
                Kind::ServerMetadata if all => mapping.server_metadata(body),
                Kind::Registration if all => {
                    let ours = state.places.callback();
                    if let Some(without) = without_callback(body, &ours) {
                        response.body.bytes = without;
                    }
                    mapping.registration(body, &ours)
                }
                _ => None,
            };
            drop(state);
            if replaced.is_some() && kind == Kind::ResourceMetadata && !all {
                self.meets(Limit::ResourceIsOurs);
            }
            if let Some(body) = replaced {
                client.body.bytes = body;
                client.body.coding = None;
                let framing = |name: &str| ["content-encoding", "content-length"].contains(&name);
                client
                    .headers
                    .retain(|header| !framing(&header.name.to_ascii_lowercase()));
                let length = client.body.bytes.len().to_string();
                client.headers.push(Header::new("content-length", length));
            }
        }
        let out = sent_head(&client, body_of(&client));
        let server = Outcome::Response(sent);
        entry.answered(
            Outcome::Response(response),
            Outcome::Response(client),
            Some(server),
        );
        out
    }
}

/// The body as it was on the wire. A body that ended too early ends too early here as well.
fn body_of(response: &Response) -> Out {
    let raw = response
        .body
        .coding
        .as_ref()
        .and_then(|coding| coding.raw.as_ref());
    let bytes = raw.map_or(&response.body.bytes, |raw| &raw.0).clone();
    match &response.body.end {
        BodyEnd::CutOff { reason } => {
            let error = std::io::Error::other(reason.clone());
            let pieces = [Ok(Frame::data(Bytes::from(bytes))), Err(error)];
            StreamBody::new(stream::iter(pieces)).boxed_unsync()
        }
        _ => whole(bytes),
    }
}

fn is_form(request: &Request) -> bool {
    let media = request.header_value("content-type").unwrap_or_default();
    media.to_ascii_lowercase().contains("x-www-form-urlencoded")
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Response(response) if (400..500).contains(&response.status))
}
