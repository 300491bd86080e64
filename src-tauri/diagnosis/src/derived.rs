//! What a flow went by, from its traffic alone: a recording of another client has no decisions.
//!
//! Where the traffic does not show it, nothing is said: a client may go another way, stop because
//! its user closed it, or show a certificate.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};
use trace::{
    BrowserVisit, Grant, Pair, Purpose, ResourceMetadata, Revision, RpcAnswer, ServerMetadata,
    StopCode, origin_of, query_pairs, rpc_answer,
};

use crate::client_authentication::{ClientAuthentication, basic_client_id};
use crate::facts::{ClientFact, Facts, StepUp, Stop};
use crate::fields::{UNSUPPORTED_VERSION, response_fields, text, value};
use crate::fields::{access_token, bearer, challenge_error, challenges, form, object};
use crate::snapshot::ExchangeRef;

/// What the flow went by, from its exchanges and its visits to the authorization endpoint, both in
/// order.
pub(crate) fn facts<'a>(
    server_url: &str,
    exchanges: &[ExchangeRef<'a>],
    visits: impl Iterator<Item = (u32, &'a BrowserVisit)>,
) -> Facts<'a> {
    let mut traffic = Traffic {
        facts: Facts::none(),
        origin: origin_of(server_url),
        negotiated: None,
        registered: HashMap::new(),
        spent: HashSet::new(),
        resource_metadata: false,
        server_metadata: None,
        state: None,
        last: None,
        last_call: None,
        visited: false,
    };
    let mut visits = visits.peekable();
    for seen in exchanges {
        while let Some((seq, visit)) = visits.next_if(|(seq, _)| *seq < seen.seq) {
            traffic.take_visit(seq, visit);
        }
        traffic.take(*seen);
    }
    for (seq, visit) in visits {
        traffic.take_visit(seq, visit);
    }
    traffic.end()
}

/// The traffic up to some point, and what it shows.
struct Traffic<'a> {
    facts: Facts<'a>,
    /// Of the MCP server.
    origin: Option<String>,
    /// The revision that the last answer to `initialize` names.
    negotiated: Option<Revision>,
    /// How registered clients authenticate.
    registered: HashMap<String, Option<String>>,
    /// Codes and refresh tokens that brought tokens.
    spent: HashSet<&'a str>,
    /// There is resource metadata that can be read.
    resource_metadata: bool,
    /// The latest that can be read, and the issuer asked for.
    server_metadata: Option<(&'a str, ServerMetadata)>,
    /// `state` of the latest authorization request; none when it has none.
    state: Option<String>,
    /// The last exchange that a flow may stop at.
    last: Option<ExchangeRef<'a>>,
    last_call: Option<ExchangeRef<'a>>,
    /// The browser was sent off after that.
    visited: bool,
}

impl<'a> Traffic<'a> {
    fn take_visit(&mut self, seq: u32, visit: &'a BrowserVisit) {
        let asked = query_pairs(&visit.url);
        if let Some(client) = value(&asked, "client_id") {
            self.act_as(seq, client, None);
        }
        self.take_default_endpoint(&visit.url);
        self.state = value(&asked, "state").map(str::to_owned);
        self.visited = true;
        let wanted = self.last_call.and_then(wants_more);
        self.facts
            .step_ups
            .extend(wanted.map(|for_scope| StepUp { seq, for_scope }));
    }

