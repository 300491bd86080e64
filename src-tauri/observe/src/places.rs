//! Which of our addresses stands for which server.
//!
//! On this machine each origin has a port of its own, so that nothing of a URL changes but its
//! origin. Behind a tunnel there is one origin for all, and the first part of the path tells them
//! apart: the secret, and a number for each further origin.

use subtle::ConstantTimeEq as _;
use trace::{is_loopback, origin_of};
use url::Url;

use crate::settings::Tunnel;

/// An authorization server has its endpoints at few origins.
const MOST: usize = 8;

const WELL_KNOWN: &str = "/.well-known/";

/// Where the browser comes back to us, at the MCP server's place.
pub const CALLBACK: &str = "/authscope/callback";

/// The origins that can be reached through us. The first is the MCP server's.
#[derive(Debug, Clone)]
pub struct Places {
    tunnel: Option<Tunnel>,
    places: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    /// `scheme://host[:port]` of the server.
    origin: String,
    /// Where we listen for it.
    port: u16,
}

impl Places {
    pub fn new(origin: String, port: u16, tunnel: Option<Tunnel>) -> Self {
        let tunnel = tunnel.map(|tunnel| Tunnel {
            public_url: tunnel.public_url.trim_end_matches('/').into(),
            ..tunnel
        });
        Self {
            tunnel,
            places: vec![Place { origin, port }],
        }
    }

    /// The MCP server's origin.
    pub fn mcp(&self) -> &str {
        &self.places[0].origin
    }

    pub fn is_tunnelled(&self) -> bool {
        self.tunnel.is_some()
    }

    pub fn knows(&self, origin: &str) -> bool {
        self.places.iter().any(|place| place.origin == origin)
    }

    /// Whether an origin that a server named may be reached through us: nothing that a client
    /// elsewhere could not reach by itself, unless the MCP server is in the same place. Their
    /// number is limited.
    pub fn may_add(&self, origin: &str) -> bool {
        let Ok(url) = Url::parse(origin) else {
            return false;
        };
        let inner = is_private(&url);
        let beside = Url::parse(self.mcp()).is_ok_and(|mcp| is_private(&mcp));
        self.places.len() < MOST && (self.tunnel.is_none() || beside || !inner)
    }

    /// Gives the number of the place.
    pub fn add(&mut self, origin: String, port: u16) -> usize {
        self.places.push(Place { origin, port });
        self.places.len() - 1
    }

    /// The port to try for one more place: behind the last one.
    pub fn next_port(&self) -> u16 {
        self.places
            .last()
            .map_or(0, |last| last.port.saturating_add(1))
    }

