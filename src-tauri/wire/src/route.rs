//! Whether a request goes straight or through a proxy.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Client;
use url::Url;

use crate::client_certificate::Identity;
use crate::probe::{Stopwatch, SystemResolver};
use crate::settings::{Settings, SettingsError};
use crate::tls::{Chains, client_config};

/// The clients that send, and the choice between them.
pub(crate) struct Routes {
    direct: Client,
    proxied: Client,
    choice: Choice,
}

/// The client for one request, and `host:port` of the proxy it goes through.
pub(crate) struct Route<'a> {
    pub(crate) client: &'a Client,
    pub(crate) proxy: Option<String>,
}

enum Choice {
    Always(String),
    Environment(Box<Matcher>),
}

impl Routes {
    pub(crate) fn new(
        settings: &Settings,
        identity: Option<&Identity>,
        chains: &Chains,
    ) -> Result<Self, SettingsError> {
        let tls = client_config(settings, identity, chains)?;
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| SettingsError::System {
                reason: error.to_string(),
            })
        };
        let base = || client_builder(tls.clone());
        let direct = build(base().no_proxy())?;
        let Some(url) = settings.proxy_url()? else {
            return Ok(Self {
                direct,
                // Left to itself, the client reads the same variables as the matcher.
                proxied: build(base())?,
                choice: Choice::Environment(Box::new(Matcher::from_system())),
            });
        };
        let unusable = |_| SettingsError::Proxy {
            got: crate::outgoing::peer(url.as_str()),
        };
        let proxy = reqwest::Proxy::all(url.clone()).map_err(unusable)?;
        Ok(Self {
            direct,
            proxied: build(base().proxy(proxy))?,
            choice: Choice::Always(address(url.as_str())),
        })
    }

    pub(crate) fn of(&self, url: &Url) -> Route<'_> {
        let proxy = self.choice.proxy(url);
        Route {
            client: if proxy.is_some() {
                &self.proxied
            } else {
                &self.direct
            },
            proxy,
        }
    }
}

impl Choice {
    fn proxy(&self, url: &Url) -> Option<String> {
        match self {
            Self::Always(proxy) => Some(proxy.clone()),
            Self::Environment(_) if is_loopback(url) => None,
            Self::Environment(matcher) => {
                let intercept = matcher.intercept(&url.as_str().parse().ok()?)?;
                Some(address(&intercept.uri().to_string()))
            }
        }
    }
}

fn client_builder(tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A request is sent once, and an answer is kept as it came, whatever features other crates
        // switch on.
        .retry(reqwest::retry::never())
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .dns_resolver(std::sync::Arc::new(SystemResolver))
        .connector_layer(Stopwatch)
        // Common servers close idle connections after 5 s; one that is closed while it is used
        // again would look like the server's fault.
        .pool_idle_timeout(std::time::Duration::from_secs(4))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `host:port` of a proxy; `url` does not know the port a SOCKS scheme implies.
fn address(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.into();
    };
    let implied = if parsed.scheme().starts_with("socks") {
        1080
    } else {
        80
    };
    let port = parsed.port_or_known_default().unwrap_or(implied);
    format!("{}:{port}", parsed.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_proxies_everything_but_loopback_and_what_it_excepts() {
        let matcher = Matcher::builder()
            .all("http://me:hush@proxy.example:3128")
            .no("internal.example")
            .build();
        let choice = Choice::Environment(Box::new(matcher));
        let proxy = |url: &str| choice.proxy(&Url::parse(url).unwrap());
        assert_eq!(
            proxy("https://mcp.example/mcp").as_deref(),
            Some("proxy.example:3128")
        );
        for direct in [
            "http://localhost:8000/",
            "http://a.localhost/",
            "https://127.0.0.1/",
            "http://127.1.2.3/",
            "http://[::1]:9/",
            "https://internal.example/",
        ] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
        let always = Choice::Always(address("socks5://proxy.example"));
        assert_eq!(
            always
                .proxy(&Url::parse("http://127.0.0.1/").unwrap())
                .as_deref(),
            Some("proxy.example:1080")
        );
    }
}
