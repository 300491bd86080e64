//! One flow: what is known of it so far, and whether an exchange belongs to it.

use std::collections::HashSet;

use trace::{
    CrossOrigin, Exchange, Pair, Purpose, Recorded, ResourceMetadata, ServerMetadata, origin_of,
    resource_metadata_urls,
};

use crate::message::{
    address, answer, asked, location, named_metadata, path, rpc_method, text, token, value,
};
use crate::purpose::brought_token;

/// What travels from message to message, by its name in requests and answers.
const TRAVELS: [&str; 13] = [
    "state",
    "code",
    "access_token",
    "refresh_token",
    "id_token",
    "device_code",
    "request_uri",
    "token",
    "subject_token",
    "assertion",
    "code_challenge",
    "mcp-session-id",
    "registration_access_token",
];

/// What is known of one flow.
#[derive(Debug, Default)]
pub struct Attempt {
    /// The URL that MCP calls go to.
    pub server_url: Option<String>,
    /// What metadata or a request names as the resource.
    pub resource: Option<String>,
    /// There was resource metadata, or a request for it.
    seeks_resource: bool,
    named_metadata: HashSet<String>,
    /// Named by the resource metadata.
    pub issuers: HashSet<String>,
    endpoints: HashSet<String>,
    values: HashSet<String>,
    clients: HashSet<String>,
    has_token: bool,
    /// A call with a token was answered.
    reached: bool,
    /// Where the browser is being sent, while an authorization request is open.
    pages: Option<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    next: HashSet<String>,
    origins: HashSet<String>,
}

impl Attempt {
    /// Whether it is about an MCP server.
    pub fn is_mcp(&self) -> bool {
        self.server_url.is_some() || self.seeks_resource
    }

    /// The URL of its MCP server, as far as the recording shows it.
    pub fn server(&self) -> Option<&str> {
        self.server_url.as_deref().or(self.resource.as_deref())
    }

    /// How much speaks for an exchange being of this flow; zero when nothing does. `latest`: it is
    /// the flow that the exchange before was of.
    pub fn claim(&self, exchange: &Exchange, latest: bool) -> u32 {
        if self.begins_anew(exchange) {
            return 0;
        }
        if values(exchange).any(|value| self.values.contains(&value)) {
            return 100;
        }
        let url = exchange.request.url.as_str();
        match &exchange.purpose {
            Purpose::Mcp { .. } | Purpose::Challenge { .. } | Purpose::Unknown => {
                self.claim_call(url)
            }
            Purpose::Preflight {
                of: CrossOrigin::McpEndpoint,
            } => self.claim_call(url),
            Purpose::ResourceMetadata { .. }
            | Purpose::Preflight {
                of: CrossOrigin::ResourceMetadata,
            } => self.claim_resource_metadata(url),
            Purpose::ServerMetadata { issuer, .. } => {
                self.claim_server_metadata(url, Some(issuer), latest)
            }
            Purpose::Preflight {
                of: CrossOrigin::ServerMetadata,
            } => self.claim_server_metadata(url, None, latest),
            Purpose::Unrelated => 0,
            Purpose::WithinPage => u32::from(latest),
            Purpose::FromPage { .. } => u32::from(latest),
            _ => self.claim_request(exchange, latest),
        }
    }

    /// A client that connects without a token to a server that already accepted one begins a new
    /// flow.
    fn begins_anew(&self, exchange: &Exchange) -> bool {
        let Purpose::Mcp { method } = &exchange.purpose else {
            return false;
        };
        self.reached
            && matches!(method.as_str(), "initialize" | "server/discover")
            && token(&exchange.request).is_none()
            && exchange.recorded.request_headers == Recorded::Whole
    }

    fn claim_call(&self, url: &str) -> u32 {
        match &self.server_url {
            Some(known) if known == url => 80,
            Some(known) if address(known) == address(url) => 70,
            // The older transport sends its messages to another address.
            Some(known) if path(url).contains("message") && origin_of(known) == origin_of(url) => {
                50
            }
            Some(_) => 0,
            None if self.resource.as_deref() == Some(url) => 60,
            None if self.seeks_resource && self.same_origin(url) => 30,
            None => 5,
        }
    }

    fn claim_resource_metadata(&self, url: &str) -> u32 {
        if self.named_metadata.contains(url) {
            return 90;
        }
        match &self.server_url {
            Some(server) => {
                let mut usual = resource_metadata_urls(server).into_iter();
                if usual.any(|(_, usual)| usual == url) {
                    80
                } else if self.same_origin(url) {
                    50
                } else {
                    0
                }
            }
            None => 20,
        }
    }

