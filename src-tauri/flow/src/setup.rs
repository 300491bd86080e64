//! What a flow is started with.

use std::fmt;

use trace::{Revision, Secret};
use url::Url;

/// What a flow is started with. It does not change while the flow runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The MCP server's URL: http or https, without credentials and fragment ([`Setup::check_server_url`]).
    pub server_url: String,
    /// None: detected.
    pub revision: Option<Revision>,
    pub registration: Registration,
    /// The scope to ask for; none: as the server asks.
    pub scope: Option<String>,
    /// `client_name` of a registration.
    pub client_name: String,
    pub client_version: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Registration {
    /// Dynamic registration, the way that is open to a client without any arrangement.
    Auto,
    Dcr,
    Preregistered {
        client_id: String,
        client_secret: Option<Secret>,
    },
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
        write!(f, "{}: expected {}, got {}", self.field, self.expected, self.got)
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
