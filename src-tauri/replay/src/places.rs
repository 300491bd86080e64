//! The addresses that a recording itself names, whenever it does: a request may have been recorded
//! before the document that says what it is.

use std::collections::{HashMap, HashSet};

use trace::{
    Exchange, MetadataSource, Purpose, Recorded, ResourceMetadata, ServerMetadata, WellKnown,
    query_pairs, resource_metadata_urls, server_metadata_urls,
};

use crate::message::{
    address, answer, asked, challenges_for_token, location, named_metadata, path, speaks_mcp, text,
    value,
};

/// What an address of an authorization server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Authorization,
    Token,
    Registration,
    PushedAuthorization,
    DeviceAuthorization,
    Revocation,
    Introspection,
    Userinfo,
    Jwks,
}

/// The addresses that a recording names.
#[derive(Debug, Default)]
pub struct Places {
    /// The recording is our own proxy's.
    pub are_observed: bool,
    endpoints: HashMap<String, Endpoint>,
    /// URLs of MCP endpoints, without their queries.
    mcp: HashSet<String>,
    /// URLs that challenges name as resource metadata.
    named_metadata: HashSet<String>,
    /// Where the metadata of resources and issuers is, that the recording names.
    resources: HashMap<String, MetadataSource>,
    issuers: HashMap<String, (String, WellKnown)>,
    /// Of clients, without their queries.
    redirect_uris: HashSet<String>,
    states: HashSet<String>,
    /// Client configuration endpoints (RFC 7592).
    clients: HashSet<String>,
    /// Where redirects of authorization requests lead.
    onward: HashSet<String>,
    /// What metadata was asked for as a resource.
    meant: HashSet<String>,
    /// URLs of requests whose bodies were not recorded.
    unread: HashSet<String>,
}

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OIDC: &str = "/.well-known/openid-configuration";

impl Places {
    pub fn of(exchanges: &[Exchange]) -> Self {
        let mut places = Self::default();
        for exchange in exchanges {
            places.take(exchange);
        }
        let calls = places.meant.intersection(&places.unread).cloned();
        let calls: Vec<String> = calls.collect();
        places.mcp.extend(calls);
        places
    }

    /// The same for what our own proxy recorded: it knows which server it stands before, whatever
    /// that answers.
    pub fn observed(exchanges: &[Exchange], server_url: &str) -> Self {
        let mut places = Self {
            are_observed: true,
            ..Self::of(exchanges)
        };
        if let Ok(url) = url::Url::parse(server_url.trim()) {
            places.take_resource(address(url.as_str()).to_owned());
        }
        places
    }

    fn take(&mut self, exchange: &Exchange) {
        let request = &exchange.request;
        if request.method == "POST" && speaks_mcp(request) {
            self.take_resource(address(&request.url).to_owned());
            // Queries count where metadata is looked for.
            self.take_resource_urls(&request.url);
        }
        if let Some(response) = exchange.response() {
            self.named_metadata.extend(named_metadata(response));
            let streams = request
                .header_value("accept")
                .is_some_and(|accept| accept.contains("text/event-stream"));
            let is_mcp = named_metadata(response).is_some()
                || streams && challenges_for_token(response)
                || response.header_value("mcp-session-id").is_some();
            if is_mcp {
                self.take_resource(address(&request.url).to_owned());
                self.take_resource_urls(&request.url);
            }
        }
        // A client that asks for the metadata of a resource means to call it.
        let unread = |one: &Exchange| one.recorded.request_body == Recorded::NotRecorded;
        if let Some((origin, resource)) = request.url.split_once(RESOURCE)
            && resource.starts_with('/')
        {
            self.meant
                .insert(address(&format!("{origin}{resource}")).to_owned());
        }
        if unread(exchange) && request.method == "POST" {
            self.unread.insert(address(&request.url).to_owned());
        }
        let asked = asked(request);
        if self.is_onward(exchange, &asked) {
            return;
        }
        if let Some(uri) = value(&asked, "redirect_uri") {
            self.redirect_uris.insert(address(uri).to_owned());
        }
        if value(&asked, "client_id").is_some() {
            self.states
                .extend(value(&asked, "state").map(str::to_owned));
        }
        if let Some(document) = answer(exchange) {
            self.take_document(exchange, &document);
        }
    }

