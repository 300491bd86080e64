//! From a recorded request to the one that leaves, and back.

use std::fmt::Write as _;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use trace::{Header, Request};
use url::{Position, Url};

/// The request as it will leave: the URL as the request line will carry it, header names in lower case, headers of
/// one name next to each other, and the headers every request needs. A second time changes nothing.
///
/// A header that the request names is never replaced, but for `content-length`, which frames the body and cannot
/// say anything else than its length.
pub(crate) fn completed(request: &Request, user_agent: &str) -> Request {
    let mut complete = request.clone();
    complete.headers = grouped(&request.headers);
    let has = |headers: &[Header], name: &str| headers.iter().any(|header| header.name == name);
    if let Ok((url, text)) = target(&request.url) {
        complete.url = text;
        if !has(&complete.headers, "host") {
            complete.headers.insert(0, Header::new("host", authority(&url)));
        }
    }
    if !has(&complete.headers, "accept") {
        complete.headers.push(Header::new("accept", "*/*"));
    }
    if !has(&complete.headers, "user-agent") {
        complete.headers.push(Header::new("user-agent", user_agent));
    }
    set_length(&mut complete);
    complete
}

/// The client's form of a completed request. The error is a sentence about what cannot be sent, without any value.
pub(crate) fn outgoing(request: &Request) -> Result<reqwest::Request, String> {
    let (url, _) = target(&request.url)?;
    let method = match Method::from_bytes(request.method.as_bytes()) {
        Ok(Method::CONNECT) => return Err("the method CONNECT is for proxies only".into()),
        Ok(method) => method,
        Err(_) => {
            return Err(format!(
                "the method must be a token such as GET, got {:?}",
                request.method
            ));
        }
    };
    let mut out = reqwest::Request::new(method, url);
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("{:?} cannot be the name of a header", header.name))?;
        let value = HeaderValue::from_bytes(header.value.as_bytes()).map_err(|_| {
            format!("the value of the header {name} has a line break or another control character")
        })?;
        out.headers_mut().append(name, value);
    }
    if !request.body.is_empty() {
        *out.body_mut() = Some(request.body.bytes.clone().into());
    }
    Ok(out)
}

/// The headers of a completed request as they leave through HTTP/2, which has no connection-specific ones (RFC 9113
/// section 8.2.2). The client takes them out just before sending, which also moves others; so does this.
pub(crate) fn http2_headers(request: &Request) -> Vec<Header> {
    let mut map = HeaderMap::new();
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value.as_bytes())) {
            map.append(name, value);
        }
    }
    for name in ["keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        map.remove(name);
    }
    if map.get("te").is_some_and(|te| te != "trailers") {
        map.remove("te");
    }
    if let Some(connection) = map.remove("connection")
        && let Ok(names) = connection.to_str()
    {
        for name in names.split(',') {
            map.remove(name.trim());
        }
    }
    if !request.body.is_empty() && !map.contains_key("content-length") {
        map.insert("content-length", request.body.bytes.len().into());
    }
    recorded(&map)
}

/// Headers as a record, in order of their names' first appearance.
pub(crate) fn recorded(headers: &HeaderMap) -> Vec<Header> {
    headers
        .iter()
        .map(|(name, value)| Header::new(name.as_str(), text(value.as_bytes())))
        .collect()
}

/// `host:port` of a URL for messages, with the port it implies; the text as it is when it is no URL.
pub(crate) fn peer(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let known = parsed
        .as_ref()
        .and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    match known {
        Some((host, port)) => format!("{host}:{port}"),
        None => without_query(url).into(),
    }
}

