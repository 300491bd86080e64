//! Endpoints: URLs that a request can be sent to.

use std::fmt;

use trace::origin_of;

/// An absolute http or https URL, as it was named. A request is never made out of anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// There is no such endpoint, or its URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingEndpoint {
    /// The member of the metadata that should name it.
    pub name: &'static str,
    /// What it is instead of a URL; `None` where there is nothing.
    pub got: Option<String>,
}

impl Endpoint {
    /// # Errors
    /// When `url` is missing, or no absolute http or https URL.
    pub fn read(name: &'static str, url: Option<&str>) -> Result<Self, MissingEndpoint> {
        match url {
            Some(url) if origin_of(url).is_some() => Ok(Self(url.into())),
            other => Err(MissingEndpoint {
                name,
                got: other.map(Into::into),
            }),
        }
    }

    pub fn url(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MissingEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected an http or https URL, got ", self.name)?;
        match &self.got {
            None => f.write_str("nothing"),
            Some(url) => write!(f, "\"{url}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_http_urls_are_endpoints() {
        let read = |url| Endpoint::read("token_endpoint", url).map_err(|error| error.to_string());
        assert_eq!(
            read(Some("https://as.example/token")).map(|it| it.url().to_owned()),
            Ok("https://as.example/token".into())
        );
        for url in [
            "",
            "/token",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "as.example/token",
        ] {
            let expected = format!("token_endpoint: expected an http or https URL, got \"{url}\"");
            assert_eq!(read(Some(url)), Err(expected));
        }
        let nothing = "token_endpoint: expected an http or https URL, got nothing";
        assert_eq!(read(None), Err(nothing.into()));
    }
}
