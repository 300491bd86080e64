//! What a request was for, as far as the exchange and the recording as a whole show it.

use trace::{CrossOrigin, Exchange, Grant, Purpose, Recorded, TokenKind};

use crate::message::{answer, asked, form, json, path, rpc_method, text, value};
use crate::places::{Endpoint, Places};

/// What a request was for; unrelated when it shows nothing of a flow. A call to an MCP server is a
/// call with a token here: whether it had one is known when the flow is.
pub fn purpose(exchange: &Exchange, places: &Places) -> Purpose {
    let request = &exchange.request;
    let url = request.url.as_str();
    let method = request.method.as_str();
    // One of our own questions, as our own file says; what the recording proxy knows better: what
    // it answered itself, and what it sent the browser on with; a document that was pasted alone.
    let is_known = match exchange.purpose {
        Purpose::Unknown => false,
        Purpose::FromPage { .. }
        | Purpose::AuthorizationProbe
        | Purpose::Authorization
        | Purpose::WithinPage
        | Purpose::Callback => true,
        Purpose::Unrelated => true,
        _ => !places.are_observed,
    };
    if is_known {
        return exchange.purpose.clone();
    }
    if method == "OPTIONS" {
        return preflight(exchange, places)
            .map_or(Purpose::Unrelated, |of| Purpose::Preflight { of });
    }
    let asked = asked(request);
    if places.is_callback(url, &asked) {
        return Purpose::Callback;
    }
    if let Some(metadata) = places.metadata(url).filter(|_| method == "GET") {
        return metadata;
    }
    // Somebody gave the client the URL of metadata for that of the server.
    if places.is_mcp(url) && !path(url).starts_with("/.well-known/") {
        return call(exchange);
    }
    if places.is_client(url) {
        return match method {
            "PUT" => Purpose::RegistrationUpdate,
            "DELETE" => Purpose::RegistrationDeletion,
            _ => Purpose::RegistrationRead,
        };
    }
    if let Some(purpose) = by_parameters(exchange, &asked) {
        return purpose;
    }
    places
        .endpoint(url)
        .and_then(|endpoint| at_endpoint(exchange, endpoint))
        .or_else(|| by_convention(exchange))
        .unwrap_or(Purpose::Unrelated)
}

/// By the last part of the path, where the body that would tell was not recorded: a log has no
/// bodies. 2025-03-26 basic/authorization ("Fallbacks for Servers without Metadata Discovery")
/// names these endpoints, and servers keep to them.
fn by_convention(exchange: &Exchange) -> Option<Purpose> {
    let request = &exchange.request;
    let unread = exchange.recorded.request_body != Recorded::Whole && request.body.is_empty();
    let unread = unread
        && exchange
            .response()
            .is_none_or(|response| response.body.is_empty());
    // An answer that only a token endpoint gives shows as much as the request.
    let answers_grant = exchange.recorded.request_body != Recorded::Whole
        && request.body.is_empty()
        && answer(exchange).is_some_and(|answer| {
            text(&answer, "access_token").is_some()
                || text(&answer, "error").is_some() && !answer.contains_key("jsonrpc")
        });
    let path = path(&request.url);
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    match (request.method.as_str(), last) {
        ("POST", "token") if unread || answers_grant => Some(Purpose::Token {
            grant: Grant::AuthorizationCode,
        }),
        ("POST", "register") if unread => Some(Purpose::Registration),
        ("POST", "mcp" | "sse" | "messages") if unread => Some(call(exchange)),
        _ => None,
    }
}

/// A call to the MCP server. Streams that are opened and sessions that are ended say nothing of
/// authorization unless they are challenged.
fn call(exchange: &Exchange) -> Purpose {
    let request = &exchange.request;
    if request.method == "POST" {
        let method = rpc_method(request);
        let named = || request.header_value("mcp-method").map(str::to_owned);
        let method = method.or_else(named).unwrap_or_default();
        return Purpose::Mcp { method };
    }
    Purpose::Unknown
}

fn by_parameters(exchange: &Exchange, asked: &[trace::Pair]) -> Option<Purpose> {
    let request = &exchange.request;
    let has = |name| value(asked, name).is_some();
    match request.method.as_str() {
        "GET" if has("client_id") && (has("response_type") || has("request_uri")) => {
            Some(Purpose::Authorization)
        }
        "POST" => {
            let sent = form(request);
            if let Some(grant_type) = value(&sent, "grant_type") {
                return grant(grant_type).map(|grant| Purpose::Token { grant });
            }
            // A form of a login page may hand the same parameters on.
            let asks =
                value(&sent, "response_type").is_some() && value(&sent, "client_id").is_some();
            if asks && answers_push(exchange) {
                return Some(Purpose::PushedAuthorization);
            }
            if answer(exchange).is_some_and(|answer| answer.contains_key("device_code")) {
                return Some(Purpose::DeviceAuthorization);
            }
            let body = json(&request.body.bytes)?;
            if body
                .get("redirect_uris")
                .is_some_and(|uris| uris.is_array())
            {
                return Some(Purpose::Registration);
            }
            // Not allowed, and sent all the same (RFC 6749 section 3.2).
            let grant = text(&body, "grant_type").and_then(grant)?;
            Some(Purpose::Token { grant })
        }
        _ => None,
    }
}

