//! Clients that are the URL of their metadata (draft-ietf-oauth-client-id-metadata-document-00).
//!
//! This is the one place where the lab calls out, and it calls loopback addresses only: no page of
//! a client's choosing can make it knock anywhere else (section 6, server-side request forgery).

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::AuthorizationServer;
use super::clients::Client;
use super::registration::client_of;
use crate::Misbehaviour;
use crate::clock::now;
use crate::web::is_loopback;
use crate::web::plain;

/// How long the whole fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in octets with its headers.
const LIMIT: usize = 64 * 1024;
/// Seconds a document without cache headers is kept: as long as a person may take for one
/// authorization.
const KEPT: u64 = 600;
/// The longest that any document is kept.
const LONGEST: u64 = 3600;

impl AuthorizationServer {
    /// Gets to know the client with this identifier, where that is the URL of its metadata
    /// document. Does nothing for every other identifier.
    ///
    /// # Errors
    /// Why the document cannot be fetched or used, in one sentence.
    pub(super) async fn learn(&self, client_id: &str) -> Result<(), String> {
        let is_url = client_id.starts_with("https://") || client_id.starts_with("http://");
        if !self.options.cimd || !is_url || self.is(Misbehaviour::ClientDocumentRefused) {
            return Ok(());
        }
        let known = self
            .store()
            .clients
            .get(client_id)
            .and_then(|client| client.document_expires);
        if known.is_some_and(|expires| now() < expires) {
            return Ok(());
        }
        let url = check_url(client_id)?;
        let (document, kept) =
            tokio::time::timeout(PATIENCE, fetch(&url))
                .await
                .map_err(|_| {
                    "The client metadata document did not arrive within five seconds".to_owned()
                })??;
        let mut client = read(self, client_id, document)?;
        client.document_expires = Some(now() + kept);
        self.store().clients.insert(client_id.to_owned(), client);
        Ok(())
    }
}

/// What the identifier may look like (section 3).
fn check_url(client_id: &str) -> Result<Url, String> {
    let url = Url::parse(client_id).map_err(|_| "The client_id is not a URL".to_owned())?;
    let after_scheme = client_id
        .split_once("://")
        .map(|(_, rest)| rest)
        .unwrap_or_default();
    // The parser resolves dot segments, so they are looked for in the text.
    let path = after_scheme.split(['?', '#']).next().unwrap_or_default();
    let Some((_, path)) = path.split_once('/') else {
        return Err("The client_id has no path".to_owned());
    };
    let dots = |segment: &str| {
        matches!(
            segment.to_ascii_lowercase().as_str(),
            "." | ".." | "%2e" | "%2e%2e"
        )
    };
    if path.split('/').any(dots) {
        return Err("The path of the client_id has dot segments".to_owned());
    }
    if client_id.contains('#') {
        return Err("The client_id has a fragment".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("The client_id has a user name or password".to_owned());
    }
    // Section 3 demands https. Only a lab takes http, and only from loopback: the reverse of what
    // is right elsewhere.
    if url.scheme() != "http" || !url.host_str().is_some_and(is_loopback) {
        return Err(
            "The lab fetches client metadata documents only over http from a loopback address"
                .to_owned(),
        );
    }
    Ok(url)
}

/// Fetches the document. Returns it with the number of seconds it may be kept (section 4.4).
async fn fetch(url: &Url) -> Result<(Map<String, Value>, u64), String> {
    let failed =
        |error: std::io::Error| format!("The client metadata document cannot be fetched: {error}");
    let (host, port) = (
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or(80),
    );
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .map_err(failed)?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    // The answer to HTTP/1.0 ends with the connection and is never chunked (RFC 9112 section 6.1).
    let request = format!(
        "GET {target} HTTP/1.0\r\nHost: {authority}\r\nAccept: application/json\r\n\
         User-Agent: authscope-lab/{}\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    let mut stream = stream.take(LIMIT as u64 + 1);
    while !is_whole(&answer) {
        if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
            break;
        }
    }
    if answer.len() > LIMIT {
        return Err("The client metadata document is too long".to_owned());
    }
    let (head, body) =
        parts(&answer).ok_or("The client metadata document's server speaks no HTTP")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    // Redirects are not followed, and every other status is an error too (section 4).
    if status.get(..3) != Some("200") {
        return Err(format!(
            "The client metadata document was answered {} instead of 200",
            plain(status.lines().next().unwrap_or_default())
        ));
    }
    let media_type = field(head, "content-type").unwrap_or_default();
    let media_type = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media_type != "application/json"
        && !(media_type.starts_with("application/") && media_type.ends_with("+json"))
    {
        return Err(format!(
            "The client metadata document is {}, no JSON",
            plain(&media_type)
        ));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(document)) => Ok((document, kept_for(head))),
        _ => Err("The client metadata document is not a JSON object".to_owned()),
    }
}

