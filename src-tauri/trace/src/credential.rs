//! A credential and where it may be sent.

use crate::metadata::origin_of;
use crate::secret::Secret;

/// A credential that a request carries, and the origins it was issued for. It must not be sent
/// anywhere else (RFC 6750 section 5.2, RFC 9700 section 4.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it is, as messages name it: "access token", "client secret".
    pub name: String,
    pub value: Secret,
    /// Serialized origins (RFC 6454 section 6.2), such as `https://mcp.example`.
    pub origins: Vec<String>,
}

impl Credential {
    /// Bound to the origins of these URLs. What is not an http or https URL binds to nothing.
    pub fn new<'a>(
        name: &str,
        value: impl Into<Secret>,
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut origins: Vec<String> = Vec::new();
        for origin in urls.into_iter().filter_map(origin_of) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Self {
            name: name.into(),
            value: value.into(),
            origins,
        }
    }

    /// Whether it may be sent to this URL.
    pub fn may_go_to(&self, url: &str) -> bool {
        origin_of(url).is_some_and(|origin| self.origins.contains(&origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_to_its_origins_and_nowhere_else() {
        let urls = [
            "https://as.example/token",
            "https://as.example/par",
            "nowhere",
        ];
        let code = Credential::new("authorization code", Secret::new("c"), urls);
        assert_eq!(code.origins, ["https://as.example"]);
        assert!(code.may_go_to("https://AS.example:443/elsewhere"));
        for other in [
            "http://as.example/token",
            "https://as.example:8443/token",
            "https://as.example.evil.example/token",
            "https://evil.example/?https://as.example/token",
            "nowhere",
            "",
        ] {
            assert!(!code.may_go_to(other), "{other}");
        }
    }
}
