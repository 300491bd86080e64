//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use session::CallbackHost;
use trace::Revision;

use crate::exports::{self, ExportTo};

/// Debugs the OAuth flow of an MCP server.
#[derive(Debug, Parser)]
#[command(name = "authscope-cli", version, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the flow against an MCP server and say what is wrong
    Run(Box<RunArguments>),
    /// Run the lab: an authorization server and an MCP server, healthy or broken in one named way
    #[command(after_help = LAB_CLIENTS)]
    Lab(Box<LabArguments>),
    /// List the rules
    Rules(RulesArguments),
}

/// Exit code 0: an authenticated MCP answer was reached. 1: it was not, or --fail-on was met. 2:
/// the command line or this machine is at fault.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The MCP server's URL
    pub url: String,

    #[command(flatten, next_help_heading = "Flow")]
    pub flow: FlowArguments,
    #[command(flatten, next_help_heading = "Registration")]
    pub registration: RegistrationArguments,
    #[command(flatten, next_help_heading = "Authorization")]
    pub authorization: AuthorizationArguments,
    #[command(flatten, next_help_heading = "Grant")]
    pub grant: GrantArguments,
    #[command(flatten, next_help_heading = "After the flow")]
    pub after: AfterArguments,
    #[command(flatten, next_help_heading = "Network")]
    pub network: NetworkArguments,
    #[command(flatten, next_help_heading = "Output")]
    pub output: OutputArguments,
}

#[derive(Debug, Args)]
pub struct FlowArguments {
    /// The revision of the MCP specification to follow
    #[arg(long, value_name = "REVISION|auto", default_value = "auto", value_parser = revision)]
    pub revision: RevisionChoice,
    /// The scope to ask for; by default what the server asks for
    #[arg(long)]
    pub scope: Option<String>,
    /// The resource indicator to send (RFC 8707), or `off`; by default what the resource metadata
    /// names
    #[arg(long, value_name = "URI|off")]
    pub resource: Option<String>,
    /// The authorization server to use where the resource metadata names several; by default the
    /// first
    #[arg(long)]
    pub issuer: Option<String>,
    /// Call this tool at the end; `first` is the first one listed
    #[arg(long, value_name = "TOOL|first")]
    pub call: Option<String>,
    /// Its arguments, a JSON object; by default {}
    #[arg(long, value_name = "JSON", requires = "call")]
    pub args: Option<String>,
    /// Go on where the specification says to stop
    #[arg(long)]
    pub go_on: bool,
}

#[derive(Debug, Args)]
pub struct RegistrationArguments {
    /// How to become a client; auto: pre-registered, else by client metadata document, else
    /// dynamically
    #[arg(long, value_enum, default_value_t = RegistrationChoice::Auto)]
    pub registration: RegistrationChoice,
    /// A pre-registered client's ID; without it the client registers itself
    #[arg(long)]
    pub client_id: Option<String>,
    /// Its secret, when it has one
    #[arg(
        long,
        requires = "client_id",
        env = "AUTHSCOPE_CLIENT_SECRET",
        hide_env_values = true
    )]
    pub client_secret: Option<String>,
    /// Its private key for private_key_jwt, a PEM file
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub private_key: Option<PathBuf>,
    /// The algorithm to sign with: ES256, ES384, RS256, EdDSA; by default as befits the key
    #[arg(long, requires = "private_key")]
    pub alg: Option<String>,
    /// The URL of your client metadata document, for authorization servers that take it as
    /// client_id
    #[arg(long, value_name = "URL")]
    pub client_metadata_url: Option<String>,
    /// Serve a client metadata document on loopback; with --client-metadata-url: the URL a tunnel
    /// shows it under
    #[arg(long)]
    pub serve_client_metadata: bool,
    /// The port to serve it on; by default a free one
    #[arg(long, value_name = "PORT", requires = "serve_client_metadata", value_parser = clap::value_parser!(u16).range(1..))]
    pub client_metadata_port: Option<u16>,
}

#[derive(Debug, Args)]
pub struct AuthorizationArguments {
    /// Who goes through the authorization request: the command itself, or the system browser
    #[arg(long, value_enum, default_value_t = Approve::Auto)]
    pub approve: Approve,
    /// A value for a field of a login or consent form; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub form: Vec<(String, String)>,
    /// A parameter of the authorization request (audience, prompt, login_hint, …); may be given
    /// several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub param: Vec<(String, String)>,
    /// Push the authorization request (RFC 9126) even where that is not demanded
    #[arg(long)]
    pub par: bool,
    /// Send it as a request object (RFC 9101), signed with --private-key where there is one
    #[arg(long)]
    pub request_object: bool,
    /// authorization_details (RFC 9396), a JSON array
    #[arg(long, value_name = "JSON")]
    pub authorization_details: Option<String>,
    /// How the answer comes to the redirect URI
    #[arg(long, value_enum, default_value_t = ResponseModeChoice::Query)]
    pub response_mode: ResponseModeChoice,
    /// The host of the redirect URI
    #[arg(long, value_enum, default_value_t = RedirectHost::V4)]
    pub redirect_host: RedirectHost,
    /// Its port; by default a free one
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub redirect_port: Option<u16>,
    /// Its path
    #[arg(long, default_value = "/callback")]
    pub redirect_path: String,
    /// Seconds to wait for the callback
    #[arg(long, default_value_t = 300)]
    pub callback_timeout: u32,
}

