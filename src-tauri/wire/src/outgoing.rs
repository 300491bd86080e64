//! From a recorded request to the one that leaves, and back.

use std::fmt::Write as _;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use trace::{Header, Request};
use url::{Position, Url};

use crate::coding::ACCEPTED;

/// The request as it will leave: the URL as the request line will carry it, header names in lower
/// case, headers of one name next to each other, and the headers every request needs. A second time
/// changes nothing.
///
/// A header that the request names is never replaced, but for `content-length`, which frames the
/// body and cannot say anything else than its length.
pub(crate) fn completed(request: &Request, user_agent: &str) -> Request {
    let mut complete = request.clone();
    complete.headers = grouped(&request.headers);
    let has = |headers: &[Header], name: &str| headers.iter().any(|header| header.name == name);
    if let Ok((url, text)) = target(&request.url) {
        complete.url = text;
        if !has(&complete.headers, "host") {
            complete
                .headers
                .insert(0, Header::new("host", authority(&url)));
        }
    }
    if !has(&complete.headers, "accept") {
        complete.headers.push(Header::new("accept", "*/*"));
    }
    if !has(&complete.headers, "user-agent") {
        complete.headers.push(Header::new("user-agent", user_agent));
    }
    if !has(&complete.headers, "accept-encoding") {
        complete
            .headers
            .push(Header::new("accept-encoding", ACCEPTED));
    }
    set_length(&mut complete);
    complete
}

/// Whether a request can be sent at all, as one edited by hand may not. The error is a sentence
/// that names the part (method, URL, or header by its place), what was expected and what came; it
/// has no query, password or header value.
pub fn check(request: &Request) -> Result<(), String> {
    head(request).map(drop)
}

/// The client's form of a completed request. The error is that of [`check`].
pub(crate) fn outgoing(request: &Request) -> Result<reqwest::Request, String> {
    let (method, url, headers) = head(request)?;
    let mut out = reqwest::Request::new(method, url);
    *out.headers_mut() = headers;
    if !request.body.is_empty() {
        *out.body_mut() = Some(request.body.bytes.clone().into());
    }
    Ok(out)
}

fn head(request: &Request) -> Result<(Method, Url, HeaderMap), String> {
    let method = match Method::from_bytes(request.method.as_bytes()) {
        Ok(Method::CONNECT) => {
            return Err(
                "method: expected one for a server, got CONNECT, which is for proxies only".into(),
            );
        }
        Ok(method) => method,
        Err(_) => {
            return Err(format!(
                "method: expected a token such as GET, got {:?}",
                shortened(&request.method)
            ));
        }
    };
    let (url, _) = target(&request.url)?;
    Ok((method, url, header_map(&request.headers)?))
}

/// Whether these can be the headers of an answer, as those made by hand may not. The error is as
/// that of [`check`].
pub fn check_response_headers(headers: &[Header]) -> Result<(), String> {
    header_map(headers).map(drop)
}

fn header_map(all: &[Header]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (index, header) in all.iter().enumerate() {
        let number = index + 1;
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("header {number}: {}", name_fault(&header.name)))?;
        let value = HeaderValue::from_bytes(header.value.as_bytes())
            .map_err(|_| format!("header {number} ({name}): {}", value_fault(&header.value)))?;
        headers
            .try_append(name, value)
            .map_err(|_| format!("headers: expected fewer, got {}", all.len()))?;
    }
    Ok(headers)
}

/// The character at fault and not the name: a whole header line with its value may have been put
/// there.
fn name_fault(name: &str) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let got = match name.chars().find(|&c| !token(c)) {
        Some(c) => format!("one with the character {c:?}"),
        None => format!("one of {} bytes", name.len()),
    };
    format!("expected a name of letters, digits and hyphens, got {got}")
}

fn value_fault(value: &str) -> String {
    let c = value.chars().find(|c| c.is_control() && *c != '\t');
    let got = c.map_or("another one".into(), |c| format!("one with {c:?}"));
    format!("expected a value without line breaks and other control characters, got {got}")
}

