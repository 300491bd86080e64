//! Whether a request goes straight or through a proxy.

use std::net::IpAddr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, ClientBuilder};
use url::Url;

use crate::client_certificate::Identity;
use crate::probe::{Stopwatch, SystemResolver};
use crate::settings::{Settings, SettingsError};
use crate::tls::{Chains, client_config};

/// The clients that send, and the choice between them.
pub(crate) struct Routes {
    direct: Clients,
    proxied: Clients,
    choice: Choice,
    /// Requests to this machine are proxied too.
    loopback: bool,
}

struct Clients {
    pooled: Client,
    /// Opens a connection for each request.
    fresh: Client,
}

/// The client for one request, and `host:port` of the proxy it goes through.
pub(crate) struct Route<'a> {
    pub(crate) client: &'a Client,
    pub(crate) proxy: Option<String>,
}

/// Which proxy there is for a URL elsewhere.
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
        let build = |with_proxy: &dyn Fn(ClientBuilder) -> ClientBuilder| {
            let client = |pool: ClientBuilder| {
                let built = with_proxy(pool).build();
                built.map_err(|error| SettingsError::System {
                    reason: error.to_string(),
                })
            };
            Ok(Clients {
                pooled: client(client_builder(tls.clone()))?,
                fresh: client(client_builder(tls.clone()).pool_max_idle_per_host(0))?,
            })
        };
        let direct = build(&ClientBuilder::no_proxy)?;
        let loopback = settings.proxy_loopback;
        let Some(url) = settings.proxy_url()? else {
            return Ok(Self {
                direct,
                // Left to itself, the client reads the same variables as the matcher.
                proxied: build(&|builder| builder)?,
                choice: Choice::Environment(Box::new(Matcher::from_system())),
                loopback,
            });
        };
        let unusable = |_| SettingsError::Proxy {
            got: crate::outgoing::peer(url.as_str()),
        };
        let proxy = reqwest::Proxy::all(url.clone()).map_err(unusable)?;
        Ok(Self {
            direct,
            proxied: build(&|builder| builder.proxy(proxy.clone()))?,
            choice: Choice::Always(address(url.as_str())),
            loopback,
        })
    }

    /// `fresh`: no earlier connection is used again.
    pub(crate) fn of(&self, url: &Url, fresh: bool) -> Route<'_> {
        let proxy = self.proxy(url);
        let clients = if proxy.is_some() {
            &self.proxied
        } else {
            &self.direct
        };
        let client = if fresh {
            &clients.fresh
        } else {
            &clients.pooled
        };
        Route { client, proxy }
    }

    fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) && !self.loopback {
            return None;
        }
        self.choice.proxy(url)
    }
}

impl Choice {
    fn proxy(&self, url: &Url) -> Option<String> {
        match self {
            Self::Always(proxy) => Some(proxy.clone()),
            Self::Environment(matcher) => {
                let intercept = matcher.intercept(&url.as_str().parse().ok()?)?;
                Some(address(&intercept.uri().to_string()))
            }
        }
    }
}

fn client_builder(tls: rustls::ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // A repeated request is recorded as one (`Sent::lost`), and an answer is kept as it came,
        // whatever features other crates switch on.
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

/// Whether a URL leads to this machine. So do the unspecified addresses, which servers under
/// development print as theirs, and names below `localhost` (RFC 6761 section 6.3).
fn is_loopback(url: &Url) -> bool {
    let is_local = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => is_local(address.into()),
        Some(url::Host::Ipv6(address)) => is_local(address.to_canonical()),
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

    const LOCAL: &[&str] = &[
        "http://localhost:8000/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://a.localhost/",
        "https://127.0.0.1/",
        "http://127.1.2.3/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://0.0.0.0:8000/",
        "http://[::1]:9/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
    ];
    const ELSEWHERE: &[&str] = &[
        "https://mcp.example/mcp",
        "http://localhost.example/",
        "http://notlocalhost/",
        "http://128.0.0.1/",
        "http://192.168.0.1/",
        "http://[::2]/",
        "http://127.0.0.1.example/",
    ];

    fn routes(settings: &Settings) -> Routes {
        Routes::new(settings, None, &Chains::default()).unwrap()
    }

    fn proxy(routes: &Routes, url: &str) -> Option<String> {
        routes.of(&Url::parse(url).unwrap(), false).proxy
    }

    #[test]
    fn this_machine_is_proxied_only_where_that_is_asked_for() {
        for (scheme, port) in [
            ("http", 80),
            ("https", 443),
            ("socks5", 1080),
            ("socks5h", 1080),
        ] {
            let mut settings = Settings {
                proxy: Some(format!("{scheme}://proxy.example")),
                ..Settings::default()
            };
            let through = Some(format!("proxy.example:{port}"));
            let otherwise = routes(&settings);
            settings.proxy_loopback = true;
            let asked = routes(&settings);
            for url in LOCAL {
                assert_eq!(proxy(&otherwise, url), None, "{scheme} {url}");
                assert_eq!(proxy(&asked, url), through, "{scheme} {url}");
            }
            for url in ELSEWHERE {
                assert_eq!(proxy(&otherwise, url), through, "{scheme} {url}");
                assert_eq!(proxy(&asked, url), through, "{scheme} {url}");
            }
        }
    }

    #[test]
    fn the_environment_excepts_what_it_names_and_this_machine_like_any_proxy() {
        let matcher = || {
            Matcher::builder()
                .all("http://me:hush@proxy.example:3128")
                .no("internal.example,127.1.2.3")
                .build()
        };
        let through = Some("proxy.example:3128".to_string());
        for loopback in [false, true] {
            let routes = Routes {
                choice: Choice::Environment(Box::new(matcher())),
                loopback,
                ..routes(&Settings::default())
            };
            assert_eq!(proxy(&routes, "https://mcp.example/mcp"), through);
            assert_eq!(proxy(&routes, "https://internal.example/"), None);
            assert_eq!(proxy(&routes, "http://127.1.2.3/"), None);
            let here = proxy(&routes, "http://127.0.0.1/");
            assert_eq!(here, through.clone().filter(|_| loopback));
        }
    }
}
