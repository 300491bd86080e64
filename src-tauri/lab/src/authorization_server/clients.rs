//! Clients: what is known of one, and how it proves who it is (RFC 6749 section 2.3).

use axum::http::header::{self, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;
use url::{Url, form_urlencoded};

use super::store::Store;
use crate::web::{OAuthError, Params, is_loopback};

/// The `token_endpoint_auth_method` values that a client can be registered with.
pub(super) const AUTH_METHODS: &[&str] = &["none", "client_secret_basic", "client_secret_post"];
/// The `grant_types` values that a client can be registered with.
pub(super) const GRANT_TYPES: &[&str] = &["authorization_code", "refresh_token", "client_credentials"];

/// A registered client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// The ways in which it may authenticate; a dynamically registered one has exactly one.
    pub(super) auth_methods: Vec<String>,
    pub(super) grant_types: Vec<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) name: Option<String>,
    /// What it registered, as it is answered to it (RFC 7591 section 3.2.1); empty for a pre-registered one.
    pub(super) metadata: Map<String, Value>,
    /// Lets it manage its registration; `None` for a pre-registered one.
    pub(super) registration_access_token: Option<String>,
}

impl Client {
    pub(super) fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|known| known == grant_type)
    }

    /// Whether it can keep a secret and has one.
    pub(super) fn is_confidential(&self) -> bool {
        self.secret.is_some() && !self.auth_methods.iter().any(|method| method == "none")
    }

    /// Whether a redirect URI is one of the registered ones: the same text, or the same but for the port of a
    /// loopback address (RFC 8252 section 7.3).
    pub(super) fn has_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|known| known == uri || same_but_for_loopback_port(known, uri))
    }
}

/// The clients that need no registration.
pub(super) fn preregistered() -> [Client; 2] {
    let hosts = ["127.0.0.1", "localhost", "[::1]"];
    let paths = ["/callback", "/oauth/callback", "/"];
    let redirect_uris: Vec<String> = hosts
        .iter()
        .flat_map(|host| paths.map(|path| format!("http://{host}{path}")))
        .collect();
    let client = |id: &str, secret: Option<&str>, methods: &[&str], grants: &[&str], name: &str| Client {
        id: id.to_owned(),
        secret: secret.map(str::to_owned),
        auth_methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        grant_types: grants.iter().map(|grant| (*grant).to_owned()).collect(),
        redirect_uris: redirect_uris.clone(),
        name: Some(name.to_owned()),
        metadata: Map::new(),
        registration_access_token: None,
    };
    [
        client(
            "lab-public",
            None,
            &AUTH_METHODS[..1],
            &GRANT_TYPES[..2],
            "Pre-registered public client",
        ),
        client(
            "lab-confidential",
            Some("lab-secret"),
            &AUTH_METHODS[1..],
            GRANT_TYPES,
            "Pre-registered confidential client",
        ),
    ]
}

/// Finds out which client is asking, and whether it is.
///
/// # Errors
/// `invalid_request` for two methods at once, else `invalid_client` with 401.
pub(super) fn authenticate(
    store: &Store,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Client, OAuthError> {
    let given = match (basic(headers), params.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(OAuthError::new(
                "invalid_request",
                "The client authenticated in the header and in the body",
            ));
        }
        (Some(pair), None) => {
            let (id, secret) = pair.ok_or_else(|| refused("The Basic credentials cannot be read"))?;
            if params.get("client_id").is_some_and(|named| named != id) {
                return Err(OAuthError::new(
                    "invalid_request",
                    "The client_id differs from the Basic one",
                ));
            }
            (id, Some((secret, "client_secret_basic")))
        }
        (None, Some(secret)) => {
            let id = params
                .get("client_id")
                .ok_or_else(|| refused("There is no client_id"))?;
            (id.to_owned(), Some((secret.to_owned(), "client_secret_post")))
        }
        (None, None) => {
            let id = params
                .get("client_id")
                .ok_or_else(|| refused("There is no client authentication"))?;
            (id.to_owned(), None)
        }
    };
    let (id, proof) = given;
    let client = store
        .clients
        .get(&id)
        .ok_or_else(|| refused("The client is unknown"))?;
    let public = client.auth_methods.iter().any(|method| method == "none");
    match (proof, &client.secret) {
        (None, _) if public => Ok(client.clone()),
        (None, _) => Err(refused("The client has to authenticate")),
        (Some((given, method)), Some(secret)) => {
            // A public client that was handed a secret all the same may use it either way.
            if !public && !client.auth_methods.iter().any(|known| known == method) {
                return Err(refused(&format!("The client is not registered for {method}")));
            }
            if !bool::from(given.as_bytes().ct_eq(secret.as_bytes())) {
                return Err(refused("The client secret is wrong"));
            }
            Ok(client.clone())
        }
        (Some(_), None) => Err(refused("The client is public and has no secret")),
    }
}

