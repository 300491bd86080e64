//! What a listener is opened with.

use std::time::Duration;

/// The host of the redirect URI, and what is listened on for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallbackHost {
    /// `127.0.0.1`, the loopback address as RFC 8252 section 7.3 has it in redirect URIs.
    #[default]
    V4,
    /// `localhost`: 127.0.0.1, and [::1] on the same port where there is IPv6.
    Localhost,
    /// `[::1]`.
    V6,
}

/// How the browser brings the answer, and what alone is taken from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallbackMethod {
    /// GET, with the answer in the query.
    #[default]
    Query,
    /// POST of `application/x-www-form-urlencoded`, at most 64 KiB of it, as
    /// `response_mode=form_post` has it (OAuth 2.0 Form Post Response Mode). Whatever `Origin`
    /// comes with it: the page is the authorization server's.
    FormPost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    pub method: CallbackMethod,
    pub host: CallbackHost,
    /// None: one the system chooses.
    pub port: Option<u16>,
    /// Begins with `/`, without query.
    pub path: String,
    /// How long [`CallbackListener::received`] waits.
    pub timeout: Duration,
}

impl Default for CallbackSettings {
    fn default() -> Self {
        Self {
            method: CallbackMethod::default(),
            host: CallbackHost::default(),
            port: None,
            path: "/callback".into(),
            timeout: Duration::from_secs(300),
        }
    }
}