/// Whether the answer is one to a pushed authorization request (RFC 9126 sections 2.2 and 2.3), or
/// none was recorded.
fn answers_push(exchange: &Exchange) -> bool {
    let has_body = exchange
        .response()
        .is_some_and(|response| !response.body.is_empty());
    answer(exchange).map_or(!has_body, |answer| {
        answer.contains_key("request_uri") || answer.contains_key("error")
    })
}

fn grant(name: &str) -> Option<Grant> {
    Grant::ALL
        .into_iter()
        .find(|grant| grant.grant_type() == name)
}

/// What a request to an endpoint was for. Without its body, the answer may show it.
fn at_endpoint(exchange: &Exchange, endpoint: Endpoint) -> Option<Purpose> {
    let request = &exchange.request;
    let post = request.method == "POST";
    let token = || {
        let sent = form(request);
        match value(&sent, "token_type_hint") {
            Some("refresh_token") => TokenKind::RefreshToken,
            _ => TokenKind::AccessToken,
        }
    };
    match endpoint {
        Endpoint::Authorization if !post => Some(Purpose::Authorization),
        Endpoint::Token if post => Some(Purpose::Token {
            grant: Grant::AuthorizationCode,
        }),
        Endpoint::Registration if post => Some(Purpose::Registration),
        Endpoint::PushedAuthorization if post => Some(Purpose::PushedAuthorization),
        Endpoint::DeviceAuthorization if post => Some(Purpose::DeviceAuthorization),
        Endpoint::Revocation if post => Some(Purpose::Revocation { token: token() }),
        Endpoint::Introspection if post => Some(Purpose::Introspection { token: token() }),
        Endpoint::Userinfo => Some(Purpose::Userinfo),
        Endpoint::Jwks => Some(Purpose::Jwks),
        _ => None,
    }
}

fn preflight(exchange: &Exchange, places: &Places) -> Option<CrossOrigin> {
    let request = &exchange.request;
    request.header_value("access-control-request-method")?;
    if places.is_mcp(&request.url) {
        return Some(CrossOrigin::McpEndpoint);
    }
    match places.metadata(&request.url) {
        Some(Purpose::ResourceMetadata { .. }) => return Some(CrossOrigin::ResourceMetadata),
        Some(_) => return Some(CrossOrigin::ServerMetadata),
        None => {}
    }
    match places.endpoint(&request.url)? {
        Endpoint::Registration => Some(CrossOrigin::Registration),
        Endpoint::Token => Some(CrossOrigin::Token),
        _ => None,
    }
}

/// The phase of a purpose, in a flow of another client.
pub fn phase(purpose: &Purpose) -> trace::Phase {
    use trace::Phase;
    match purpose {
        Purpose::Challenge { .. } => Phase::Challenge,
        Purpose::ResourceMetadata { .. } => Phase::ResourceMetadata,
        Purpose::ServerMetadata { .. } | Purpose::IdentityProviderMetadata { .. } => {
            Phase::ServerMetadata
        }
        Purpose::Registration | Purpose::ClientMetadata => Phase::Registration,
        Purpose::Authorization
        | Purpose::WithinPage
        | Purpose::AuthorizationProbe
        | Purpose::Callback
        | Purpose::PushedAuthorization
        | Purpose::DeviceAuthorization => Phase::Authorization,
        Purpose::Token {
            grant: Grant::RefreshToken,
        } => Phase::Refresh,
        Purpose::Token { .. } => Phase::Token,
        Purpose::Mcp { .. } => Phase::Mcp,
        Purpose::Preflight { of } => match of {
            CrossOrigin::McpEndpoint | CrossOrigin::McpCall => Phase::Challenge,
            CrossOrigin::ResourceMetadata => Phase::ResourceMetadata,
            CrossOrigin::ServerMetadata => Phase::ServerMetadata,
            CrossOrigin::Registration => Phase::Registration,
            CrossOrigin::Token => Phase::Token,
        },
        Purpose::Copy { of } => phase(of),
        Purpose::Introspection { .. }
        | Purpose::Revocation { .. }
        | Purpose::Userinfo
        | Purpose::Jwks
        | Purpose::RegistrationRead
        | Purpose::RegistrationUpdate
        | Purpose::RegistrationDeletion
        | Purpose::FromPage { .. }
        | Purpose::Unrelated
        | Purpose::Unknown => Phase::Extra,
    }
}

/// A few words that say what a request carries.
pub fn label(exchange: &Exchange) -> String {
    match &exchange.purpose {
        Purpose::Challenge { method } | Purpose::Mcp { method } => method.clone(),
        Purpose::Token { grant } => {
            let grant = grant.grant_type();
            grant.rsplit(':').next().unwrap_or(grant).to_owned()
        }
        Purpose::Registration => "client registration".into(),
        Purpose::Callback => {
            let asked = asked(&exchange.request);
            let names = ["code", "error", "state", "iss"];
            let there = names
                .into_iter()
                .filter(|name| value(&asked, name).is_some());
            there.collect::<Vec<_>>().join(", ")
        }
        Purpose::Preflight { .. } => "preflight".into(),
        _ => String::new(),
    }
}

/// Whether the exchange brought an access token.
pub fn brought_token(exchange: &Exchange) -> bool {
    matches!(exchange.purpose, Purpose::Token { .. })
        && answer(exchange).is_some_and(|answer| text(&answer, "access_token").is_some())
}