    fn claim_server_metadata(&self, url: &str, issuer: Option<&str>, latest: bool) -> u32 {
        if issuer.is_some_and(|issuer| self.issuers.contains(issuer)) {
            return 80;
        }
        let named_here = self
            .issuers
            .iter()
            .any(|issuer| origin_of(issuer) == origin_of(url));
        if named_here {
            60
        } else if self.same_origin(url) {
            40
        } else if latest {
            // An identity provider, or a server whose resource metadata was not recorded.
            10
        } else {
            0
        }
    }

    fn claim_request(&self, exchange: &Exchange, latest: bool) -> u32 {
        let request = &exchange.request;
        let asked = asked(request);
        let resource = value(&asked, "resource");
        let mut claim = 0;
        if resource.is_some()
            && (resource == self.server_url.as_deref() || resource == self.resource.as_deref())
        {
            claim += 60;
        }
        if value(&asked, "client_id").is_some_and(|client| self.clients.contains(client)) {
            claim += 40;
        }
        if self.endpoints.contains(address(&request.url)) {
            claim += 30;
        } else if self.endpoints.is_empty() {
            // Its metadata was not recorded, or there is none.
            if self.same_origin(&request.url) {
                claim += 25;
            } else if latest {
                claim += 10;
            }
        }
        claim
    }

    fn same_origin(&self, url: &str) -> bool {
        self.server()
            .is_some_and(|server| origin_of(server) == origin_of(url))
    }

    /// Whether it is a page on the browser's way through an open authorization request.
    pub fn is_page(&self, exchange: &Exchange) -> bool {
        let Some(pages) = &self.pages else {
            return false;
        };
        let url = exchange.request.url.as_str();
        if pages.next.contains(url) {
            return true;
        }
        let origin = origin_of(url).unwrap_or_default();
        let answered_as_page = exchange.response().is_some_and(|response| {
            (300..400).contains(&response.status)
                || response.media_type().as_deref() == Some("text/html")
        });
        exchange.request.method == "POST" && pages.origins.contains(&origin) && answered_as_page
    }

    /// A call with or without a token. A client may open a stream first, and is challenged there.
    pub fn settled(&self, exchange: &Exchange) -> Purpose {
        let Purpose::Mcp { method } = &exchange.purpose else {
            return if is_challenged_stream(exchange) {
                Purpose::Challenge {
                    method: String::new(),
                }
            } else {
                exchange.purpose.clone()
            };
        };
        let method = method.clone();
        let whole = exchange.recorded.request_headers == Recorded::Whole;
        let with_token = token(&exchange.request).is_some()
            || !whole && (self.has_token || exchange.status().is_some_and(|status| status < 400));
        if with_token {
            Purpose::Mcp { method }
        } else {
            Purpose::Challenge { method }
        }
    }

    /// Takes in an exchange that is of this flow.
    pub fn take(&mut self, exchange: &Exchange) {
        self.values.extend(values(exchange));
        let request = &exchange.request;
        let asked = asked(request);
        self.clients
            .extend(value(&asked, "client_id").map(str::to_owned));
        if self.resource.is_none() {
            self.resource = value(&asked, "resource").map(str::to_owned);
        }
        match &exchange.purpose {
            Purpose::Mcp { .. } | Purpose::Challenge { .. } | Purpose::Unknown => {
                self.take_call(exchange)
            }
            Purpose::Preflight {
                of: CrossOrigin::McpEndpoint,
            } => {
                self.server_url.get_or_insert_with(|| request.url.clone());
            }
            Purpose::ResourceMetadata { .. } => self.take_resource_metadata(exchange),
            Purpose::ServerMetadata { .. } => self.take_server_metadata(exchange),
            Purpose::Registration => {
                let answer = answer(exchange).unwrap_or_default();
                self.clients
                    .extend(text(&answer, "client_id").map(str::to_owned));
                self.endpoints
                    .extend(text(&answer, "registration_client_uri").map(str::to_owned));
            }
            Purpose::Authorization => self.take_page(exchange),
            Purpose::Callback => self.pages = None,
            _ => {}
        }
        self.has_token |= brought_token(exchange) || token(request).is_some();
    }

