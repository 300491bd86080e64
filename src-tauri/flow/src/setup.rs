//! What a flow is started with.

use std::fmt;
use std::ops::{Deref, DerefMut};

use clients::Profile;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::options::Options;
use jose::SigningKey;

/// The options of a run with what was loaded for them. It does not change while the flow runs,
/// unless the user chooses another way.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Checked: `server_url` is the MCP server's http or https URL, without credentials and
    /// fragment ([`Setup::check_server_url`]); a text that is there is not empty.
    pub options: Options,
    /// The pre-registered client's key, for `private_key_jwt`.
    pub private_key: Option<SigningKey>,
    /// Where our client metadata document is (draft-ietf-oauth-client-id-metadata-document-00
    /// section 3).
    pub client_metadata_url: Option<String>,
    /// RFC 9396 section 2.
    pub authorization_details: Option<Value>,
    /// `x5t#S256` of the certificate that `wire` sends where it is asked for one (RFC 8705 section
    /// 3.1).
    pub certificate_thumbprint: Option<String>,
    /// The client that is played.
    pub profile: Option<&'static Profile>,
    /// `client_name` of a registration.
    pub client_name: String,
    pub client_version: String,
    /// Random bytes of this run: the key that tokens are bound to is derived from them, so that it
    /// stays the same when the user goes back.
    pub seed: Seed,
}

/// The flow reads an option as `setup.grant`, whether or not something was loaded for it.
impl Deref for Setup {
    type Target = Options;

    fn deref(&self) -> &Options {
        &self.options
    }
}

impl DerefMut for Setup {
    fn deref_mut(&mut self) -> &mut Options {
        &mut self.options
    }
}

/// Random bytes that keys are derived from: not to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Setup {
    /// The setup of a client that has arranged nothing with the server.
    pub fn new(server_url: impl Into<String>, seed: Seed) -> Self {
        Self::with(Options::for_server(server_url), seed)
    }

    /// With these options, and nothing loaded yet.
    pub fn with(options: Options, seed: Seed) -> Self {
        Self {
            options,
            private_key: None,
            client_metadata_url: None,
            authorization_details: None,
            certificate_thumbprint: None,
            profile: None,
            client_name: "Authscope".into(),
            client_version: env!("CARGO_PKG_VERSION").into(),
            seed,
        }
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

pub(crate) fn shortened(text: &str) -> String {
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