    /// Our callback, as it is registered.
    pub fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.base(0, LOCAL[0]))
    }

    /// Our own origin, by the host that a request names.
    pub fn our_origin(&self, host: &str) -> String {
        let public = self.tunnel.as_ref().map(|tunnel| &tunnel.public_url);
        match public.filter(|public| public.trim_start_matches("https://") == host) {
            Some(public) => public.clone(),
            None => format!("http://{host}"),
        }
    }

    /// Our address for a server's, when there is one. `host` is the name that the client has for
    /// this machine.
    pub fn outward(&self, url: &str, host: &str) -> Option<String> {
        let mut places = self.places.iter().enumerate();
        places.find_map(|(index, place)| {
            let rest = after(url, &place.origin)?;
            Some(format!("{}{rest}", self.base(index, host)))
        })
    }

    /// A server's address for ours, when it is one.
    pub fn inward(&self, url: &str) -> Option<String> {
        if let Some(tunnel) = &self.tunnel {
            let rest = after(url, &tunnel.public_url)?;
            let (index, rest) = self.told_apart(rest)?;
            return Some(format!("{}{rest}", self.places[index].origin));
        }
        self.places.iter().find_map(|place| {
            let rest = LOCAL.iter().find_map(|host| {
                let base = format!("http://{host}:{}", place.port);
                after(url, &base)
            })?;
            Some(format!("{}{rest}", place.origin))
        })
    }

    /// The server's URL that a request on the port of the place with this number is for. `target`
    /// is its path and query.
    pub fn asked(&self, number: usize, target: &str) -> Option<String> {
        if !target.starts_with('/') {
            return None;
        }
        let (index, rest) = match &self.tunnel {
            Some(_) => self.told_apart(target)?,
            None => (number, target.to_owned()),
        };
        let place = self.places.get(index)?;
        let url = format!("{}{rest}", place.origin);
        // What follows an origin and a slash cannot lead elsewhere; this makes sure of it.
        (origin_of(&url).as_ref() == Some(&place.origin)).then_some(url)
    }

    /// Whether a request may name this host: others are how a web page would reach us through its
    /// own name.
    pub fn is_our_host(&self, number: usize, host: &str) -> bool {
        let Some(place) = self.places.get(number) else {
            return false;
        };
        let local = LOCAL
            .iter()
            .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{}", place.port)));
        local
            || self.tunnel.as_ref().is_some_and(|tunnel| {
                let public = tunnel.public_url.trim_start_matches("https://");
                host.eq_ignore_ascii_case(public)
            })
    }

    /// The beginning of our addresses for a place.
    fn base(&self, index: usize, host: &str) -> String {
        match &self.tunnel {
            None => format!("http://{host}:{}", self.places[index].port),
            Some(Tunnel { public_url, secret }) => match index {
                0 => format!("{public_url}/{secret}"),
                more => format!("{public_url}/{secret}-{more}"),
            },
        }
    }

    /// The place that the first part of a path names, and what follows. Well-known paths come
    /// before it (RFC 8414 section 3.1).
    fn told_apart(&self, target: &str) -> Option<(usize, String)> {
        let cut = target.find(['?', '#']).unwrap_or(target.len());
        let (path, query) = target.split_at(cut);
        let (before, path) = match path.strip_prefix(WELL_KNOWN) {
            Some(rest) => {
                let name = rest.split('/').next().unwrap_or_default();
                path.split_at(WELL_KNOWN.len() + name.len())
            }
            None => ("", path),
        };
        let first = path.strip_prefix('/')?;
        let first = first.split('/').next().unwrap_or_default();
        let index = self.index(first)?;
        let rest = &path[1 + first.len()..];
        Some((index, format!("{before}{rest}{query}")))
    }

    fn index(&self, part: &str) -> Option<usize> {
        let secret = &self.tunnel.as_ref()?.secret;
        let (own, number) = part.split_at_checked(secret.len())?;
        let right = bool::from(own.as_bytes().ct_eq(secret.as_bytes()));
        let index = match number {
            "" => 0,
            number => {
                let number = number.strip_prefix('-')?;
                number.parse().ok().filter(|index| *index > 0)?
            }
        };
        (right && index < self.places.len()).then_some(index)
    }
}

/// The names of this machine in URLs.
const LOCAL: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// What follows `base` in a URL, when it is the whole beginning.
fn after<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    let rest = url.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
}