#[derive(Debug, Args)]
pub struct GrantArguments {
    /// How to get a token; auto: by what was given and what the authorization server offers
    #[arg(long, value_enum, default_value_t = GrantChoice::Auto)]
    pub grant: GrantChoice,
    /// An assertion that somebody else issued, for jwt-bearer (RFC 7523 section 2.1)
    #[arg(
        long,
        value_name = "JWT",
        env = "AUTHSCOPE_ASSERTION",
        hide_env_values = true
    )]
    pub assertion: Option<String>,
    /// An ID token of the identity provider, for enterprise-managed authorization
    #[arg(
        long,
        value_name = "JWT",
        requires = "idp_client_id",
        env = "AUTHSCOPE_IDP_ID_TOKEN",
        hide_env_values = true
    )]
    pub idp_id_token: Option<String>,
    /// The identity provider's issuer
    #[arg(long, value_name = "URL")]
    pub idp_issuer: Option<String>,
    /// Its token endpoint; by default what its metadata names
    #[arg(long, value_name = "URL")]
    pub idp_token_endpoint: Option<String>,
    /// The client's ID at the identity provider
    #[arg(long, value_name = "ID")]
    pub idp_client_id: Option<String>,
    /// Its secret there, when it has one
    #[arg(
        long,
        value_name = "SECRET",
        requires = "idp_client_id",
        env = "AUTHSCOPE_IDP_CLIENT_SECRET",
        hide_env_values = true
    )]
    pub idp_client_secret: Option<String>,
    /// Bind the tokens to a key (RFC 9449); by default only where the MCP server demands it
    #[arg(long)]
    pub dpop: bool,
}

/// Done in the order of the help.
#[derive(Debug, Args)]
pub struct AfterArguments {
    /// Fetch the issuer's keys and check the tokens' signatures
    #[arg(long)]
    pub check_signatures: bool,
    /// Ask the authorization server who the user is (OpenID Connect)
    #[arg(long)]
    pub userinfo: bool,
    /// Ask the authorization server about the tokens (RFC 7662)
    #[arg(long)]
    pub introspect: bool,
    /// Refresh, and call with the new token
    #[arg(long)]
    pub refresh: bool,
    /// Refresh, then use the refresh token that was replaced
    #[arg(long)]
    pub reuse_rotated: bool,
    /// Refresh twice at once with the same refresh token
    #[arg(long)]
    pub refresh_twice: bool,
    /// Revoke the tokens (RFC 7009)
    #[arg(long)]
    pub revoke: bool,
    /// Read what was registered (RFC 7592)
    #[arg(long)]
    pub read_registration: bool,
    /// Delete what was registered (RFC 7592)
    #[arg(long)]
    pub delete_registration: bool,
    /// Use the authorization code again (RFC 6749 section 4.1.2)
    #[arg(long)]
    pub replay_code: bool,
    /// Ask what a browser asks before a page of another origin may be the client (CORS)
    #[arg(long)]
    pub check_cors: bool,
}

#[derive(Debug, Args)]
pub struct NetworkArguments {
    /// Proxy for all requests: an http, https or socks5 URL
    #[arg(long)]
    pub proxy: Option<String>,
    /// A PEM file with certificates to trust besides the system's; may be given several times
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// A PEM file with a certificate of our own, for servers that ask for one (RFC 8705)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Seconds an exchange may take
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,
    /// Bytes of an answer's body that are read at most
    #[arg(long, default_value_t = 10 * 1024 * 1024)]
    pub body_limit: u64,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("exported").args(["har", "export"]).multiple(true)))]
pub struct OutputArguments {
    /// Write everything that was sent and received as a HAR file, secrets replaced
    #[arg(long, value_name = "FILE")]
    pub har: Option<PathBuf>,
    #[arg(long, value_name = "[FORMAT=]FILE", value_parser = exports::export_to, help = exports::help())]
    pub export: Vec<ExportTo>,
    /// Leave the secrets in the files of --har and --export, where the format can hold them
    #[arg(long, requires = "exported")]
    pub include_secrets: bool,
    /// Write the report as JSON to a file, or with - to the standard output; secrets replaced
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,
    /// End with exit code 1 when there is a finding of this level or above
    #[arg(long, value_enum, default_value_t = FailOn::Never)]
    pub fail_on: FailOn,
}

