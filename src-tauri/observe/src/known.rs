//! What is known of the servers' addresses: which request is for what, as far as it matters for
//! passing it on.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use trace::{Header, Request, query_pairs};
use url::Url;

use crate::messages::{is_endpoint, metadata_in};

/// How many addresses are kept: a server names few.
const MOST: usize = 256;

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ResourceMetadata,
    ServerMetadata,
    Authorization,
    Registration,
    /// Another endpoint of an authorization server.
    Endpoint,
    /// Everything else that the MCP server has.
    Call,
    /// A request that is not passed on.
    Nothing,
}

/// The addresses that servers named.
#[derive(Debug, Default)]
pub struct Known {
    /// By address without query.
    endpoints: HashMap<String, Kind>,
    /// Named by challenges.
    metadata: HashSet<String>,
    /// There is authorization server metadata.
    named: bool,
}

impl Known {
    /// `own`: the request is for the origin of the MCP server.
    pub fn kind(&self, request: &Request, own: bool) -> Kind {
        let url = request.url.as_str();
        let Some((origin, path)) = address(url) else {
            return Kind::Nothing;
        };
        let here = format!("{origin}{path}");
        let read = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        if read && (self.metadata.contains(&here) || path.contains(RESOURCE)) {
            return Kind::ResourceMetadata;
        }
        if read && SERVER.iter().any(|name| path.contains(name)) {
            return Kind::ServerMetadata;
        }
        if let Some(kind) = self.endpoints.get(&here) {
            return *kind;
        }
        // A client's own address below the endpoint that registered it (RFC 7592 section 3).
        let of_client = self.endpoints.iter().any(|(endpoint, kind)| {
            *kind == Kind::Registration
                && here
                    .strip_prefix(endpoint.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        });
        if of_client {
            return Kind::Registration;
        }
        if !own {
            return Kind::Nothing;
        }
        if self.named {
            return Kind::Call;
        }
        usual(request, &path)
    }

    /// Takes in the addresses of an authorization server's metadata. Gives their origins.
    pub fn take_server_metadata(&mut self, document: &Map<String, Value>) -> Vec<String> {
        let mut origins = Vec::new();
        let aliases = document.get("mtls_endpoint_aliases");
        let aliases = aliases.and_then(Value::as_object);
        let all = document.iter().chain(aliases.into_iter().flatten());
        for (name, value) in all.filter(|(name, _)| is_endpoint(name)) {
            let Some((origin, path)) = value.as_str().and_then(address) else {
                continue;
            };
            let kind = match name.as_str() {
                "authorization_endpoint" => Kind::Authorization,
                "registration_endpoint" => Kind::Registration,
                _ => Kind::Endpoint,
            };
            self.named = true;
            if self.endpoints.len() < MOST {
                self.endpoints.insert(format!("{origin}{path}"), kind);
            }
            origins.push(origin);
        }
        origins
    }

    /// Takes in what a challenge names. Gives its origin.
    pub fn take_challenge(&mut self, headers: &[Header]) -> Option<String> {
        let mut named = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("www-authenticate"))
            .filter_map(|header| Some(&header.value[metadata_in(&header.value)?]));
        let (origin, path) = address(named.next()?)?;
        if self.metadata.len() < MOST {
            self.metadata.insert(format!("{origin}{path}"));
        }
        Some(origin)
    }

    /// Takes in the address of a client that was registered (RFC 7592 section 3).
    pub fn take_client(&mut self, url: &str) {
        if let Some((origin, path)) = address(url)
            && self.endpoints.len() < MOST
        {
            let here = format!("{origin}{path}");
            self.endpoints.entry(here).or_insert(Kind::Registration);
        }
    }
}

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

/// The endpoints of a server without metadata (2025-03-26 basic/authorization, "Fallbacks for
/// Servers without Metadata Discovery").
fn usual(request: &Request, path: &str) -> Kind {
    let asks = || {
        query_pairs(&request.url)
            .iter()
            .any(|pair| pair.name == "response_type")
    };
    let media = request.header_value("content-type").unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/authorize") if asks() => Kind::Authorization,
        ("POST", "/token") if media.contains("form") => Kind::Endpoint,
        ("POST", "/register") if media.contains("json") => Kind::Registration,
        _ => Kind::Call,
    }
}

/// Origin and path of a URL, in one way of writing them.
fn address(url: &str) -> Option<(String, String)> {
    let origin = trace::origin_of(url)?;
    let url = Url::parse(url).ok()?;
    Some((origin, url.path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_by_what_the_servers_named() {
        let mut known = Known::default();
        let metadata = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a",
            "token_endpoint":"https://t.example:443/t?x","registration_endpoint":"https://as.example/r",
            "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.example/t"},"jwks_uri":7}"#;
        let asked = |known: &Known, method: &str, url: &str, own: bool| {
            known.kind(&Request::new(method, url), own)
        };
        let register = Request::new("POST", "https://mcp.example/register")
            .header("content-type", "application/json");
        assert_eq!(known.kind(&register, true), Kind::Registration);
        let origins = known.take_server_metadata(&serde_json::from_str(metadata).unwrap());
        assert_eq!(origins.len(), 4);
        let header = "Bearer resource_metadata=\"https://mcp.example/meta\"";
        known.take_challenge(&[Header::new("www-authenticate", header)]);
        known.take_client("https://as.example/clients/7");
        for (method, url, own, kind) in [
            (
                "GET",
                "https://as.example/a?client_id=x",
                false,
                Kind::Authorization,
            ),
            ("POST", "https://t.example/t", false, Kind::Endpoint),
            ("POST", "https://mtls.example/t", false, Kind::Endpoint),
            ("POST", "https://as.example/r", false, Kind::Registration),
            ("PUT", "https://as.example/r/7", false, Kind::Registration),
            (
                "DELETE",
                "https://as.example/clients/7",
                false,
                Kind::Registration,
            ),
            ("GET", "https://as.example/login", false, Kind::Nothing),
            (
                "GET",
                "https://mcp.example/meta",
                true,
                Kind::ResourceMetadata,
            ),
            (
                "GET",
                "https://mcp.example/.well-known/oauth-protected-resource/mcp",
                true,
                Kind::ResourceMetadata,
            ),
            (
                "GET",
                "https://as.example/t/.well-known/openid-configuration",
                false,
                Kind::ServerMetadata,
            ),
            ("POST", "https://mcp.example/mcp", true, Kind::Call),
            ("POST", "https://mcp.example/register", true, Kind::Call),
        ] {
            assert_eq!(asked(&known, method, url, own), kind, "{method} {url}");
        }
    }
}