/// The client that a document describes (section 4.1).
fn read(
    server: &AuthorizationServer,
    url: &str,
    mut document: Map<String, Value>,
) -> Result<Client, String> {
    if document.get("client_id").and_then(Value::as_str) != Some(url) {
        return Err("The client_id in the client metadata document is not its URL".to_owned());
    }
    if document.contains_key("client_secret") || document.contains_key("client_secret_expires_at") {
        return Err("A client metadata document holds no secret".to_owned());
    }
    // MCP, Client Registration: client_id, client_name and redirect_uris are the least.
    if !document.get("client_name").is_some_and(Value::is_string) {
        return Err("The client metadata document has no client_name".to_owned());
    }
    let method = document
        .entry("token_endpoint_auth_method")
        .or_insert(json!("none"));
    if !matches!(method.as_str(), Some("none" | "private_key_jwt")) {
        return Err(
            "A client with a metadata document authenticates by none or private_key_jwt".to_owned(),
        );
    }
    // One document serves many servers: what this one does not know is not its business.
    if let Some(Value::Array(grants)) = document.get_mut("grant_types") {
        grants.retain(|grant| {
            grant
                .as_str()
                .is_some_and(|grant| server.grant_types().contains(&grant))
        });
    }
    document.shift_remove("scope");
    let mut client = client_of(server, document).map_err(|error| error.description().to_owned())?;
    client.id = url.to_owned();
    Ok(client)
}

/// Head and body of an answer; `None` while the head is not there.
fn parts(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((
        std::str::from_utf8(&answer[..end]).ok()?,
        &answer[end + 4..],
    ))
}

/// Whether as much of the body came as `Content-Length` says.
fn is_whole(answer: &[u8]) -> bool {
    let length = |head: &str| field(head, "content-length")?.parse::<usize>().ok();
    parts(answer)
        .is_some_and(|(head, body)| length(head).is_some_and(|length| body.len() >= length))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(known, _)| known.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Seconds, by `Cache-Control` (RFC 9111 section 5.2).
fn kept_for(head: &str) -> u64 {
    let Some(control) = field(head, "cache-control").map(str::to_ascii_lowercase) else {
        return KEPT;
    };
    let mut directives = control.split(',').map(str::trim);
    if directives
        .clone()
        .any(|directive| matches!(directive, "no-store" | "no-cache"))
    {
        return 0;
    }
    let age = directives.find_map(|directive| directive.strip_prefix("max-age="));
    age.and_then(|age| age.trim_matches('"').parse().ok())
        .unwrap_or(KEPT)
        .min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_can_be_an_identifier() {
        for good in [
            "http://127.0.0.1:1/c.json",
            "http://localhost/c",
            "http://[::1]:2/a/b?x=1",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://127.0.0.1:1",
            "http://127.0.0.1:1/a/../b",
            "http://127.0.0.1:1/%2e/b",
            "http://127.0.0.1:1/c#f",
            "http://u:p@127.0.0.1:1/c",
            "http://a.example/c",
            "https://a.example/c",
            "http://127.0.0.1.a.example/c",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn how_long_a_document_is_kept() {
        let kept = |field: &str| kept_for(&format!("HTTP/1.1 200 OK\r\n{field}"));
        assert_eq!(kept("Age: 1"), KEPT);
        assert_eq!(kept("cache-control: public, max-age=20"), 20);
        assert_eq!(kept("Cache-Control: max-age=99999999"), LONGEST);
        assert_eq!(kept("Cache-Control: no-store, max-age=20"), 0);
    }
}