    /// Whether the browser came here by the redirect of an authorization request: a server that has
    /// another one log the user in asks that one in the same way.
    fn is_onward(&mut self, exchange: &Exchange, asked: &[trace::Pair]) -> bool {
        let led_here = self.onward.contains(&exchange.request.url);
        let asks = value(asked, "client_id").is_some() && value(asked, "response_type").is_some();
        if led_here || asks && exchange.request.method == "GET" {
            self.onward.extend(location(exchange));
        }
        led_here
    }

    fn take_document(
        &mut self,
        exchange: &Exchange,
        document: &serde_json::Map<String, serde_json::Value>,
    ) {
        let Some(response) = exchange.response() else {
            return;
        };
        if document.contains_key("authorization_servers")
            && let Ok(metadata) = ResourceMetadata::read(response)
        {
            for issuer in &metadata.authorization_servers {
                self.take_issuer(issuer);
            }
        }
        if (document.contains_key("token_endpoint")
            || document.contains_key("authorization_endpoint"))
            && let Ok(metadata) = ServerMetadata::read(response)
        {
            self.take_server(&metadata);
        }
        if document.contains_key("client_id") {
            self.clients
                .extend(text(document, "registration_client_uri").map(str::to_owned));
            let uris = document
                .get("redirect_uris")
                .and_then(|uris| uris.as_array());
            let uris = uris.into_iter().flatten().filter_map(|uri| uri.as_str());
            self.redirect_uris
                .extend(uris.map(|uri| address(uri).to_owned()));
        }
    }

    fn take_resource(&mut self, url: String) {
        self.mcp.insert(url);
    }

    fn take_resource_urls(&mut self, resource: &str) {
        for (source, url) in resource_metadata_urls(resource) {
            self.resources.entry(url).or_insert(source);
        }
    }

    fn take_issuer(&mut self, issuer: &str) {
        for (well_known, url) in server_metadata_urls(issuer) {
            self.issuers
                .entry(url)
                .or_insert_with(|| (issuer.to_owned(), well_known));
        }
    }

    fn take_server(&mut self, metadata: &ServerMetadata) {
        let all = [
            (&metadata.authorization_endpoint, Endpoint::Authorization),
            (&metadata.token_endpoint, Endpoint::Token),
            (&metadata.registration_endpoint, Endpoint::Registration),
            (
                &metadata.pushed_authorization_request_endpoint,
                Endpoint::PushedAuthorization,
            ),
            (
                &metadata.device_authorization_endpoint,
                Endpoint::DeviceAuthorization,
            ),
            (&metadata.revocation_endpoint, Endpoint::Revocation),
            (&metadata.introspection_endpoint, Endpoint::Introspection),
            (&metadata.userinfo_endpoint, Endpoint::Userinfo),
            (&metadata.jwks_uri, Endpoint::Jwks),
        ];
        for (url, endpoint) in all {
            if let Some(url) = url {
                self.endpoints
                    .entry(address(url).to_owned())
                    .or_insert(endpoint);
            }
        }
    }

    pub fn endpoint(&self, url: &str) -> Option<Endpoint> {
        self.endpoints.get(address(url)).copied()
    }

    pub fn is_mcp(&self, url: &str) -> bool {
        self.mcp.contains(address(url))
    }

    pub fn is_redirect_uri(&self, url: &str) -> bool {
        self.redirect_uris.contains(address(url))
    }

    pub fn is_client(&self, url: &str) -> bool {
        self.clients.contains(url)
    }