    fn take(&mut self, seen: ExchangeRef<'a>) {
        match &seen.exchange.purpose {
            Purpose::Challenge { method } | Purpose::Mcp { method } => {
                self.take_call(seen, method);
            }
            Purpose::ResourceMetadata { .. } => self.take_resource_metadata(seen),
            Purpose::ServerMetadata { issuer, .. } => self.take_server_metadata(seen, issuer),
            Purpose::Registration => self.take_registration(seen),
            Purpose::Token { grant } => self.take_token_request(seen, *grant),
            Purpose::Revocation { .. } => self.end_tokens(seen),
            Purpose::RegistrationDeletion => self.end_tokens(seen),
            Purpose::Callback
            | Purpose::Authorization
            | Purpose::PushedAuthorization
            | Purpose::DeviceAuthorization
            | Purpose::IdentityProviderMetadata { .. } => {}
            Purpose::ClientMetadata
            | Purpose::Introspection { .. }
            | Purpose::Userinfo
            | Purpose::Jwks
            | Purpose::RegistrationRead
            | Purpose::RegistrationUpdate
            | Purpose::Unknown
            | Purpose::Unrelated
            | Purpose::WithinPage
            | Purpose::Copy { .. }
            | Purpose::Preflight { .. }
            | Purpose::AuthorizationProbe
            | Purpose::FromPage { .. } => return,
        }
        self.last = Some(seen);
        self.visited = false;
    }

    fn take_call(&mut self, seen: ExchangeRef<'a>, method: &str) {
        let named = seen.request().header_value("mcp-protocol-version");
        let named = named.and_then(|version| version.parse().ok());
        let revision = match method {
            "initialize" => {
                let offered = offered(seen);
                self.negotiated = negotiated(seen).or(offered);
                self.negotiated
            }
            // There is none in earlier revisions.
            "server/discover" => Some(named.unwrap_or(Revision::LATEST)),
            _ => named.or(self.negotiated),
        };
        self.facts.revision = revision.unwrap_or(self.facts.revision);
        if method == "tools/call" {
            self.facts.tool_called = Some(seen.seq + 1);
        }
        self.last_call = Some(seen);
    }

    fn take_resource_metadata(&mut self, seen: ExchangeRef<'a>) {
        let document = seen
            .response_with_body()
            .map(|answer| ResourceMetadata::read(&answer));
        let Some(Ok(document)) = document else { return };
        self.resource_metadata = true;
        if let [issuer] = document.authorization_servers.as_slice() {
            self.go_to(seen.seq, Cow::Owned(issuer.clone()));
        }
    }

    fn take_server_metadata(&mut self, seen: ExchangeRef<'a>, issuer: &'a str) {
        self.go_to(seen.seq - 1, Cow::Borrowed(issuer));
        let document = seen
            .response_with_body()
            .map(|answer| ServerMetadata::read(&answer));
        if let Some(Ok(document)) = document {
            self.server_metadata = Some((issuer, document));
        }
    }

    fn go_to(&mut self, seq: u32, issuer: Cow<'a, str>) {
        let issuers = &mut self.facts.issuers;
        if issuers.last().is_none_or(|(_, known)| *known != issuer) {
            issuers.push((seq, issuer));
        }
    }

    /// A request to a default endpoint, while there is no metadata, says that they are used.
    fn take_default_endpoint(&mut self, url: &str) {
        let endpoint = url.split('?').next().unwrap_or(url);
        let path = self
            .origin
            .as_deref()
            .and_then(|origin| endpoint.strip_prefix(origin));
        if self.server_metadata.is_none()
            && matches!(path, Some("/authorize" | "/token" | "/register"))
        {
            self.facts.default_endpoints = true;
        }
    }

    fn take_registration(&mut self, seen: ExchangeRef<'a>) {
        self.take_default_endpoint(&seen.request().url);
        let answer = seen
            .response()
            .filter(|response| (200..300).contains(&response.status));
        let Some(answer) = answer.and_then(object) else {
            return;
        };
        if let Some(client) = text(&answer, "client_id") {
            let method = text(&answer, "token_endpoint_auth_method").map(str::to_owned);
            self.registered.insert(client.to_owned(), method);
            self.act_as(seen.seq, client, None);
        }
    }