const LAB_CLIENTS: &str = "\
    Prints one JSON line with its URLs and with what it takes from clients, then serves until it is ended. Clients that \
    need no registration: lab-public; lab-confidential with the secret lab-secret; lab-jwt with client_private_key. The \
    user is alice, the password wonderland.";

#[derive(Debug, Args)]
pub struct LabArguments {
    /// What goes wrong: a code or name of `authscope-cli rules`, or one of the lab's further ones
    #[arg(long, value_name = "CODE")]
    pub misbehave: Option<String>,
    #[command(flatten, next_help_heading = "Servers")]
    pub servers: LabServers,
    #[command(flatten, next_help_heading = "Authorization server")]
    pub authorization_server: LabAuthorizationServer,
    #[command(flatten, next_help_heading = "Tokens")]
    pub tokens: LabTokens,
    #[command(flatten, next_help_heading = "MCP server")]
    pub mcp_server: LabMcpServer,
}

#[derive(Debug, Args)]
pub struct LabServers {
    /// Port of the MCP server; by default a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// Port of the authorization server; by default a free one
    #[arg(long)]
    pub as_port: Option<u16>,
    /// Have an identity provider, and trust its ID-JAGs and the tokens of a platform's workloads
    #[arg(long)]
    pub idp: bool,
    /// Have a second authorization server, and name both in the resource metadata
    #[arg(long)]
    pub second_as: bool,
    /// Let the MCP server belong to the second one alone from the first answered tools/list on
    #[arg(long)]
    pub as_migrates: bool,
    /// Serve no metadata at all: only the default endpoints of 2025-03-26 are left
    #[arg(long)]
    pub no_metadata: bool,
    /// Speak TLS, and bind tokens to the certificate that a client shows (RFC 8705)
    #[arg(long)]
    pub mtls: bool,
}

#[derive(Debug, Args)]
pub struct LabAuthorizationServer {
    /// Answer authorization requests without showing a page
    #[arg(long)]
    pub auto_approve: bool,
    /// Take the URL of a client metadata document on loopback as client_id
    #[arg(long)]
    pub cimd: bool,
    /// Take only authorization requests that were pushed (RFC 9126)
    #[arg(long)]
    pub require_par: bool,
    /// Approve a device by itself after N polls (RFC 8628)
    #[arg(long, value_name = "N")]
    pub device_polls: Option<u32>,
    /// Answer a device's first poll with slow_down
    #[arg(long)]
    pub device_slow_down: bool,
}

#[derive(Debug, Args)]
pub struct LabTokens {
    /// How long an access token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub access_token_lifetime: u32,
    /// Demand a nonce in every proof of possession, at both servers (RFC 9449)
    #[arg(long)]
    pub dpop_nonce: bool,
}

#[derive(Debug, Args)]
pub struct LabMcpServer {
    /// Take only access tokens that are bound to a key (RFC 9449)
    #[arg(long)]
    pub dpop_required: bool,
    /// Have the tool `transfer`, which wants a fresh login with a second factor (RFC 9470)
    #[arg(long)]
    pub transfer_tool: bool,
}

#[derive(Debug, Args)]
pub struct RulesArguments {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct RevisionChoice(pub Option<Revision>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RegistrationChoice {
    Auto,
    /// Dynamic client registration (RFC 7591)
    Dcr,
    /// Client ID metadata document
    Cimd,
    Preregistered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum GrantChoice {
    Auto,
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
    /// Enterprise-managed: the identity provider exchanges its ID token for an assertion
    #[value(name = "token-exchange", alias = "token_exchange")]
    TokenExchange,
    /// With --assertion
    #[value(name = "jwt-bearer", alias = "jwt_bearer")]
    JwtBearer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ResponseModeChoice {
    Query,
    FormPost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Approve {
    /// Follow redirects and fill in forms without a browser
    Auto,
    /// Open the system browser and wait
    Browser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RedirectHost {
    #[value(name = "127.0.0.1")]
    V4,
    Localhost,
    #[value(name = "[::1]", alias = "::1")]
    V6,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Never,
}

impl From<RedirectHost> for CallbackHost {
    fn from(host: RedirectHost) -> Self {
        match host {
            RedirectHost::V4 => Self::V4,
            RedirectHost::Localhost => Self::Localhost,
            RedirectHost::V6 => Self::V6,
        }
    }
}

fn revision(text: &str) -> Result<RevisionChoice, String> {
    match text {
        "auto" => Ok(RevisionChoice(None)),
        other => other.parse().map(Some).map(RevisionChoice),
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, got no =")?;
    Ok((name.into(), value.into()))
}