/// Whether a URL leads to this machine or to a network that cannot be reached from elsewhere.
fn is_private(url: &Url) -> bool {
    if is_loopback(url.as_str()) {
        return true;
    }
    match url.host() {
        Some(url::Host::Ipv4(address)) => {
            address.is_private() || address.is_link_local() || address.is_unspecified()
        }
        Some(url::Host::Ipv6(address)) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified()
        }
        // A name without a dot is of the network here.
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || name.ends_with(".local") || name.ends_with(".internal")
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "abcdefghijklmnop";

    fn local() -> Places {
        let mut places = Places::new("https://mcp.example".into(), 17_001, None);
        places.add("https://as.example".into(), 17_002);
        places
    }

    fn tunnelled() -> Places {
        let tunnel = Tunnel {
            public_url: "https://t.example/".into(),
            secret: SECRET.into(),
        };
        let mut places = Places::new("https://mcp.example".into(), 17_001, Some(tunnel));
        places.add("https://as.example".into(), 17_001);
        places
    }

    #[test]
    fn an_address_goes_out_and_comes_back() {
        for (places, ours) in [
            (
                local(),
                ["http://127.0.0.1:17001", "http://127.0.0.1:17002"],
            ),
            (
                tunnelled(),
                [
                    "https://t.example/abcdefghijklmnop",
                    "https://t.example/abcdefghijklmnop-1",
                ],
            ),
        ] {
            for (origin, ours) in ["https://mcp.example", "https://as.example"]
                .iter()
                .zip(ours)
            {
                for rest in ["", "/", "/mcp", "/a/b?c=d", "?e"] {
                    let real = format!("{origin}{rest}");
                    let out = places.outward(&real, "127.0.0.1").unwrap();
                    assert_eq!(out, format!("{ours}{rest}"));
                    assert_eq!(places.inward(&out).unwrap(), real);
                }
            }
            for foreign in [
                "https://mcp.example.org/",
                "http://mcp.example/",
                "https://mcp.example:8443/",
                "https://MCP.example/",
                "",
            ] {
                assert_eq!(places.outward(foreign, "localhost"), None, "{foreign}");
                assert_eq!(places.inward(foreign), None, "{foreign}");
            }
        }
        let ours = "http://localhost:17002/x";
        assert_eq!(local().inward(ours).unwrap(), "https://as.example/x");
        assert_eq!(
            local()
                .outward("https://as.example/x", "localhost")
                .unwrap(),
            ours
        );
        assert_eq!(local().inward("http://localhost:170020/x"), None);
    }

    #[test]
    fn behind_a_tunnel_only_who_knows_the_secret_gets_somewhere() {
        let places = tunnelled();
        let asked = |target: &str| places.asked(0, target);
        let is = |target: &str, url: &str| assert_eq!(asked(target).as_deref(), Some(url));
        is("/abcdefghijklmnop/mcp?a=b", "https://mcp.example/mcp?a=b");
        is("/abcdefghijklmnop-1/token", "https://as.example/token");
        is(
            "/.well-known/oauth-authorization-server/abcdefghijklmnop-1/tenant",
            "https://as.example/.well-known/oauth-authorization-server/tenant",
        );
        is(
            "/abcdefghijklmnop//other.example/x",
            "https://mcp.example//other.example/x",
        );
        for stranger in [
            "/",
            "/mcp",
            "/abcdefghijklmno",
            "/abcdefghijklmnoq/mcp",
            "/abcdefghijklmnop-0/mcp",
            "/abcdefghijklmnop-2/mcp",
            "/abcdefghijklmnop-/mcp",
            "/abcdefghijklmnopq/mcp",
            "/ABCDEFGHIJKLMNOP/mcp",
            "/%61bcdefghijklmnop/mcp",
            "/x/../abcdefghijklmnop/mcp",
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/mcp",
            "abcdefghijklmnop/mcp",
            "https://other.example/abcdefghijklmnop/mcp",
            "*",
        ] {
            assert_eq!(asked(stranger), None, "{stranger}");
        }
        // The path may be anything; the host is the server's.
        for odd in [
            "/abcdefghijklmnop/../..//x",
            "/abcdefghijklmnop/@other.example",
            "/abcdefghijklmnop\\x",
        ] {
            if let Some(url) = asked(odd) {
                assert_eq!(
                    origin_of(&url).as_deref(),
                    Some("https://mcp.example"),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn the_network_here_is_not_opened_to_the_world() {
        let places = tunnelled();
        for inner in [
            "http://127.0.0.1:22",
            "http://localhost",
            "http://169.254.169.254",
            "http://10.0.0.1",
            "http://[::1]",
            "http://[fd00::1]",
            "http://0.0.0.0",
            "http://router",
            "http://printer.local",
            "http://metadata.google.internal",
        ] {
            assert!(!places.may_add(inner), "{inner}");
            assert!(local().may_add(inner), "{inner}");
        }
        assert!(places.may_add("https://login.example"));
        // A server that is being developed here, with its authorization server beside it.
        let tunnel = places.tunnel.clone();
        let here = Places::new("http://localhost:8000".into(), 17_001, tunnel);
        assert!(here.may_add("http://localhost:9000"));
    }

    #[test]
    fn a_host_is_ours_or_it_is_not() {
        for (host, ours) in [
            ("127.0.0.1:17001", true),
            ("LOCALHOST:17001", true),
            ("[::1]:17001", true),
            ("127.0.0.1:17002", false),
            ("evil.example:17001", false),
            ("t.example", false),
            ("", false),
        ] {
            assert_eq!(local().is_our_host(0, host), ours, "{host}");
        }
        assert!(tunnelled().is_our_host(0, "T.example"));
        assert!(!tunnelled().is_our_host(0, "other.example"));
    }
}
