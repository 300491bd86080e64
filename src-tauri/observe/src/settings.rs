//! What is observed, and within which limits.

use std::io;
use std::time::Duration;

use thiserror::Error;
use trace::origin_of;

/// What is observed, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL of the MCP server, as its clients know it.
    pub server_url: String,
    pub rewriting: Rewriting,
    /// The port to listen on.
    pub port: Port,
    /// How clients elsewhere reach this machine; `None` when only those on it do.
    pub tunnel: Option<Tunnel>,
    pub limits: Limits,
}

/// Which addresses of what servers say are replaced by ours, so that the client keeps talking to
/// us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rewriting {
    /// Those of the MCP server and of its authorization servers.
    #[default]
    Everything,
    /// Those of the MCP server. The client talks to its authorization servers by itself, unseen.
    McpServer,
    Nothing,
}

/// A port on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// This one; an error when it is taken.
    Fixed(u16),
    /// This one, or any other when it is taken.
    Preferred(u16),
}

/// The user's own tunnel to this machine.
#[derive(Debug, Clone)]
pub struct Tunnel {
    /// `https://host[:port]` of its other end.
    pub public_url: String,
    /// The first part of every path. Who does not know it gets nothing but 404.
    pub secret: String,
}

/// How much is taken from clients, and how much is kept.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once, on each port. The next one waits until one of them has ended.
    pub connections: usize,
    /// Bytes of a request's line and headers.
    pub head: usize,
    /// Bytes of a request's body.
    pub request: u64,
    /// For the head of a request, and for each piece of its body.
    pub patience: Duration,
    /// For the head of an answer.
    pub answer: Duration,
    /// Bytes that are kept of each body.
    pub kept: usize,
    /// Bytes that are kept of all bodies together.
    pub kept_in_all: usize,
    /// Requests that are recorded. Later ones are passed on all the same.
    pub recorded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            head: 64 * 1024,
            request: 16 * 1024 * 1024,
            patience: Duration::from_secs(30),
            answer: Duration::from_secs(600),
            kept: 256 * 1024,
            kept_in_all: 64 * 1024 * 1024,
            recorded: 20_000,
        }
    }
}

/// Why nothing can be observed. The message names what was expected and what came.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("URL: expected the http or https URL of an MCP server, got {got:?}")]
    ServerUrl { got: String },
    #[error(
        "public URL: expected https://host of a tunnel to this machine, without a path, got {got:?}"
    )]
    PublicUrl { got: String },
    #[error("secret: expected at least 16 letters and digits")]
    Secret,
    #[error("port {port}: expected one that is free, got: {error}")]
    Port { port: u16, error: io::Error },
}

impl Settings {
    /// The usual settings for a server that is observed from this machine alone.
    pub fn for_server(server_url: &str) -> Self {
        Self {
            server_url: server_url.into(),
            rewriting: Rewriting::Everything,
            port: Port::Preferred(usual_port(server_url)),
            tunnel: None,
            limits: Limits::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        let bare = |url: &str| url.split(['?', '#']).next().unwrap_or(url).to_owned();
        let parsed = url::Url::parse(&self.server_url).ok();
        let usable = parsed.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !usable {
            let got = bare(&self.server_url);
            let got = got.rsplit('@').next().unwrap_or(&got).to_owned();
            return Err(StartError::ServerUrl { got });
        }
        let Some(tunnel) = &self.tunnel else {
            return Ok(());
        };
        let public = tunnel.public_url.trim_end_matches('/');
        if !public.starts_with("https://") || origin_of(public).as_deref() != Some(public) {
            let got = bare(&tunnel.public_url);
            return Err(StartError::PublicUrl { got });
        }
        let plain = |c: char| c.is_ascii_alphanumeric();
        if tunnel.secret.len() < 16 || !tunnel.secret.chars().all(plain) {
            return Err(StartError::Secret);
        }
        Ok(())
    }
}

/// A port that is the same each time for a server, so that a client that was told the URL once
/// finds it again.
pub fn usual_port(server_url: &str) -> u16 {
    // FNV-1a; below the ports that systems give to outgoing connections.
    let hash = server_url.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    17_000 + (hash % 8_000) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_observed_is_named_without_its_secrets() {
        let of = |url: &str, public: Option<&str>, secret: &str| Settings {
            tunnel: public.map(|public_url| Tunnel {
                public_url: public_url.into(),
                secret: secret.into(),
            }),
            ..Settings::for_server(url)
        };
        let secret = "abcdefghijklmnop";
        for good in ["http://127.0.0.1:8000/mcp", "https://mcp.example/?a=b"] {
            assert!(of(good, None, "").check().is_ok(), "{good}");
            let tunnel = Some("https://some.trycloudflare.com");
            assert!(of(good, tunnel, secret).check().is_ok(), "{good}");
        }
        for bad in [
            "",
            "mcp.example",
            "ftp://mcp.example",
            "http://a:hush@b/?hush",
        ] {
            let error = of(bad, None, "").check().unwrap_err().to_string();
            assert!(error.starts_with("URL: expected"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let url = "https://mcp.example/mcp";
        for bad in [
            "http://a.example",
            "https://a.example/path",
            "a.example",
            "https://a:b@c",
        ] {
            let error = of(url, Some(bad), secret).check().unwrap_err().to_string();
            assert!(error.starts_with("public URL: expected"), "{error}");
        }
        for bad in ["", "short", "abcdefgh/jklmnop"] {
            let public = Some("https://a.example");
            assert!(matches!(
                of(url, public, bad).check(),
                Err(StartError::Secret)
            ));
        }
    }

    #[test]
    fn a_server_has_the_same_port_each_time() {
        let port = usual_port("https://mcp.example/mcp");
        assert_eq!(port, usual_port("https://mcp.example/mcp"));
        assert!((17_000..25_000).contains(&port));
    }
}
