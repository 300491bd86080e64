//! Where in the flow an entry belongs, and what a request was for.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::metadata::WellKnown;

/// The parts of the flow, in the order of the flow bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Challenge,
    ResourceMetadata,
    ServerMetadata,
    Registration,
    Authorization,
    Token,
    Mcp,
    Refresh,
    StepUp,
    /// Calls a user asked for outside the flow: revocation, introspection, userinfo, keys.
    Extra,
}

impl Phase {
    /// The phases every run goes through; the others appear when they happen.
    pub const MAIN: [Phase; 7] = [
        Self::Challenge,
        Self::ResourceMetadata,
        Self::ServerMetadata,
        Self::Registration,
        Self::Authorization,
        Self::Token,
        Self::Mcp,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Challenge => "Challenge",
            Self::ResourceMetadata => "Resource metadata",
            Self::ServerMetadata => "Server metadata",
            Self::Registration => "Registration",
            Self::Authorization => "Authorization",
            Self::Token => "Token",
            Self::Mcp => "MCP",
            Self::Refresh => "Refresh",
            Self::StepUp => "Step-up",
            Self::Extra => "Extra",
        }
    }
}

/// What a request was sent for. Rules find their exchanges by it, never by guessing from URLs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Purpose {
    /// The first call to the MCP server, without a token. `method` is the JSON-RPC method.
    Challenge { method: String },
    /// Protected resource metadata (RFC 9728 section 3).
    ResourceMetadata { source: MetadataSource },
    /// Authorization server metadata (RFC 8414 section 3, OpenID Connect Discovery 1.0 section 4).
    ServerMetadata { issuer: String, well_known: WellKnown },
    /// Dynamic client registration (RFC 7591 section 3.1).
    Registration,
    /// A hop of the browser's way through the authorization request (RFC 6749 section 4.1.1).
    Authorization,
    /// The browser's request to our redirect URI (RFC 6749 section 4.1.2).
    Callback,
    /// Token request (RFC 6749 sections 4.1.3 and 6).
    Token { grant: Grant },
    /// A call to the MCP server with a token. `method` is the JSON-RPC method.
    Mcp { method: String },
}

/// Where the URL of a resource metadata request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MetadataSource {
    /// `resource_metadata` of the challenge (RFC 9728 section 5.1).
    Header,
    /// `/.well-known/oauth-protected-resource` inserted before the path (RFC 9728 section 3.1).
    PathInserted,
    /// `/.well-known/oauth-protected-resource` at the root.
    Root,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    AuthorizationCode,
    RefreshToken,
}