    fn take_token_request(&mut self, seen: ExchangeRef<'a>, grant: Grant) {
        let request = seen.request();
        self.take_default_endpoint(&request.url);
        let sent = form(request);
        let client = basic_client_id(request);
        if let Some(client) = client.as_deref().or(value(sent, "client_id")) {
            let shown = ClientAuthentication::of(request);
            // A certificate does not show, and stands in for what is missing.
            let shown = match shown {
                ClientAuthentication::Basic
                | ClientAuthentication::Post
                | ClientAuthentication::Assertion => Some(shown.method()),
                ClientAuthentication::None | ClientAuthentication::Unknown => None,
            };
            self.act_as(seen.seq - 1, client, shown);
        }
        let name = match grant {
            Grant::AuthorizationCode => "code",
            Grant::RefreshToken => "refresh_token",
            grant => {
                self.facts.grants.push((seen.seq - 1, grant));
                return;
            }
        };
        let Some(used) = value(sent, name) else {
            return;
        };
        // A code or a refresh token that is used again.
        if self.spent.contains(used) {
            self.end_tokens(seen);
        }
        if seen.response().and_then(access_token).is_some() {
            self.spent.insert(used);
        }
    }

    /// A client that goes on with the same identifier keeps the method it has shown.
    fn act_as(&mut self, seq: u32, client: &str, shown: Option<&str>) {
        let before = self.facts.clients.last().map(|(_, client)| client);
        let before = before.filter(|before| before.client_id == client);
        let known = before.and_then(|before| before.auth_method.as_deref());
        let registered = self.registered.get(client).and_then(Option::as_deref);
        let auth_method = shown.or(known).or(registered);
        if before.is_some() && known == auth_method {
            return;
        }
        let client = ClientFact {
            client_id: Cow::Owned(client.to_owned()),
            auth_method: auth_method.map(|method| Cow::Owned(method.to_owned())),
        };
        self.facts.clients.push((seq, client));
    }

    fn end_tokens(&mut self, seen: ExchangeRef<'a>) {
        self.facts.end_tokens(seen.seq - 1, seen.seq + 1);
    }

    fn end(mut self) -> Facts<'a> {
        if let Some(last) = self.last.filter(|_| !self.visited) {
            let stop = self.stop(last).map(|code| Stop {
                seq: last.seq + 1,
                code,
                said: "",
            });
            self.facts.stops.extend(stop);
        }
        self.facts
    }

    /// Why a flow stops whose last exchange is this; none when it need not have stopped there.
    fn stop(&self, last: ExchangeRef<'a>) -> Option<StopCode> {
        match &last.exchange.purpose {
            Purpose::Challenge { method } | Purpose::Mcp { method } => stop_at_call(last, method),
            Purpose::ResourceMetadata { .. } => {
                last.response_with_body()?;
                (!self.resource_metadata).then_some(StopCode::NoResourceMetadata)
            }
            Purpose::ServerMetadata { .. } => self.stop_at_server_metadata(),
            Purpose::IdentityProviderMetadata { .. } => {
                let read = ServerMetadata::read(last.response_with_body()?.get());
                let found = read.is_ok_and(|document| document.token_endpoint.is_some());
                (!found).then_some(StopCode::NoServerMetadata)
            }
            Purpose::Callback => self.stop_at_callback(last),
            Purpose::Token { grant } => stop_at_token_request(last, *grant),
            _ => None,
        }
    }

    fn stop_at_server_metadata(&self) -> Option<StopCode> {
        let (issuer, document) = self.server_metadata.as_ref()?;
        let pkce = document.code_challenge_methods_supported.as_deref();
        // A client may go no further for these as well.
        let usable = document.issuer.as_deref() == Some(issuer)
            && pkce.is_some_and(|methods| methods.iter().any(|method| method == "S256"))
            && document.authorization_endpoint.is_some()
            && document.token_endpoint.is_some();
        let without = document.registration_endpoint.is_none();
        (usable && without).then_some(StopCode::NoRegistration)
    }

    fn stop_at_callback(&self, last: ExchangeRef<'a>) -> Option<StopCode> {
        let fields: Vec<Pair> = response_fields(last.request());
        let iss = value(&fields, "iss");
        let issuer = self.facts.issuers.last().map(|(_, issuer)| issuer.as_ref());
        if fields.is_empty() {
            Some(StopCode::NoCode)
        } else if value(&fields, "state") != self.state.as_deref() {
            Some(StopCode::StateMismatch)
        } else if iss.is_some_and(|iss| issuer.is_some_and(|issuer| iss != issuer)) {
            Some(StopCode::IssMismatch)
        } else if value(&fields, "error").is_some() {
            Some(StopCode::AuthorizationError)
        } else {
            value(&fields, "code").is_none().then_some(StopCode::NoCode)
        }
    }
}