    /// Whether a request to this URL brings an authorization response.
    pub fn is_callback(&self, url: &str, fields: &[trace::Pair]) -> bool {
        let has = |name| value(fields, name).is_some();
        let answers = has("code") || has("error") || has("response");
        if !answers || has("client_id") && has("response_type") {
            return false;
        }
        let expected = value(fields, "state").is_some_and(|state| self.states.contains(state));
        let redirected = self.redirect_uris.contains(address(url));
        redirected || expected && self.endpoint(url).is_none() && !has("grant_type")
    }

    /// A request for one of the two documents.
    pub fn metadata(&self, url: &str) -> Option<Purpose> {
        let path = path(url);
        if self.named_metadata.contains(url) {
            let source = MetadataSource::Header;
            return Some(Purpose::ResourceMetadata { source });
        }
        if let Some(rest) = path.strip_prefix(RESOURCE) {
            let by_path = if rest.trim_end_matches('/').is_empty() && query_pairs(url).is_empty() {
                MetadataSource::Root
            } else {
                MetadataSource::PathInserted
            };
            let source = self.resources.get(url).copied().unwrap_or(by_path);
            return Some(Purpose::ResourceMetadata { source });
        }
        if path.ends_with(RESOURCE) {
            let source = MetadataSource::PathInserted;
            return Some(Purpose::ResourceMetadata { source });
        }
        let (issuer, well_known) = match self.issuers.get(url) {
            Some(known) => known.clone(),
            None => issuer_of(url, &path)?,
        };
        Some(Purpose::ServerMetadata { issuer, well_known })
    }
}

/// The issuer that a metadata URL is of, by the URL alone.
fn issuer_of(url: &str, path: &str) -> Option<(String, WellKnown)> {
    let origin = trace::origin_of(url)?;
    let after = |well_known: &str| path.strip_prefix(well_known);
    let before = |well_known: &str| path.strip_suffix(well_known);
    if let Some(rest) = after(OAUTH) {
        return Some((format!("{origin}{rest}"), WellKnown::OauthInserted));
    }
    if let Some(rest) = after(OIDC) {
        return Some((format!("{origin}{rest}"), WellKnown::OidcInserted));
    }
    if let Some(rest) = before(OIDC) {
        return Some((format!("{origin}{rest}"), WellKnown::OidcAppended));
    }
    // No specification puts it there, and some clients do.
    before(OAUTH).map(|rest| (format!("{origin}{rest}"), WellKnown::OauthInserted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_knows_its_server_before_anything_was_said() {
        let places = Places::observed(&[], "https://MCP.example/mcp");
        assert!(places.is_mcp("https://mcp.example/mcp?view=1"));
        assert!(!places.is_mcp("https://mcp.example/register"));
    }

    #[test]
    fn a_metadata_url_says_whose_it_is() {
        let places = Places::default();
        let issuer = |url: &str| match places.metadata(url) {
            Some(Purpose::ServerMetadata { issuer, well_known }) => (issuer, well_known),
            other => panic!("{other:?}"),
        };
        let at = "https://as.example";
        assert_eq!(
            issuer(&format!("{at}{OAUTH}/tenant")),
            (format!("{at}/tenant"), WellKnown::OauthInserted)
        );
        assert_eq!(
            issuer(&format!("{at}/tenant{OIDC}")),
            (format!("{at}/tenant"), WellKnown::OidcAppended)
        );
        assert_eq!(
            issuer(&format!("{at}{OIDC}")),
            (at.into(), WellKnown::OidcInserted)
        );
        let source = |url: &str| match places.metadata(url) {
            Some(Purpose::ResourceMetadata { source }) => source,
            other => panic!("{other:?}"),
        };
        assert_eq!(source(&format!("{at}{RESOURCE}")), MetadataSource::Root);
        assert_eq!(
            source(&format!("{at}{RESOURCE}/mcp")),
            MetadataSource::PathInserted
        );
        assert_eq!(places.metadata("https://as.example/app.js"), None);
    }
}