/// The headers of a completed request as they leave through HTTP/2, which has no
/// connection-specific ones (RFC 9113 section 8.2.2). The client takes them out just before
/// sending, which also moves others; so does this.
pub(crate) fn http2_headers(request: &Request) -> Vec<Header> {
    let mut map = HeaderMap::new();
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value.as_bytes())) {
            map.append(name, value);
        }
    }
    for name in [
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
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
pub fn recorded(headers: &HeaderMap) -> Vec<Header> {
    headers
        .iter()
        .map(|(name, value)| Header::new(name.as_str(), text(value.as_bytes())))
        .collect()
}

/// `host:port` of a URL for messages, with the port it implies; the text itself when it is not a
/// URL.
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

/// A text that may be long, for messages.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// A text that is not a URL, for messages, without what may be a password or a code.
fn without_secrets(text: &str) -> &str {
    let text = without_query(text);
    text.rsplit('@').next().unwrap_or(text)
}

/// The URL, and its text as sent: the given text wherever the request line and `host` say the same
/// as it.
fn target(text: &str) -> Result<(Url, String), String> {
    const EXPECTED: &str = "URL: expected an absolute http or https URL";
    let mut url = Url::parse(text).map_err(|error| {
        format!(
            "{EXPECTED}, got {:?} ({error})",
            shortened(without_secrets(text))
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "{EXPECTED}, got one of the scheme {}",
            shortened(url.scheme())
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{EXPECTED} without user name and password, got one with; a header can carry them"
        ));
    }
    // Stricter than `Url` in some hosts, and limited in length.
    if let Err(error) = url.as_str().parse::<hyper::Uri>() {
        return Err(format!(
            "{EXPECTED}, got {:?} ({error})",
            shortened(without_secrets(text))
        ));
    }
    url.set_fragment(None);
    let bare = text.split('#').next().unwrap_or(text);
    let path_left_out = format!(
        "{}{}",
        &url[..Position::BeforePath],
        &url[Position::AfterPath..]
    );
    let sent = if url.path() == "/" && path_left_out == bare {
        bare.into()
    } else {
        url.as_str().into()
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

/// Lower-case names, and a name's further values after its first: the order in which the client
/// writes them.
fn grouped(headers: &[Header]) -> Vec<Header> {
    let mut grouped: Vec<Header> = Vec::with_capacity(headers.len() + 4);
    for header in headers {
        let header = Header::new(&header.name.to_ascii_lowercase(), header.value.clone());
        match grouped
            .iter()
            .rposition(|earlier| earlier.name == header.name)
        {
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
                "accept-encoding: gzip, deflate, br, zstd",
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
            (
                "https://MCP.example:443/a/../b c",
                "https://mcp.example/b%20c",
            ),
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
    fn what_cannot_be_sent_is_told_by_its_part_without_the_value() {
        let url = "http://mcp.example/";
        let get = |url: &str| Request::new("GET", url);
        let last = |name: &str, value: &str| get(url).header("accept", "*/*").header(name, value);
        for (request, part, got) in [
            (
                Request::new("GE T", url),
                "method: expected a token",
                "\"GE T\"",
            ),
            (Request::new("", url), "method: expected a token", "\"\""),
            (
                Request::new("CONNECT", url),
                "method: expected one for a server",
                "CONNECT",
            ),
            (
                get("not a url?code=hush"),
                "URL: expected an absolute http",
                "\"not a url\"",
            ),
            (
                get("http://me:hush@mcp.example:99999/"),
                "URL: ",
                "mcp.example:99999",
            ),
            (
                get("http://me:hush@mcp.example/"),
                "URL: ",
                "user name and password",
            ),
            (get("javascript:hush()"), "URL: ", "scheme javascript"),
            (
                get(&format!("{url}?hush={}", "x".repeat(70_000))),
                "URL: ",
                "too long",
            ),
            (last("a b", "hush"), "header 2: expected a name", "' '"),
            (last("", "hush"), "header 2: expected a name", "0 bytes"),
            (
                last("authorization: Bearer hush", ""),
                "header 2: expected a name",
                "':'",
            ),
            (
                last("authorization", "Bearer hush\r\nx: y"),
                "header 2 (authorization): ",
                "'\\r'",
            ),
        ] {
            let told = check(&request).unwrap_err();
            assert!(told.starts_with(part) && told.contains(got), "{told}");
            assert!(!told.contains("hush"), "{told}");
            assert_eq!(outgoing(&request).unwrap_err(), told);
        }
        let good = last("x-empty", "")
            .header("X-Text", "zwölf\t12")
            .body("hush");
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&get("http://[::1]:8080/a?b={c}|d")), Ok(()));
        let many = (0..40_000).fold(get(url), |request, number| {
            request.header(&format!("x{number}"), "")
        });
        assert!(check(&many).unwrap_err().contains("40000"));
    }
}