/// Whether an authorization may send a browser there, in the words of the error when not.
pub(super) fn check_redirect_uri(uri: &str) -> Result<(), String> {
    let parsed = Url::parse(uri).map_err(|_| format!("{} is no absolute URI", super::plain(uri)))?;
    if uri.contains('#') {
        return Err("A redirect URI has no fragment".to_owned());
    }
    match parsed.scheme() {
        "https" if parsed.host_str().is_some() => Ok(()),
        "http" if parsed.host_str().is_some_and(is_loopback) => Ok(()),
        "http" => Err("Plain http is only for loopback addresses".to_owned()),
        // RFC 8252 section 7.1: a private-use scheme is a domain name in reverse.
        scheme if scheme.contains('.') => Ok(()),
        scheme => Err(format!(
            "The scheme {scheme} is neither https, loopback http nor a reverse domain name"
        )),
    }
}

/// The metadata as it is answered to its client, without the credentials.
pub(super) fn described(client: &Client) -> Map<String, Value> {
    let mut described = client.metadata.clone();
    described.insert("redirect_uris".to_owned(), json!(client.redirect_uris));
    described.insert("grant_types".to_owned(), json!(client.grant_types));
    described.insert("response_types".to_owned(), json!(["code"]));
    described.insert(
        "token_endpoint_auth_method".to_owned(),
        json!(client.auth_methods.first()),
    );
    described
}

/// The identifier and secret of a Basic header; `Some(None)` when there is one that cannot be read.
fn basic(headers: &HeaderMap) -> Option<Option<(String, String)>> {
    let (scheme, credentials) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let read = || {
        let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((form_decoded(id), form_decoded(secret)))
    };
    Some(read())
}

/// Both halves of the Basic credentials are form-encoded first (RFC 6749 section 2.3.1).
fn form_decoded(text: &str) -> String {
    // A lone value is parsed as a name without `=`; `&` and `=` in it are encoded by those who follow the rule.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn refused(description: &str) -> OAuthError {
    OAuthError::unauthorized("invalid_client", description, "Basic realm=\"lab\"")
}

fn same_but_for_loopback_port(registered: &str, asked: &str) -> bool {
    let parse = |uri: &str| {
        let mut url = Url::parse(uri).ok()?;
        if url.scheme() != "http" || !is_loopback(url.host_str()?) {
            return None;
        }
        url.set_port(None).ok()?;
        Some(url)
    };
    matches!((parse(registered), parse(asked)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris() {
        for good in [
            "https://a.example/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:3/",
            "com.example.app:/cb",
        ] {
            assert!(check_redirect_uri(good).is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://a.example/cb",
            "http://127.0.0.1.a.example/",
            "cursor://x/cb",
            "https://a.example/#x",
            "/callback",
            "",
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let [client, _] = preregistered();
        assert!(client.has_redirect_uri("http://127.0.0.1:40001/callback"));
        assert!(client.has_redirect_uri("http://[::1]:40001/callback"));
        assert!(!client.has_redirect_uri("http://127.0.0.1:40001/other"));
        assert!(!client.has_redirect_uri("http://127.0.0.1:40001/callback?x=1"));
        assert!(!client.has_redirect_uri("https://127.0.0.1:40001/callback"));
        assert!(!client.has_redirect_uri("http://a.example/callback"));
        assert!(!client.has_redirect_uri("http://x@127.0.0.1:40001/callback"));
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let value = format!("Basic {}", STANDARD.encode("a%3Ab:p%26+q="));
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(
            basic(&headers),
            Some(Some(("a:b".to_owned(), "p& q=".to_owned())))
        );
    }
}
