//! What a user can set about the network, and what is wrong with it.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use url::Url;

/// How requests are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `http`, `https`, `socks4`, `socks5` or `socks5h` URL of a proxy for every request. None: the
    /// environment decides (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    pub proxy: Option<String>,
    /// Requests to this machine (`localhost`, the names below it, and the addresses of loopback) go
    /// through the proxy too. Otherwise they never do: for a proxy elsewhere, `127.0.0.1` is
    /// itself, so it reaches neither our callback listener nor a server that is being developed
    /// here.
    pub proxy_loopback: bool,
    /// PEM files with certificates that are trusted besides those of the system.
    pub ca_files: Vec<PathBuf>,
    /// Shown to every server that asks for one in the TLS handshake, an https proxy too.
    pub client_certificate: Option<ClientCertificate>,
    /// Bytes of a body that are read; the rest is left out, and the body says so.
    pub body_limit: u64,
    /// For one exchange, from looking up the name to the last byte of the body.
    pub timeout: Duration,
    /// Sent unless a request names its own.
    pub user_agent: String,
}

/// A certificate of the client's own (RFC 8705). Both are PEM files, and may be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The client's certificate first, then those that lead to its issuer.
    pub certificate_file: PathBuf,
    /// The private key of the first certificate: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key_file: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            proxy: None,
            proxy_loopback: false,
            ca_files: Vec::new(),
            client_certificate: None,
            body_limit: 10 * 1024 * 1024,
            timeout: Duration::from_secs(30),
            user_agent: concat!("Authscope/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// A setting that cannot be used. The message names the field, what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    #[error(
        "proxy: expected the URL of a proxy such as http://127.0.0.1:8080 or socks5://127.0.0.1:1080, got `{got}`"
    )]
    Proxy { got: String },
    #[error("ca_files: {}: {reason}", path.display())]
    CaFile { path: PathBuf, reason: String },
    /// `field` is a field of [`ClientCertificate`]. The reason holds nothing of the file.
    #[error("client_certificate.{field}: {}: {reason}", path.display())]
    ClientCertificate {
        field: &'static str,
        path: PathBuf,
        reason: String,
    },
    #[error("body_limit: expected at least 1 byte, got 0")]
    BodyLimit,
    #[error("timeout: expected more than 0 s, got 0 s")]
    Timeout,
    #[error("user_agent: expected text that fits in a header (printable, one line), got {got:?}")]
    UserAgent { got: String },
    /// The system offers no way to verify certificates or to make connections.
    #[error("the network cannot be set up: {reason}")]
    System { reason: String },
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.body_limit == 0 {
            return Err(SettingsError::BodyLimit);
        }
        if self.timeout.is_zero() {
            return Err(SettingsError::Timeout);
        }
        if self.user_agent.trim().is_empty() || self.user_agent.chars().any(char::is_control) {
            return Err(SettingsError::UserAgent {
                got: self.user_agent.clone(),
            });
        }
        self.proxy_url().map(|_| ())
    }

    /// The proxy's URL, when one is set.
    pub(crate) fn proxy_url(&self) -> Result<Option<Url>, SettingsError> {
        const SCHEMES: [&str; 5] = ["http", "https", "socks4", "socks5", "socks5h"];
        let Some(text) = &self.proxy else {
            return Ok(None);
        };
        let usable = |url: &Url| {
            SCHEMES.contains(&url.scheme())
                && url.host_str().is_some_and(|host| !host.is_empty())
                && matches!(url.path(), "" | "/")
                && url.query().is_none()
        };
        match Url::parse(text) {
            Ok(url) if usable(&url) => Ok(Some(url)),
            _ => Err(SettingsError::Proxy {
                got: without_credentials(text),
            }),
        }
    }
}

/// The text of a URL without what stands before `@`, which may be a password.
pub(crate) fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        None => text.into(),
        Some((before, after)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://{after}"),
            None => after.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_setting_is_named_with_what_was_expected_and_what_came() {
        let with_proxy = |proxy: &str| Settings {
            proxy: Some(proxy.into()),
            ..Settings::default()
        };
        for good in [
            "http://127.0.0.1:8080",
            "https://u:p@proxy.example/",
            "socks5://[::1]:1080",
            "socks5h://proxy",
        ] {
            assert_eq!(with_proxy(good).check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:8080",
            "localhost:8080",
            "ftp://proxy",
            "http://proxy/path",
            "socks5://",
        ] {
            let error = with_proxy(bad).check().unwrap_err().to_string();
            assert!(
                error.starts_with("proxy: expected") && error.contains(&format!("`{bad}`")),
                "{error}"
            );
        }
        let error = with_proxy("ftp://me:hush@proxy")
            .check()
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hush"), "{error}");
        let agent = Settings {
            user_agent: "a\r\nb".into(),
            ..Settings::default()
        };
        assert!(
            agent
                .check()
                .unwrap_err()
                .to_string()
                .starts_with("user_agent: expected")
        );
        let limit = Settings {
            body_limit: 0,
            ..Settings::default()
        };
        assert_eq!(limit.check(), Err(SettingsError::BodyLimit));
        let timeout = Settings {
            timeout: Duration::ZERO,
            ..Settings::default()
        };
        assert_eq!(timeout.check(), Err(SettingsError::Timeout));
    }
}
