//! Readers of single messages.

use serde_json::{Map, Value};
use trace::{Exchange, Pair, Request, Response, pairs, query_pairs};
use url::Url;

/// The methods of MCP that a client sends, without those that only a server does. Other protocols
/// use JSON-RPC too.
const MCP_METHODS: [&str; 5] = [
    "initialize",
    "server/discover",
    "ping",
    "logging/setLevel",
    "completion/complete",
];
const MCP_FAMILIES: [&str; 5] = [
    "tools/",
    "resources/",
    "prompts/",
    "notifications/",
    "tasks/",
];

/// The URL without query and fragment.
pub fn address(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The path of a URL, or the whole text when it is not a URL.
pub fn path(url: &str) -> String {
    Url::parse(url).map_or_else(|_| address(url).to_owned(), |url| url.path().to_owned())
}

/// Where a redirect leads.
pub fn location(exchange: &Exchange) -> Option<String> {
    let response = exchange.response()?;
    if !(300..400).contains(&response.status) {
        return None;
    }
    let to = response.header_value("location")?;
    let base = Url::parse(&exchange.request.url).ok()?;
    Some(base.join(to).map_or_else(|_| to.to_owned(), String::from))
}

/// The fields of a form, where the body is one.
pub fn form(request: &Request) -> Vec<Pair> {
    let text = request.body.text().unwrap_or_default();
    if text.trim_start().starts_with(['{', '[', '<']) {
        return Vec::new();
    }
    pairs(text)
}

pub fn value<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|pair| pair.name == name)?;
    (!pair.value.is_empty()).then_some(pair.value.as_str())
}

/// The parameters of a request, in its query or its form.
pub fn asked(request: &Request) -> Vec<Pair> {
    let mut all = query_pairs(&request.url);
    all.extend(form(request));
    all
}

pub fn json(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The object in a response of success.
pub fn answer(exchange: &Exchange) -> Option<Map<String, Value>> {
    let response = exchange.response()?;
    (200..300)
        .contains(&response.status)
        .then(|| json(&response.body.bytes))?
}

pub fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// The method of a JSON-RPC request, the first one where several were sent together.
pub fn rpc_method(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body.bytes).ok()?;
    let one = match &body {
        Value::Array(all) => all.first()?,
        one => one,
    };
    one.get("jsonrpc")?;
    match one.get("method") {
        Some(method) => method.as_str().map(str::to_owned),
        // An answer of the client's to what the server asked.
        None => Some("response".into()),
    }
}

/// Whether a request is one of MCP, by what it carries.
pub fn speaks_mcp(request: &Request) -> bool {
    let header = |name| request.header_value(name).is_some();
    header("mcp-protocol-version")
        || header("mcp-session-id")
        || rpc_method(request).is_some_and(|method| {
            MCP_METHODS.contains(&method.as_str())
                || MCP_FAMILIES.iter().any(|family| method.starts_with(family))
        })
}

/// The token of a request's `Authorization` field.
pub fn token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header_value("authorization")?.split_once(' ')?;
    ["bearer", "dpop"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then(|| token.trim())
}

/// `resource_metadata` of a response's challenge.
pub fn named_metadata(response: &Response) -> Option<String> {
    let challenges = trace::challenges(response).ok()?;
    let mut named = challenges
        .iter()
        .filter_map(|challenge| challenge.parameter("resource_metadata"));
    named.next().map(str::to_owned)
}

/// Whether a response has a challenge for a token.
pub fn challenges_for_token(response: &Response) -> bool {
    trace::challenges(response).is_ok_and(|all| {
        all.iter()
            .any(|challenge| challenge.is("Bearer") || challenge.is("DPoP"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcp_is_told_from_other_json_rpc() {
        let of = |body: &str| Request::new("POST", "https://a.example/").body(body);
        let mcp = |body: &str| speaks_mcp(&of(body));
        assert!(mcp(r#"{"jsonrpc":"2.0","method":"tools/list","id":1}"#));
        assert!(mcp(
            r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#
        ));
        assert!(!mcp(r#"{"jsonrpc":"2.0","method":"eth_call","id":1}"#));
        assert!(!mcp(r#"{"method":"tools/list"}"#));
    }

    #[test]
    fn a_redirect_leads_to_an_absolute_url() {
        assert_eq!(path("https://a.example/b/c?d"), "/b/c");
        assert_eq!(address("https://a.example/b#c?d"), "https://a.example/b");
    }
}
