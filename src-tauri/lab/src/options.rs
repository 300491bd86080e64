//! How a lab is to be started.

use std::time::Duration;

use serde_json::Value;

use crate::{Misbehaviour, ProviderSetup};

/// How a lab is to be started. Everything that is not named is off: the default is a lab with an
/// authorization server, an MCP server and what every client can ask of them.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// What goes wrong; `None` is the healthy lab.
    pub misbehaviour: Option<Misbehaviour>,
    /// The identity provider that the authorization server is like; `None` is the lab's own.
    pub provider: Option<ProviderSetup>,
    /// Port of the MCP server; 0 takes a free one.
    pub mcp_port: u16,
    /// Port of the authorization server; 0 takes a free one.
    pub as_port: u16,
    /// How long an access token lives. Below one second it is expired when it is issued.
    pub access_token_lifetime: Duration,
    /// Redirects from the authorization endpoint at once instead of showing the login and consent
    /// page.
    pub auto_approve: bool,
    /// Takes the URL of a client metadata document as `client_id`, and advertises it. The lab
    /// fetches documents from loopback addresses only.
    pub cimd: bool,
    /// Accepts authorization requests only when they were pushed (RFC 9126 section 5).
    pub require_par: bool,
    /// The public key of the pre-registered client `lab-jwt`, as a JWK (RFC 7517); `None` is the
    /// one that belongs to [`CLIENT_PRIVATE_KEY`](crate::CLIENT_PRIVATE_KEY).
    pub client_key: Option<Value>,
    /// Both servers demand a nonce in every proof of possession (RFC 9449 sections 8 and 9).
    pub dpop_nonce: bool,
    /// Polls of a device that are answered `authorization_pending` before it is approved by itself
    /// (RFC 8628); `None` waits for a person, or for one poll with [`Self::auto_approve`].
    pub device_polls: Option<u32>,
    /// The first poll of a device is answered `slow_down`, which makes every one after it wait five
    /// seconds longer (RFC 8628 section 3.5).
    pub device_slow_down: bool,
    /// Starts an identity provider on a port of its own. It exchanges its ID tokens for ID-JAGs,
    /// which the authorization server takes then, as it takes the tokens of a platform's workloads.
    pub idp: bool,
    /// Starts another authorization server on a port of its own, healthy in any case. The resource
    /// metadata names both.
    pub second_as: bool,
    /// After the first answered `tools/list` the MCP server belongs to the second authorization
    /// server alone: it takes no other tokens, and its resource metadata names no other.
    pub as_migrates: bool,
    /// Has the tool `transfer`, which wants the person to have logged in with a second factor,
    /// lately (RFC 9470).
    pub transfer_tool: bool,
    /// The MCP server takes only access tokens that are bound to a key, and its challenge says so.
    pub dpop_required: bool,
    /// No metadata document is served and no challenge names one. What is left are the default
    /// endpoints on the MCP server's origin (2025-03-26, Fallbacks for Servers without Metadata
    /// Discovery).
    pub no_metadata: bool,
    /// Everything speaks TLS, with certificates made at start
    /// ([`Lab::client_tls`](crate::Lab::client_tls)). A token is bound to the certificate that its
    /// client shows, if it shows one (RFC 8705 section 3).
    pub mtls: bool,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self {
            misbehaviour: None,
            provider: None,
            mcp_port: 0,
            as_port: 0,
            access_token_lifetime: Duration::from_secs(3600),
            auto_approve: false,
            cimd: false,
            require_par: false,
            client_key: None,
            dpop_nonce: false,
            device_polls: None,
            device_slow_down: false,
            idp: false,
            second_as: false,
            as_migrates: false,
            transfer_tool: false,
            dpop_required: false,
            no_metadata: false,
            mtls: false,
        }
    }
}
