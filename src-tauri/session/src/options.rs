//! What a run is started with.

use serde::{Deserialize, Serialize};
use trace::Revision;
use ts_rs::TS;

/// What a run is started with. Every field has a default, so that `{"server_url": …}` is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct Options {
    /// As typed; checked when the run starts.
    pub server_url: String,
    /// None: detected.
    pub revision: Option<Revision>,
    pub registration: Registration,
    pub callback: Callback,
    /// None: as asked for by the server.
    pub scope: Option<String>,
    pub network: Network,
    pub browser: Browser,
    /// Take a stored token when there is one.
    pub use_stored_token: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Registration {
    /// What the authorization server offers, in the order of the specification.
    Auto,
    /// Dynamic client registration (RFC 7591).
    Dcr,
    Preregistered {
        client_id: String,
        client_secret: Option<String>,
    },
}

/// Where the callback is listened for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Callback {
    pub host: CallbackHost,
    /// None: a free port chosen by the system.
    pub port: Option<u16>,
    /// Starts with a slash.
    pub path: String,
    /// Seconds until the listener gives up.
    pub timeout_seconds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum CallbackHost {
    #[serde(rename = "127.0.0.1")]
    V4,
    /// Listens on both families.
    #[serde(rename = "localhost")]
    Localhost,
    #[serde(rename = "[::1]")]
    V6,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Network {
    /// `http://`, `https://` or `socks5://` URL; none: as the environment says.
    pub proxy: Option<String>,
    /// PEM files whose certificates are trusted besides the system's.
    pub ca_files: Vec<String>,
    /// Bytes of a response body that are read at most.
    #[ts(type = "number")]
    pub body_limit: u64,
    /// Seconds an exchange may take.
    pub timeout_seconds: u32,
}

/// Who goes through the authorization request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Browser {
    /// The system browser.
    System,
    /// Nobody is started: the URL is shown.
    Show,
    /// Authscope follows the redirects itself and fills forms with these values.
    Approver { form: Vec<(String, String)> },
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server_url: String::new(),
            revision: None,
            registration: Registration::Auto,
            callback: Callback::default(),
            scope: None,
            network: Network::default(),
            browser: Browser::System,
            use_stored_token: true,
        }
    }
}

impl Default for Callback {
    fn default() -> Self {
        Self {
            host: CallbackHost::V4,
            port: None,
            path: "/callback".into(),
            timeout_seconds: 300,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            proxy: None,
            ca_files: Vec::new(),
            body_limit: 10 * 1024 * 1024,
            timeout_seconds: 30,
        }
    }
}
