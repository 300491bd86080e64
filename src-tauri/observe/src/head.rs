//! The heads of messages as they go on.

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use trace::{Header, Request, Response};
use url::Url;

use crate::places::Places;
use crate::serve::Out;

/// Headers that are between two neighbours alone (RFC 9110 section 7.6.1), and those that our side
/// of the connection sets.
const HOP: [&str; 9] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What tunnels add. A server that reads them would call itself by the tunnel's name.
const BY_TUNNELS: [&str; 9] = [
    "cdn-loop",
    "forwarded",
    "ngrok-skip-browser-warning",
    "remote-addr",
    "true-client-ip",
    "via",
    "x-real-ip",
    "x-scheme",
    "x-original-host",
];
const FAMILIES_BY_TUNNELS: [&str; 4] = ["cf-", "x-forwarded-", "tailscale-", "x-envoy-"];

/// The headers of a request as the server gets them; its URL is the server's already. `replaces`:
/// addresses of ours become the server's.
pub fn onward_headers(request: &mut Request, places: &Places, replaces: bool) {
    let named = named_hops(&request.headers);
    let tunnelled = places.is_tunnelled();
    request.headers.retain(|header| {
        let name = header.name.to_ascii_lowercase();
        let hop = HOP.contains(&name.as_str()) || named.contains(&name);
        let by_tunnel = BY_TUNNELS.contains(&name.as_str())
            || FAMILIES_BY_TUNNELS
                .iter()
                .any(|family| name.starts_with(family));
        !(hop || tunnelled && by_tunnel)
    });
    let host = Url::parse(&request.url).ok().and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(
            url.port()
                .map_or(host.clone(), |port| format!("{host}:{port}")),
        )
    });
    for header in &mut request.headers {
        match header.name.to_ascii_lowercase().as_str() {
            "host" => header.value = host.clone().unwrap_or_default(),
            "origin" | "referer" if replaces => {
                if let Some(real) = places.inward(&header.value) {
                    header.value = real;
                }
            }
            _ => {}
        }
    }
}

/// Says how long the body is, where the request said so before.
pub fn set_length(request: &mut Request) {
    let length = request.body.bytes.len().to_string();
    let mut lengths = request
        .headers
        .iter_mut()
        .filter(|header| header.name.eq_ignore_ascii_case("content-length"));
    match lengths.next() {
        Some(header) => header.value = length,
        None if !request.body.is_empty() => {
            request.headers.push(Header::new("content-length", length));
        }
        None => {}
    }
}

/// How long the body of an answer is, where that shows (RFC 9112 section 6.3).
pub fn body_length(method: &str, response: &Response) -> Option<u64> {
    if method == "HEAD" || matches!(response.status, 204 | 304) {
        return Some(0);
    }
    let chunked = response.header_value("transfer-encoding").is_some();
    let length = response.header_value("content-length");
    length.filter(|_| !chunked)?.trim().parse().ok()
}

/// The answer as it is sent: its headers, but for those of the connection it came on.
pub fn sent_head(response: &Response, body: Out) -> hyper::Response<Out> {
    let mut out = hyper::Response::new(body);
    *out.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let named = named_hops(&response.headers);
    // A length beside chunks says nothing, and may be a false one (RFC 9112 section 6.3).
    let chunked = response.header_value("transfer-encoding").is_some();
    for header in &response.headers {
        let lower = header.name.to_ascii_lowercase();
        let is_false = chunked && lower == "content-length";
        if HOP.contains(&lower.as_str()) || named.contains(&lower) || is_false {
            continue;
        }
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value.as_bytes())) {
            out.headers_mut().append(name, value);
        }
    }
    out
}

fn named_hops(headers: &[Header]) -> Vec<String> {
    let named = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("connection"))
        .flat_map(|header| header.value.split(','));
    named.map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use trace::Body;

    use super::*;
    use crate::settings::Tunnel;

    fn names(request: &Request) -> Vec<String> {
        let line = |header: &Header| format!("{}: {}", header.name, header.value);
        request.headers.iter().map(line).collect()
    }

    #[test]
    fn the_length_of_a_body_is_known_where_the_head_says_it() {
        let length = |method: &str, status: u16, headers: &[(&str, &str)]| {
            let headers = headers
                .iter()
                .map(|&(name, value)| Header::new(name, value));
            let response = Response {
                status,
                headers: headers.collect(),
                body: Body::empty(),
            };
            body_length(method, &response)
        };
        assert_eq!(length("GET", 401, &[("Content-Length", "72")]), Some(72));
        assert_eq!(length("GET", 200, &[]), None);
        assert_eq!(length("GET", 200, &[("content-length", "many")]), None);
        let chunked = [("content-length", "3"), ("transfer-encoding", "chunked")];
        assert_eq!(length("GET", 200, &chunked), None);
        assert_eq!(length("HEAD", 200, &[("content-length", "72")]), Some(0));
        assert_eq!(length("DELETE", 204, &[]), Some(0));
    }

    #[test]
    fn a_length_beside_chunks_stays_behind() {
        let answer = |chunked: bool| {
            let mut headers = vec![Header::new("content-length", "3")];
            if chunked {
                headers.push(Header::new("transfer-encoding", "chunked"));
            }
            let response = Response {
                status: 200,
                headers,
                body: trace::Body::new(b"{}".to_vec()),
            };
            sent_head(&response, crate::serve::whole("{}"))
        };
        assert!(!answer(true).headers().contains_key("content-length"));
        assert!(answer(false).headers().contains_key("content-length"));
    }

    #[test]
    fn what_is_the_clients_goes_on_and_what_is_the_connections_does_not() {
        let request = || {
            Request::new("POST", "https://mcp.example:8443/mcp")
                .header("host", "127.0.0.1:17001")
                .header("connection", "keep-alive, x-hop")
                .header("x-hop", "1")
                .header("te", "trailers")
                .header("user-agent", "node")
                .header("authorization", "Bearer t")
                .header("origin", "http://localhost:17001")
                .header("x-forwarded-for", "203.0.113.7")
                .header("cf-ray", "1")
        };
        let places = Places::new("https://mcp.example:8443".into(), 17_001, None);
        let mut here = request();
        onward_headers(&mut here, &places, true);
        assert_eq!(
            names(&here),
            [
                "host: mcp.example:8443",
                "user-agent: node",
                "authorization: Bearer t",
                "origin: https://mcp.example:8443",
                "x-forwarded-for: 203.0.113.7",
                "cf-ray: 1",
            ]
        );
        let tunnel = Tunnel {
            public_url: "https://t.example".into(),
            secret: "abcdefghijklmnop".into(),
        };
        let places = Places::new("https://mcp.example:8443".into(), 17_001, Some(tunnel));
        let mut by_tunnel = request();
        onward_headers(&mut by_tunnel, &places, true);
        assert_eq!(names(&by_tunnel).len(), 4);
    }
}
