//! Whether an exchange may be part of a flow. One that certainly is not need not be kept in memory.

use trace::Exchange;

/// Names that only messages of a flow have, in a URL, in a body.
const IN_URL: [&str; 7] = [
    "/.well-known/",
    "client_id=",
    "code=",
    "state=",
    "request_uri=",
    "/api/fetch",
    "/api/mcp/",
];
const IN_REQUEST: [&str; 5] = [
    "grant_type",
    "client_id",
    "redirect_uris",
    "jsonrpc",
    "token=",
];
const IN_RESPONSE: [&str; 8] = [
    "token_endpoint",
    "authorization_servers",
    "access_token",
    "client_id",
    "jsonrpc",
    "request_uri",
    "device_code",
    "\"keys\"",
];

pub fn may_matter(exchange: &Exchange) -> bool {
    let has = |text: &[u8], names: &[&str]| {
        let start = &text[..text.len().min(LOOKED_AT)];
        names
            .iter()
            .any(|name| memchr::memmem::find(start, name.as_bytes()).is_some())
    };
    let request = &exchange.request;
    if has(request.url.as_bytes(), &IN_URL) || has(&request.body.bytes, &IN_REQUEST) {
        return true;
    }
    let Some(response) = exchange.response() else {
        return true;
    };
    if response.status == 401 || response.header_value("www-authenticate").is_some() {
        return true;
    }
    let media = response.media_type().unwrap_or_default();
    let is_data = media.contains("json") || media == "text/event-stream" || media == "x-unknown";
    let is_data = is_data || response.body.bytes.trim_ascii_start().starts_with(b"{");
    is_data && has(&response.body.bytes, &IN_RESPONSE)
}

/// Bytes of a body.
const LOOKED_AT: usize = 16 << 10;
