//! What a run is started with: each option is defined here and nowhere else.
//!
//! The types are what the window sends, what the settings file keeps and what the flow reads.

mod arguments;
mod check;
mod choices;
mod given;
mod info;
mod json;
mod own;
mod table;
#[cfg(test)]
mod table_tests;
mod tables;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trace::{ActionKind, Grant, Revision, Secret};
use ts_rs::TS;

pub use choices::{GRANTS, REGISTRATION_WAYS};
pub use given::{Given, GivenError};
pub use info::{Choice, Flag, Format, Group, GroupInfo, Kind, OptionInfo, Required, Unit, When};
pub use table::{GROUPS, OPTIONS, option};
pub use tables::Tables;

/// What a run is started with. Every field has a default, so that `{"server_url": …}` is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Options {
    /// The MCP server's URL as typed; checked when the run starts.
    pub server_url: String,
    /// `None`: detected.
    pub revision: Option<Revision>,
    pub registration: Registration,
    /// Sent with a dynamic registration, for servers that let only its holders register (RFC 7591
    /// section 3).
    #[ts(as = "Option<String>")]
    pub initial_access_token: Option<Secret>,
    /// How the client shows at the token endpoint who it is.
    pub token_auth_method: TokenAuthMethod,
    /// Our client metadata document, for authorization servers that take its URL as client_id.
    pub client_metadata: ClientMetadata,
    pub grant: GrantChoice,
    /// The authorization server to use where the resource metadata names several; none: the first.
    pub issuer: Option<String>,
    /// Origins that credentials may go to besides those of the authorization server, with blanks
    /// between.
    pub allow_credentials_to: Option<String>,
    pub resource: ResourceChoice,
    pub authorization: AuthorizationExtras,
    /// Bind the tokens to a key (RFC 9449) even where the MCP server does not demand it.
    pub dpop: bool,
    /// The tool that is called at the end; none: the flow ends with the list of tools.
    pub call: Option<ToolCall>,
    /// The actions that follow the flow, in this order.
    pub then: Vec<ActionKind>,
    pub callback: Callback,
    /// The scope to ask for; none: what the server asks for.
    pub scope: Option<String>,
    pub network: Network,
    /// Which client the run plays.
    pub client: PlayedClient,
    pub limits: Limits,
    pub browser: Browser,
    /// Use a stored token when there is one.
    pub use_stored_token: bool,
}

/// How to become a client of the authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Registration {
    /// By client metadata document where there is one and the server takes it, else dynamically
    /// (2025-11-25 basic/authorization, "Client Registration Approaches").
    Auto,
    /// Dynamic client registration (RFC 7591).
    Dcr,
    /// The URL of a client metadata document is the client_id
    /// (draft-ietf-oauth-client-id-metadata-document-00).
    Cimd,
    Preregistered {
        client_id: String,
        #[serde(default)]
        #[ts(as = "Option<String>")]
        client_secret: Option<Secret>,
        /// A PEM file, for `private_key_jwt` (RFC 7523 section 2.2).
        #[serde(default)]
        private_key_file: Option<String>,
        /// `ES256`, …; none: the first one that fits the key.
        #[serde(default)]
        alg: Option<String>,
    },
}

/// How a client shows at the token endpoint who it is (RFC 7591 section 2). A client with a private
/// key always signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TokenAuthMethod {
    /// What suits the credentials and is listed in the metadata.
    #[default]
    Auto,
    None,
    ClientSecretBasic,
    ClientSecretPost,
}

impl TokenAuthMethod {
    /// As in `token_endpoint_auth_methods_supported`; `None` where it is not chosen.
    pub fn chosen(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::None => Some("none"),
            Self::ClientSecretBasic => Some("client_secret_basic"),
            Self::ClientSecretPost => Some("client_secret_post"),
        }
    }
}

/// A way to become a client that the user can pick where the flow found none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationWay {
    Cimd,
    Dcr,
    Preregistered,
}

/// Our client metadata document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ClientMetadata {
    /// Where it is: the client_id. With `serve`: the URL under which a tunnel shows what is served
    /// here; none: the loopback address itself.
    pub url: Option<String>,
    /// Authscope serves the document itself, and shows when it is fetched.
    pub serve: bool,
    /// `None`: a free port.
    pub port: Option<u16>,
}

/// How to get a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum GrantChoice {
    /// Client credentials where the client has some and the server offers nothing for users; else
    /// the authorization code.
    Auto,
    AuthorizationCode,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 8628.
    DeviceCode,
    /// RFC 7523 section 2.1, with an assertion that somebody else issued (workload identity).
    JwtBearer {
        #[ts(as = "String")]
        assertion: Secret,
    },
    /// An identity provider exchanges its ID token for an assertion (RFC 8693), which the
    /// authorization server takes as a grant (enterprise-managed authorization).
    EnterpriseManaged(IdentityProvider),
}

impl GrantChoice {
    /// The grant that was chosen, and why it is used. `None`: the flow chooses.
    pub fn chosen(&self) -> Option<(Grant, &'static str)> {
        match self {
            Self::Auto => None,
            Self::AuthorizationCode => Some((Grant::AuthorizationCode, "as chosen")),
            Self::ClientCredentials => Some((Grant::ClientCredentials, "as chosen")),
            Self::DeviceCode => Some((Grant::DeviceCode, "as chosen")),
            Self::JwtBearer { .. } => Some((Grant::JwtBearer, "with the assertion that was given")),
            Self::EnterpriseManaged(_) => Some((
                Grant::JwtBearer,
                "with an assertion of the identity provider",
            )),
        }
    }
}