/// Whether a call wants a client to authorize once more, and then whether for more scope.
fn wants_more(call: ExchangeRef<'_>) -> Option<bool> {
    bearer(call.request())?;
    match challenge_error(call)?.as_str() {
        "insufficient_scope" => Some(true),
        "insufficient_user_authentication" => Some(false),
        _ => None,
    }
}

/// The revision that a request to `initialize` offers.
fn offered(seen: ExchangeRef<'_>) -> Option<Revision> {
    let body: serde_json::Value = serde_json::from_slice(&seen.request().body.bytes).ok()?;
    body["params"]["protocolVersion"].as_str()?.parse().ok()
}

/// The revision that an answer to `initialize` names.
fn negotiated(seen: ExchangeRef<'_>) -> Option<Revision> {
    match rpc_answer(seen.response()?.get()) {
        RpcAnswer::Result(result) => result["protocolVersion"].as_str()?.parse().ok(),
        _ => None,
    }
}

fn stop_at_call(last: ExchangeRef<'_>, method: &str) -> Option<StopCode> {
    let response = last.response()?;
    let status = response.status;
    let with_token = bearer(last.request()).is_some();
    if status == 401 {
        return with_token.then_some(match challenge_error(last).as_deref() {
            Some("insufficient_scope") => StopCode::InsufficientScope,
            _ => StopCode::TokenNotAccepted,
        });
    }
    // A challenge for more scope may be in headers that were not recorded.
    if status == 403 && last.response_with_headers().is_none() {
        return None;
    }
    let challenged = challenges(response).is_ok_and(|all| !all.is_empty());
    if challenged && status >= 400 {
        let scope = challenge_error(last).as_deref() == Some("insufficient_scope");
        return Some(if with_token && scope {
            StopCode::InsufficientScope
        } else {
            StopCode::WrongChallengeStatus
        });
    }
    // Nothing depends on other methods, and a client may try what a server does not have.
    if !matches!(method, "initialize" | "server/discover" | "tools/list") {
        return None;
    }
    // What it answers is not known.
    if status == 200 && !response.has_body() {
        return None;
    }
    match rpc_answer(&response) {
        RpcAnswer::Result(_) if status == 200 => None,
        RpcAnswer::Result(_) => Some(StopCode::McpError),
        RpcAnswer::Error { .. } if status == 200 => Some(StopCode::McpError),
        _ if with_token => Some(StopCode::McpError),
        RpcAnswer::Error {
            code: UNSUPPORTED_VERSION,
            ..
        } => Some(StopCode::McpError),
        _ => Some(StopCode::NotAnMcpServer),
    }
}

fn stop_at_token_request(last: ExchangeRef<'_>, grant: Grant) -> Option<StopCode> {
    let response = last.response()?;
    if response.status == 200 {
        let brought = access_token(last.response_with_body()?).is_some();
        return (!brought).then_some(StopCode::InvalidTokenResponse);
    }
    let answer = object(response).unwrap_or_default();
    match (grant, text(&answer, "error")) {
        (Grant::DeviceCode, Some("authorization_pending" | "slow_down")) => None,
        (Grant::DeviceCode, Some("access_denied" | "expired_token")) => {
            Some(StopCode::DeviceNotApproved)
        }
        // A client authorizes afresh.
        (Grant::RefreshToken, Some("invalid_grant")) => None,
        _ => Some(StopCode::TokenRejected),
    }
}