/// A URL without query and fragment, which may carry a code.
pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The URL, and its text as sent: the given text wherever the request line and `host` say the same as it.
fn target(text: &str) -> Result<(Url, String), String> {
    let mut url = Url::parse(text).map_err(|error| {
        format!(
            "expected an absolute http or https URL, got {:?} ({error})",
            without_query(text)
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "expected an http or https URL, got one of the scheme {}",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL carries a user name or password; send them in a header".into());
    }
    url.set_fragment(None);
    let bare = text.split('#').next().unwrap_or(text);
    let path_left_out = format!("{}{}", &url[..Position::BeforePath], &url[Position::AfterPath..]);
    let sent = match url.path() == "/" && path_left_out == bare {
        true => bare.into(),
        false => url.as_str().into(),
    };
    Ok((url, sent))
}

/// The `host` of a URL: no port where it is the scheme's own (RFC 9110 section 7.2).
fn authority(url: &Url) -> String {
    let mut authority = url.host_str().unwrap_or_default().to_string();
    if let Some(port) = url.port() {
        let _ = write!(authority, ":{port}");
    }
    authority
}

/// Lower-case names, and a name's further values after its first: the order in which the client writes them.
fn grouped(headers: &[Header]) -> Vec<Header> {
    let mut grouped: Vec<Header> = Vec::with_capacity(headers.len() + 4);
    for header in headers {
        let header = Header::new(&header.name.to_ascii_lowercase(), header.value.clone());
        match grouped.iter().rposition(|earlier| earlier.name == header.name) {
            Some(last) => grouped.insert(last + 1, header),
            None => grouped.push(header),
        }
    }
    grouped
}

/// RFC 9110 section 8.6: a method that anticipates a body says so even when it is empty.
fn set_length(request: &mut Request) {
    let named = request
        .headers
        .iter()
        .position(|header| header.name == "content-length");
    request
        .headers
        .retain(|header| !matches!(header.name.as_str(), "content-length"));
    let chunked = request.header_value("transfer-encoding").is_some();
    let anticipates = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if !chunked && (anticipates || !request.body.is_empty()) {
        let length = Header::new("content-length", request.body.bytes.len().to_string());
        let at = named.unwrap_or(request.headers.len());
        request.headers.insert(at, length);
    }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(request: &Request) -> Vec<String> {
        let line = |header: &Header| format!("{}: {}", header.name, header.value);
        request.headers.iter().map(line).collect()
    }

    #[test]
    fn completing_adds_what_is_missing_and_replaces_nothing() {
        let request = Request::new("POST", "https://as.example:8443/token")
            .header("X-One", "a")
            .header("Accept", "application/json")
            .header("x-one", "b")
            .header("Host", "other.example")
            .body("grant_type=x");
        let complete = completed(&request, "Authscope/1");
        assert_eq!(
            names(&complete),
            [
                "x-one: a",
                "x-one: b",
                "accept: application/json",
                "host: other.example",
                "user-agent: Authscope/1",
                "content-length: 12",
            ]
        );
        assert_eq!(completed(&complete, "Authscope/1"), complete);
    }

    #[test]
    fn the_length_follows_an_edited_body() {
        let complete = completed(
            &Request::new("POST", "http://a.example/").body("four"),
            "Authscope/1",
        );
        let edited = completed(&complete.clone().body("fourteen bytes"), "Authscope/1");
        assert_eq!(edited.header_value("content-length"), Some("14"));
        assert_eq!(complete.headers.len(), edited.headers.len());
        let empty = completed(&complete.body(""), "Authscope/1");
        assert_eq!(empty.header_value("content-length"), Some("0"));
    }

    #[test]
    fn the_url_stays_as_given_where_the_request_says_the_same() {
        for (given, sent) in [
            ("https://mcp.example", "https://mcp.example"),
            ("https://mcp.example?a=1", "https://mcp.example?a=1"),
            (
                "https://mcp.example/%7Euser?q=%20+",
                "https://mcp.example/%7Euser?q=%20+",
            ),
            ("https://mcp.example/#here", "https://mcp.example/"),
            ("https://MCP.example:443/a/../b c", "https://mcp.example/b%20c"),
        ] {
            assert_eq!(target(given).unwrap().1, sent);
        }
        for bad in [
            "",
            "mcp.example",
            "/path",
            "ftp://mcp.example/",
            "javascript:alert(1)",
            "https://",
            "http://u:p@mcp.example/",
            "http://mcp.example:99999/",
        ] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_told_without_the_value() {
        let refusal = |request: Request| outgoing(&request).unwrap_err();
        let url = "http://mcp.example/";
        let line_break = refusal(Request::new("GET", url).header("authorization", "Bearer hush\r\nx: y"));
        assert!(
            line_break.contains("authorization") && !line_break.contains("hush"),
            "{line_break}"
        );
        assert!(refusal(Request::new("GET", url).header("a b", "c")).contains("a b"));
        assert!(refusal(Request::new("GE T", url)).contains("GE T"));
        assert!(refusal(Request::new("CONNECT", url)).contains("CONNECT"));
        let query = refusal(Request::new("GET", "not a url?code=hush"));
        assert!(!query.contains("hush"), "{query}");
    }
}