/// Who vouches for the user in enterprise-managed authorization, and what it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IdentityProvider {
    #[serde(rename = "idp_id_token")]
    #[ts(as = "String")]
    pub id_token: Secret,
    #[serde(rename = "idp_client_id")]
    pub client_id: String,
    #[serde(rename = "idp_client_secret", default)]
    #[ts(as = "Option<String>")]
    pub client_secret: Option<Secret>,
    #[serde(rename = "idp_issuer", default)]
    pub issuer: Option<String>,
    /// None: read from the metadata of `issuer`.
    #[serde(rename = "idp_token_endpoint", default)]
    pub token_endpoint: Option<String>,
}

/// The `resource` parameter (RFC 8707 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ResourceChoice {
    /// What the resource metadata names, else the server's URL.
    Advertised,
    Off,
    Given {
        uri: String,
    },
}

/// What the authorization request carries besides what it must.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct AuthorizationExtras {
    /// `audience`, `prompt`, `login_hint`, …; each replaces the parameter of the same name.
    pub parameters: Vec<(String, String)>,
    /// Push the request (RFC 9126) even where that is not demanded.
    pub par: bool,
    /// Send it as a request object (RFC 9101): signed with the client's private key where there is
    /// one, else unsigned.
    pub request_object: bool,
    /// The text of a JSON array (RFC 9396 section 2).
    pub authorization_details: Option<String>,
    pub response_mode: ResponseMode,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// The default of the code flow; no `response_mode` is sent.
    #[default]
    Query,
    /// OAuth 2.0 Form Post Response Mode.
    FormPost,
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ToolCall {
    /// None: the first one listed.
    pub tool: Option<String>,
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// A certificate of our own for servers that ask for one (RFC 8705). Both files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientCertificate {
    pub certificate_file: String,
    pub key_file: String,
}

/// The client that a run plays instead of Authscope itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct PlayedClient {
    /// The identifier of a known client; `None`: Authscope itself.
    pub play_as: Option<String>,
    /// The user agrees that the authorization server is told the name of that client.
    pub consent: bool,
    /// The run ends where a user would log in.
    pub no_login: bool,
}

/// Where the callback is listened for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Callback {
    pub host: CallbackHost,
    /// `None`: a free port chosen by the system.
    pub port: Option<u16>,
    /// Starts with a slash.
    pub path: String,
    /// Seconds until the listener gives up.
    pub timeout_seconds: u32,
    /// Seconds of silence of the browser until the authorization page is asked for without
    /// cookies. Never, when the listener gives up before.
    pub probe_after_seconds: u32,
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
    /// An `http://`, `https://` or `socks5://` URL; `None`: what the environment says.
    pub proxy: Option<String>,
    /// Requests to this machine go through the proxy too; otherwise they never do.
    pub proxy_loopback: bool,
    /// PEM files whose certificates are trusted besides the system's.
    pub ca_files: Vec<String>,
    pub client_certificate: Option<ClientCertificate>,
    /// Bytes of a response body that are read at most.
    #[ts(type = "number")]
    pub body_limit: u64,
    /// Seconds an exchange may take.
    pub timeout_seconds: u32,
}

/// How far a server can lead the flow on: each is a loop that only its answers drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Limits {
    /// Redirects of one request.
    pub redirects: u32,
    /// Pages of a list.
    pub pages: u32,
    /// Authorizations for more than the token gives.
    pub step_ups: u32,
    /// Resumptions of one event stream.
    pub resumptions: u32,
    /// Requests of the approver from the authorization request to the callback.
    pub login_requests: u32,
}

/// Who goes through the authorization request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Browser {
    /// The system browser.
    System,
    /// An installed browser in a profile of its own, whose pages are recorded.
    Watch,
    /// No browser is started: the URL is shown.
    Show,
    /// Authscope follows the redirects itself and fills forms with these values.
    Approver {
        #[serde(default)]
        form: Vec<(String, String)>,
    },
}

impl Options {
    /// The options of a client that arranged nothing with this server.
    pub fn for_server(server_url: impl Into<String>) -> Self {
        Self {
            server_url: server_url.into(),
            ..Self::default()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server_url: String::new(),
            revision: None,
            registration: Registration::Auto,
            initial_access_token: None,
            token_auth_method: TokenAuthMethod::default(),
            client_metadata: ClientMetadata::default(),
            grant: GrantChoice::Auto,
            issuer: None,
            allow_credentials_to: None,
            resource: ResourceChoice::Advertised,
            authorization: AuthorizationExtras::default(),
            dpop: false,
            call: None,
            then: Vec::new(),
            callback: Callback::default(),
            scope: None,
            network: Network::default(),
            client: PlayedClient::default(),
            limits: Limits::default(),
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
            probe_after_seconds: 20,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            redirects: 5,
            pages: 100,
            step_ups: 2,
            resumptions: 3,
            login_requests: 20,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            proxy: None,
            proxy_loopback: false,
            ca_files: Vec::new(),
            client_certificate: None,
            body_limit: 10 * 1024 * 1024,
            timeout_seconds: 30,
        }
    }
}
