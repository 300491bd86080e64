//! A secret and where it may be sent.

use crate::metadata::origin_of;
use crate::secret::Secret;

/// A value that was issued for certain servers and must not reach any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it is, for messages: `access_token`, `client_secret`.
    pub name: String,
    pub value: Secret,
    /// The origins (`scheme://host[:port]`) it may be sent to.
    pub origins: Vec<String>,
}

impl Credential {
    /// Whether it may be sent to this URL. A URL without an origin may get nothing.
    pub fn may_go_to(&self, url: &str) -> bool {
        origin_of(url).is_some_and(|origin| self.origins.contains(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_may_go_to_its_own_origins_alone() {
        let token = Credential {
            name: "access_token".into(),
            value: Secret::new("secret"),
            origins: vec!["https://mcp.example".into()],
        };
        assert!(token.may_go_to("https://mcp.example:443/mcp?a=b"));
        assert!(!token.may_go_to("http://mcp.example/mcp"));
        assert!(!token.may_go_to("https://mcp.example.evil/mcp"));
        assert!(!token.may_go_to("mcp.example"));
    }
}
