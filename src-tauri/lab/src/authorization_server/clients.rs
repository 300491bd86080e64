//! Clients: what is known of one, and where it may have a browser sent.

use serde_json::{Map, Value, json};
use url::Url;

use crate::jwt::PublicKey;
use crate::web::{is_loopback, plain};

/// The `token_endpoint_auth_method` values that a client can be registered with.
pub(super) const AUTH_METHODS: &[&str] = &[
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];
/// RFC 8628 section 3.4
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 7523 section 2.1
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 8693 section 2.1
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What can be exchanged for tokens of the MCP server; the last of them where an issuer is trusted.
pub(super) const GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "refresh_token",
    DEVICE_CODE,
    "client_credentials",
    JWT_BEARER,
];
/// The same at an identity provider.
pub(super) const IDENTITY_GRANT_TYPES: &[&str] =
    &["authorization_code", "refresh_token", TOKEN_EXCHANGE];
/// The client of the identity provider.
pub(crate) const IDENTITY_CLIENT: &str = "lab-idp-client";
/// What the same client is called at the authorization server.
pub(crate) const ENTERPRISE_CLIENT: &str = "lab-confidential";

/// A registered client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// What it signs assertions and request objects with.
    pub(super) keys: Vec<PublicKey>,
    /// The ways in which it may authenticate; a dynamically registered one has exactly one.
    pub(super) auth_methods: Vec<String>,
    pub(super) grant_types: Vec<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) name: Option<String>,
    /// What it registered, as it is answered to it (RFC 7591 section 3.2.1); empty for a
    /// pre-registered one.
    pub(super) metadata: Map<String, Value>,
    /// Lets it manage its registration; `None` for a pre-registered one.
    pub(super) registration_access_token: Option<String>,
    /// When its metadata document has to be fetched again, in seconds since 1970; `None` for a
    /// client that has none.
    pub(super) document_expires: Option<u64>,
}

impl Client {
    /// A program that nobody registered, known by the token of its platform.
    pub(super) fn of_workload(subject: &str) -> Self {
        new(subject, &[], &[JWT_BEARER], subject)
    }

    pub(super) fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|known| known == grant_type)
    }

    pub(super) fn may_authenticate_by(&self, method: &str) -> bool {
        self.auth_methods.iter().any(|known| known == method)
    }

    /// Whether it can keep a secret or a key and has one.
    pub(super) fn is_confidential(&self) -> bool {
        !self.may_authenticate_by("none")
            && (self.secret.is_some() || self.may_authenticate_by("private_key_jwt"))
    }

    /// Whether it registered to be held to something, such as
    /// `require_pushed_authorization_requests`.
    pub(super) fn is_held_to(&self, rule: &str) -> bool {
        self.metadata.get(rule) == Some(&Value::Bool(true))
    }

    /// Whether a redirect URI is one of the registered ones: the same text, or the same but for the
    /// port of a loopback address (RFC 8252 section 7.3).
    pub(super) fn has_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|known| known == uri || same_but_for_loopback_port(known, uri))
    }
}

/// The clients that need no registration. `key` is that of the one that authenticates with it.
pub(super) fn preregistered(key: PublicKey) -> Vec<Client> {
    let with_secret = ["client_secret_basic", "client_secret_post"];
    vec![
        new(
            "lab-public",
            &["none"],
            &GRANT_TYPES[..3],
            "Pre-registered public client",
        ),
        Client {
            secret: Some("lab-secret".to_owned()),
            ..new(
                ENTERPRISE_CLIENT,
                &with_secret,
                GRANT_TYPES,
                "Pre-registered confidential client",
            )
        },
        Client {
            keys: vec![key],
            ..new(
                "lab-jwt",
                &["private_key_jwt"],
                GRANT_TYPES,
                "Pre-registered client with a key",
            )
        },
        new(
            "lab-workload",
            &["none"],
            &[JWT_BEARER],
            "Pre-registered workload",
        ),
    ]
}

/// The clients of an identity provider.
pub(super) fn of_identity_provider() -> Vec<Client> {
    vec![new(
        IDENTITY_CLIENT,
        &["none"],
        IDENTITY_GRANT_TYPES,
        "Pre-registered client",
    )]
}

/// A client with the redirect URIs that everyone may use.
fn new(id: &str, methods: &[&str], grants: &[&str], name: &str) -> Client {
    let hosts = ["127.0.0.1", "localhost", "[::1]"];
    let paths = ["/callback", "/oauth/callback", "/"];
    let redirect_uris = hosts
        .iter()
        .flat_map(|host| paths.map(|path| format!("http://{host}{path}")));
    Client {
        id: id.to_owned(),
        secret: None,
        keys: Vec::new(),
        auth_methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        grant_types: grants.iter().map(|grant| (*grant).to_owned()).collect(),
        redirect_uris: redirect_uris.collect(),
        name: Some(name.to_owned()),
        metadata: Map::new(),
        registration_access_token: None,
        document_expires: None,
    }
}

/// Whether an authorization may send a browser there, in the words of the error when not.
pub(super) fn check_redirect_uri(uri: &str) -> Result<(), String> {
    let parsed = Url::parse(uri).map_err(|_| format!("{} is no absolute URI", plain(uri)))?;
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
        let key = crate::jwt::SigningKey::generate().unwrap();
        let client = &preregistered(key.public().clone())[0];
        assert!(client.has_redirect_uri("http://127.0.0.1:40001/callback"));
        assert!(client.has_redirect_uri("http://[::1]:40001/callback"));
        assert!(!client.has_redirect_uri("http://127.0.0.1:40001/other"));
        assert!(!client.has_redirect_uri("http://127.0.0.1:40001/callback?x=1"));
        assert!(!client.has_redirect_uri("https://127.0.0.1:40001/callback"));
        assert!(!client.has_redirect_uri("http://a.example/callback"));
        assert!(!client.has_redirect_uri("http://x@127.0.0.1:40001/callback"));
    }
}