    fn take_call(&mut self, exchange: &Exchange) {
        self.server_url
            .get_or_insert_with(|| exchange.request.url.clone());
        if let Some(response) = exchange.response() {
            self.named_metadata.extend(named_metadata(response));
            let with_token = matches!(exchange.purpose, Purpose::Mcp { .. });
            self.reached |=
                with_token && response.status < 300 && rpc_method(&exchange.request).is_some();
        }
    }

    fn take_resource_metadata(&mut self, exchange: &Exchange) {
        self.seeks_resource = true;
        let read = exchange.response().map(ResourceMetadata::read);
        if let Some(Ok(metadata)) = read {
            self.issuers.extend(metadata.authorization_servers);
            self.resource = metadata.resource.or(self.resource.take());
        }
    }

    fn take_server_metadata(&mut self, exchange: &Exchange) {
        let read = exchange.response().map(ServerMetadata::read);
        let Some(Ok(metadata)) = read else { return };
        let all = [
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.registration_endpoint,
            metadata.pushed_authorization_request_endpoint,
            metadata.device_authorization_endpoint,
            metadata.revocation_endpoint,
            metadata.introspection_endpoint,
            metadata.userinfo_endpoint,
            metadata.jwks_uri,
        ];
        self.endpoints
            .extend(all.iter().flatten().map(|url| address(url).to_owned()));
    }

    fn take_page(&mut self, exchange: &Exchange) {
        let pages = self.pages.get_or_insert_default();
        pages.origins.extend(origin_of(&exchange.request.url));
        pages.next.extend(location(exchange));
    }
}

/// The values of an exchange that travel between messages.
fn values(exchange: &Exchange) -> impl Iterator<Item = String> {
    let request = &exchange.request;
    let mut all: Vec<String> = Vec::new();
    let mut take = |pairs: &[Pair]| {
        let travelling = pairs
            .iter()
            .filter(|pair| TRAVELS.contains(&pair.name.as_str()) && pair.value.len() >= SHORTEST);
        all.extend(travelling.map(|pair| pair.value.clone()));
    };
    // A call to any server may have a parameter that is named so.
    if exchange.purpose != Purpose::Unrelated {
        take(&asked(request));
    }
    if let Some(to) = location(exchange) {
        take(&trace::query_pairs(&to));
    }
    all.extend(token(request).map(str::to_owned));
    let session = request.header_value("mcp-session-id");
    let given = exchange
        .response()
        .and_then(|response| response.header_value("mcp-session-id"));
    all.extend(session.into_iter().chain(given).map(str::to_owned));
    if let Some(answer) = answer(exchange) {
        let travelling = TRAVELS.iter().filter_map(|name| text(&answer, name));
        all.extend(travelling.map(str::to_owned));
    }
    all.into_iter()
}

/// Shorter values may be the same by chance.
const SHORTEST: usize = 4;

/// A GET of the MCP server without a token, answered 401.
fn is_challenged_stream(exchange: &Exchange) -> bool {
    exchange.purpose == Purpose::Unknown
        && exchange.request.method == "GET"
        && exchange.status() == Some(401)
        && exchange.recorded.request_headers == Recorded::Whole
        && token(&exchange.request).is_none()
}

#[cfg(test)]
mod tests {
    use trace::{Body, Outcome, ParticipantId, Request, Response};

    use super::*;

    /// What a request to the MCP server was for that is no call.
    fn settled(request: Request, status: u16) -> Purpose {
        Attempt::default().settled(&Exchange {
            purpose: Purpose::Unknown,
            from: ParticipantId::CLIENT,
            to: ParticipantId::CLIENT,
            label: String::new(),
            request,
            edited: false,
            answer_edited: false,
            outcome: Outcome::Response(Response {
                status,
                headers: Vec::new(),
                body: Body::empty(),
            }),
            started: trace::Timestamp(0),
            timings: trace::Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        })
    }

    #[test]
    fn a_stream_is_challenged_where_it_is_refused_for_want_of_a_token() {
        let to_server = |method: &str| Request::new(method, "https://mcp.example/mcp");
        let challenge = Purpose::Challenge {
            method: String::new(),
        };
        assert_eq!(settled(to_server("GET"), 401), challenge);
        let with_token = to_server("GET").header("authorization", "Bearer opaque");
        for (request, status) in [
            (with_token, 401),
            (to_server("GET"), 405),
            (to_server("DELETE"), 401),
        ] {
            assert_eq!(settled(request, status), Purpose::Unknown);
        }
    }
}
