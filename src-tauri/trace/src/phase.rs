//! Where in the flow an entry belongs, and what a request was for.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
    /// What a user asked for besides the flow: a tool call, revocation, introspection, userinfo,
    /// keys, registrations.
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
    ServerMetadata {
        issuer: String,
        well_known: WellKnown,
    },
    /// Dynamic client registration (RFC 7591 section 3.1).
    Registration,
    /// A hop of the browser's way through the authorization request (RFC 6749 section 4.1.1).
    Authorization,
    /// What a page on that way does within itself: the document of a frame, or what its script
    /// sends. It is between the page and its server, and no rule judges it.
    WithinPage,
    /// The authorization URL asked for by this program, without cookies, while a browser that it
    /// cannot look into is waited for. What the browser shows may be another page.
    AuthorizationProbe,
    /// The browser's request to our redirect URI (RFC 6749 section 4.1.2).
    Callback,
    /// Token request (RFC 6749 sections 4.1.3 and 6).
    Token { grant: Grant },
    /// A call to the MCP server with a token. `method` is the JSON-RPC method.
    Mcp { method: String },
    /// Pushed authorization request (RFC 9126 section 2.1).
    PushedAuthorization,
    /// The metadata of the identity provider that vouches for the user (enterprise-managed
    /// authorization).
    IdentityProviderMetadata {
        issuer: String,
        well_known: WellKnown,
    },
    /// Device authorization request (RFC 8628 section 3.1).
    DeviceAuthorization,
    /// The authorization server fetches our client metadata document
    /// (draft-ietf-oauth-client-id-metadata-document-00 section 4).
    ClientMetadata,
    /// Token introspection (RFC 7662 section 2.1).
    Introspection { token: TokenKind },
    /// Token revocation (RFC 7009 section 2.1).
    Revocation { token: TokenKind },
    /// UserInfo request (OpenID Connect Core 1.0 section 5.3.1).
    Userinfo,
    /// The issuer's JWK set (RFC 8414 section 2, `jwks_uri`).
    Jwks,
    /// Client read request (RFC 7592 section 2.1).
    RegistrationRead,
    /// Client update request (RFC 7592 section 2.2).
    RegistrationUpdate,
    /// Client delete request (RFC 7592 section 2.3).
    RegistrationDeletion,
    /// Not part of any flow: what else a recording holds.
    Unrelated,
    /// It may belong to a flow, and what it was for is not known.
    Unknown,
    /// What a browser asks before a page of another origin may send a request (Fetch Standard,
    /// CORS-preflight fetch).
    Preflight { of: CrossOrigin },
    /// A request as a page of another origin sends it, to see whether a browser shows the answer to
    /// the page (Fetch Standard, CORS check). It gets nothing: what it asks for is refused.
    FromPage { of: CrossOrigin },
    /// A request that was sent before, sent again by hand, as it was or changed. It belongs to no
    /// step of the flow, and no rule judges it.
    Copy { of: Box<Purpose> },
}

impl Purpose {
    /// Whether it is no request of the flow itself.
    pub fn is_of_no_flow(&self) -> bool {
        matches!(self, Self::Unrelated | Self::WithinPage | Self::Copy { .. })
    }

    /// What it is a copy of; itself, where it is none.
    pub fn original(&self) -> &Self {
        match self {
            Self::Copy { of } => of.original(),
            _ => self,
        }
    }
}

/// What a client in a browser requests across origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CrossOrigin {
    /// A call to the MCP server without a token.
    McpEndpoint,
    /// A call with the token.
    McpCall,
    ResourceMetadata,
    ServerMetadata,
    Registration,
    Token,
}

impl CrossOrigin {
    /// Whether it goes to the MCP server, and not to the authorization server.
    pub fn is_to_mcp_server(self) -> bool {
        matches!(
            self,
            Self::McpEndpoint | Self::McpCall | Self::ResourceMetadata
        )
    }
}

/// Which well-known document of an authorization server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WellKnown {
    /// `/.well-known/oauth-authorization-server` before the issuer's path (RFC 8414 section 3.1).
    OauthInserted,
    /// `/.well-known/openid-configuration` before the issuer's path (RFC 8414 section 5).
    OidcInserted,
    /// `/.well-known/openid-configuration` after the issuer's path (OpenID Connect Discovery 1.0
    /// section 4.1).
    OidcAppended,
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
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 8628 section 3.4.
    DeviceCode,
    /// RFC 8693 section 2.1.
    TokenExchange,
    /// RFC 7523 section 2.1.
    JwtBearer,
}

impl Grant {
    pub const ALL: [Self; 6] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::TokenExchange,
        Self::JwtBearer,
    ];

    /// The value of `grant_type`.
    pub fn grant_type(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        }
    }

    /// What its token request asks the server to accept, after "the".
    pub fn handed_in(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "code",
            Self::RefreshToken => "refresh",
            Self::ClientCredentials => "client credentials",
            Self::DeviceCode => "device code",
            Self::TokenExchange => "token exchange",
            Self::JwtBearer => "assertion",
        }
    }

    /// How a token came that was got with it, as the beginning of a sentence.
    pub fn how_it_came(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "For an authorization code",
            Self::RefreshToken => "By a refresh",
            Self::ClientCredentials => "For the client itself, without a user",
            Self::DeviceCode => "For a device code",
            Self::TokenExchange => "In exchange for another token",
            Self::JwtBearer => "For an assertion",
        }
    }
}

/// Which token of a set (RFC 7009 section 2.1, `token_type_hint`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    AccessToken,
    RefreshToken,
    IdToken,
}

impl TokenKind {
    /// As `token_type_hint` and token answers name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::IdToken => "id_token",
        }
    }
}
