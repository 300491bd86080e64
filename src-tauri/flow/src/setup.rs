//! What a flow is started with.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use trace::{ActionKind, Revision, Secret, Timestamp};
use url::Url;

use jose::SigningKey;

/// What a flow is started with. It does not change while the flow runs, unless the user chooses
/// another way.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The MCP server's URL: http or https, without credentials and fragment
    /// ([`Setup::check_server_url`]).
    pub server_url: String,
    /// None: detected.
    pub revision: Option<Revision>,
    pub registration: Registration,
    /// Where our client metadata document is (draft-ietf-oauth-client-id-metadata-document-00
    /// section 3).
    pub client_metadata_url: Option<String>,
    pub grant: GrantChoice,
    /// The authorization server to use where several are named; none: the first.
    pub issuer: Option<String>,
    pub resource: ResourceChoice,
    pub authorization: AuthorizationExtras,
    /// Bind the tokens to a key (RFC 9449) even where the MCP server does not demand it.
    pub dpop: bool,
    /// `x5t#S256` of the certificate that `wire` sends where it is asked for one (RFC 8705 section
    /// 3.1).
    pub certificate_thumbprint: Option<String>,
    /// The tool that is called at the end.
    pub call: Option<ToolCall>,
    /// What is done once the flow has reached its end.
    pub then: Vec<ActionKind>,
    /// The scope to ask for; none: as the server asks.
    pub scope: Option<String>,
    /// `client_name` of a registration.
    pub client_name: String,
    pub client_version: String,
    /// Random bytes of this run. What a request needs to be unique is derived from them and the
    /// time.
    pub seed: Seed,
}

/// Random bytes that keys are derived from: not to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Registration {
    /// By client metadata document where there is one and the server takes it, else dynamically
    /// (2025-11-25 basic/authorization, "Client Registration Approaches").
    Auto,
    Dcr,
    Cimd,
    Preregistered {
        client_id: String,
        client_secret: Option<Secret>,
        /// For `private_key_jwt`.
        private_key: Option<Box<SigningKey>>,
    },
}

/// How a token is to be got.
#[derive(Debug, Clone, PartialEq)]
pub enum GrantChoice {
    /// Client credentials where the client has some and the server offers nothing for users; else
    /// the code.
    Auto,
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
    JwtBearer {
        assertion: Secret,
    },
    EnterpriseManaged(IdentityProvider),
}

/// Who vouches for the user in enterprise-managed authorization, and what it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityProvider {
    pub id_token: Secret,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub issuer: Option<String>,
    /// None: read from the metadata of `issuer`.
    pub token_endpoint: Option<String>,
}

/// The `resource` parameter (RFC 8707 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceChoice {
    Advertised,
    Off,
    Given(String),
}

/// What the authorization request carries besides what it must.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuthorizationExtras {
    /// One that the request has already replaces it.
    pub parameters: Vec<(String, String)>,
    /// Push the request (RFC 9126) even where that is not demanded.
    pub par: bool,
    /// As a request object (RFC 9101).
    pub request_object: bool,
    /// RFC 9396 section 2.
    pub authorization_details: Option<Value>,
    /// OAuth 2.0 Form Post Response Mode.
    pub form_post: bool,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// None: the first one listed.
    pub tool: Option<String>,
    pub arguments: Map<String, Value>,
}

impl Setup {
    /// What every flow needs; everything else as a client without arrangements has it.
    pub fn new(server_url: impl Into<String>, seed: Seed) -> Self {
        Self {
            server_url: server_url.into(),
            revision: None,
            registration: Registration::Auto,
            client_metadata_url: None,
            grant: GrantChoice::Auto,
            issuer: None,
            resource: ResourceChoice::Advertised,
            authorization: AuthorizationExtras::default(),
            dpop: false,
            certificate_thumbprint: None,
            call: None,
            then: Vec::new(),
            scope: None,
            client_name: "Authscope".into(),
            client_version: env!("CARGO_PKG_VERSION").into(),
            seed,
        }
    }

    /// A name that is used once: for a `jti` at this time and place.
    pub(crate) fn unique(&self, place: &str, now: Timestamp) -> String {
        let text = self.derived(&format!("{place} {}", now.0));
        jose::encode(&text[..16])
    }

    /// The key tokens are bound to in this run, when there is none kept with a stored token.
    pub(crate) fn dpop_key(&self) -> SigningKey {
        SigningKey::from_random(&self.derived("dpop key"))
    }

    fn derived(&self, what: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.seed.0)
            .chain_update(what)
            .finalize()
            .into()
    }
}

/// A value that cannot be used: which field, what was expected, what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupError {
    pub field: &'static str,
    pub expected: &'static str,
    pub got: String,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, got {}",
            self.field, self.expected, self.got
        )
    }
}

impl std::error::Error for SetupError {}

impl Setup {
    /// The URL without white space around it, when it can be an MCP server's.
    ///
    /// # Errors
    /// What is wrong with it, without repeating credentials it may carry.
    pub fn check_server_url(text: &str) -> Result<String, SetupError> {
        let wrong = |expected, got: &str| {
            Err(SetupError {
                field: "server URL",
                expected,
                got: got.into(),
            })
        };
        const EXAMPLE: &str = "an absolute URL such as https://mcp.example.com/mcp";
        let text = text.trim();
        if text.is_empty() {
            return wrong(EXAMPLE, "nothing");
        }
        let Ok(url) = Url::parse(text) else {
            return wrong(EXAMPLE, &format!("\"{}\"", shortened(text)));
        };
        if !matches!(url.scheme(), "http" | "https") {
            // "localhost:8000/mcp" parses as a URL of the scheme "localhost".
            return wrong(
                "a URL that starts with http:// or https://",
                &format!("\"{}\"", shortened(text)),
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong(
                "a URL without user name and password",
                "one with credentials before the @",
            );
        }
        if let Some(fragment) = url.fragment() {
            return wrong(
                "a URL without fragment (RFC 8707 section 2)",
                &format!("\"#{}\"", shortened(fragment)),
            );
        }
        Ok(text.into())
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_field_expected_and_got() {
        let error = |text: &str| Setup::check_server_url(text).unwrap_err().to_string();
        assert!(error("").ends_with("got nothing"));
        assert!(error("not a url").starts_with("server URL: expected an absolute URL"));
        assert!(error("localhost:8000/mcp").contains("http:// or https://"));
        assert!(error("javascript:alert(1)").contains("http:// or https://"));
        let credentials = error("https://user:hush@mcp.example/mcp");
        assert!(credentials.contains("credentials") && !credentials.contains("hush"));
        assert!(error("https://mcp.example/mcp#top").contains("\"#top\""));
        assert_eq!(
            Setup::check_server_url(" http://localhost:42065 ").as_deref(),
            Ok("http://localhost:42065")
        );
    }
}
