//! The client metadata documents of known clients, as an authorization server would fetch them.

use serde_json::Value;
use trace::{Outcome, Request, Response};
use wire::Wire;

use super::answers::{ClientDocument, sent};

/// Fetches the document of every known client that has one, and says what is wrong with it.
pub(super) async fn read_all(wire: &Wire) -> Vec<ClientDocument> {
    let mut all: Vec<ClientDocument> = Vec::new();
    for profile in clients::profiles() {
        let Some(url) = &profile.play.metadata_document else {
            continue;
        };
        if all.iter().all(|known| known.url != *url) {
            let redirect = &profile.play.redirect_uri;
            all.push(read(wire, &profile.name, url, redirect).await);
        }
    }
    all
}

/// One document. `redirect` is a redirect URI that the client is known to send.
pub(super) async fn read(wire: &Wire, client: &str, url: &str, redirect: &str) -> ClientDocument {
    let request = Request::new("GET", url).header("accept", "application/json");
    let problems = match sent(wire, &request).await.outcome {
        Outcome::Response(response) => problems(&response, url, redirect),
        Outcome::Failure(failure) => vec![format!("it cannot be fetched: {}", failure.message)],
    };
    ClientDocument {
        client: client.into(),
        url: url.into(),
        problems,
    }
}

/// What an authorization server would object to (draft-ietf-oauth-client-id-metadata-document
/// section 4; MCP 2025-11-25 authorization, "Client ID Metadata Documents").
fn problems(response: &Response, url: &str, redirect: &str) -> Vec<String> {
    if response.status != 200 {
        return vec![format!(
            "its answer has the status {}, and only 200 is taken",
            response.status
        )];
    }
    let mut all = Vec::new();
    let kind = response.header_value("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json"))
    {
        all.push(format!("its media type is {kind:?}, not application/json"));
    }
    let document: Value = match serde_json::from_slice(&response.body.bytes) {
        Ok(document) => document,
        Err(error) => {
            all.push(format!("it is not JSON: {error}"));
            return all;
        }
    };
    match document["client_id"].as_str() {
        Some(id) if id == url => {}
        Some(id) => all.push(format!("client_id is {id:?}, not the document's own URL")),
        None => all.push("client_id is missing".into()),
    }
    if document["client_name"].as_str().is_none_or(str::is_empty) {
        all.push("client_name is missing".into());
    }
    match document["redirect_uris"].as_array() {
        Some(uris) if uris.iter().any(|uri| is_same(uri, redirect)) => {}
        Some(_) => all.push(format!(
            "redirect_uris does not have {redirect}, which the client is known to send"
        )),
        None => all.push("redirect_uris is missing".into()),
    }
    if !document["client_secret"].is_null() {
        all.push("it holds a client_secret, which everybody can read".into());
    }
    let method = document["token_endpoint_auth_method"].as_str();
    if let Some(method) = method.filter(|method| method.starts_with("client_secret_")) {
        all.push(format!(
            "token_endpoint_auth_method is {method}, which needs a secret that nobody shared"
        ));
    }
    all
}

/// Whether a registered redirect URI covers one; of loopback ones any port does (RFC 8252 section
/// 7.3).
fn is_same(registered: &Value, redirect: &str) -> bool {
    let Some(registered) = registered.as_str() else {
        return false;
    };
    let without_port = |uri: &str| {
        let mut url = url::Url::parse(uri).ok()?;
        let local = trace::is_loopback(uri);
        local.then(|| url.set_port(None)).transpose().ok()?;
        Some(url)
    };
    registered == redirect || without_port(registered) == without_port(redirect)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Body, Header};

    use super::*;

    const URL: &str = "https://client.example/client.json";
    const REDIRECT: &str = "https://client.example/callback";

    fn found(document: &Value) -> String {
        let response = Response {
            status: 200,
            headers: vec![Header::new(
                "content-type",
                "application/json; charset=utf-8",
            )],
            body: Body::new(document.to_string().into_bytes()),
        };
        problems(&response, URL, REDIRECT).join("; ")
    }

    fn good() -> Value {
        json!({"client_id": URL, "client_name": "A Client", "redirect_uris": [REDIRECT],
               "token_endpoint_auth_method": "none"})
    }

    #[test]
    fn a_good_document_is_silent_and_each_fault_is_named() {
        assert_eq!(found(&good()), "");
        for (member, value, said) in [
            (
                "client_id",
                json!("https://client.example/"),
                "client_id is",
            ),
            ("client_name", json!(null), "client_name is missing"),
            (
                "redirect_uris",
                json!(["https://a.example/"]),
                "known to send",
            ),
            ("redirect_uris", json!(null), "redirect_uris is missing"),
            ("client_secret", json!("s"), "everybody can read"),
            (
                "token_endpoint_auth_method",
                json!("client_secret_basic"),
                "nobody shared",
            ),
        ] {
            let mut document = good();
            document[member] = value;
            assert!(
                found(&document).contains(said),
                "{member}: {}",
                found(&document)
            );
        }
    }

    #[test]
    fn any_port_of_this_machine_is_the_same() {
        let registered = json!("http://localhost/callback");
        assert!(is_same(&registered, "http://localhost:3118/callback"));
        assert!(!is_same(&registered, "http://localhost:3118/other"));
        let elsewhere = json!("https://client.example/callback");
        assert!(!is_same(&elsewhere, "https://client.example:8443/callback"));
    }
}
