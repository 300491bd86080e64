//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use session::CallbackHost;
use trace::Revision;

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
    Lab(LabArguments),
    /// List the rules
    Rules(RulesArguments),
}

/// Exit code 0: an authenticated MCP answer was reached. 1: it was not, or --fail-on was met. 2: the command line or
/// this machine is at fault.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The MCP server's URL
    pub url: String,

    /// The revision of the MCP specification to follow
    #[arg(long, value_name = "REVISION|auto", default_value = "auto", value_parser = revision, help_heading = "Flow")]
    pub revision: RevisionChoice,
    /// The scope to ask for; by default what the server asks for
    #[arg(long, help_heading = "Flow")]
    pub scope: Option<String>,
    /// Go on where the specification says to stop
    #[arg(long, help_heading = "Flow")]
    pub go_on: bool,

    /// A pre-registered client's ID; without it the client registers itself
    #[arg(long, help_heading = "Registration")]
    pub client_id: Option<String>,
    /// Its secret, when it has one
    #[arg(
        long,
        requires = "client_id",
        env = "AUTHSCOPE_CLIENT_SECRET",
        hide_env_values = true,
        help_heading = "Registration"
    )]
    pub client_secret: Option<String>,

    /// Who goes through the authorization request: the command itself, or the system browser
    #[arg(long, value_enum, default_value_t = Approve::Auto, help_heading = "Authorization")]
    pub approve: Approve,
    /// A value for a field of a login or consent form; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value, help_heading = "Authorization")]
    pub form: Vec<(String, String)>,
    /// The host of the redirect URI
    #[arg(long, value_enum, default_value_t = RedirectHost::V4, help_heading = "Authorization")]
    pub redirect_host: RedirectHost,
    /// Its port; by default a free one
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Authorization")]
    pub redirect_port: Option<u16>,
    /// Its path
    #[arg(long, default_value = "/callback", help_heading = "Authorization")]
    pub redirect_path: String,
    /// Seconds to wait for the callback
    #[arg(long, default_value_t = 300, help_heading = "Authorization")]
    pub callback_timeout: u32,

    /// Proxy for all requests: an http, https or socks5 URL
    #[arg(long, help_heading = "Network")]
    pub proxy: Option<String>,
    /// A PEM file with certificates to trust besides the system's; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    pub ca: Vec<PathBuf>,
    /// Seconds an exchange may take
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Network")]
    pub timeout: u32,
    /// Bytes of an answer's body that are read at most
    #[arg(long, default_value_t = 10 * 1024 * 1024, help_heading = "Network")]
    pub body_limit: u64,

    /// Write everything that was sent and received as a HAR file, secrets replaced
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub har: Option<PathBuf>,
    /// Leave the secrets in the HAR file
    #[arg(long, requires = "har", help_heading = "Output")]
    pub include_secrets: bool,
    /// Write the report as JSON to a file, or with - to the standard output; secrets replaced
    #[arg(long, value_name = "FILE|-", help_heading = "Output")]
    pub json: Option<PathBuf>,
    /// End with exit code 1 when there is a finding of this level or above
    #[arg(long, value_enum, default_value_t = FailOn::Never, help_heading = "Output")]
    pub fail_on: FailOn,
}

#[derive(Debug, Args)]
pub struct LabArguments {
    /// Port of the MCP server; by default a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// Port of the authorization server; by default a free one
    #[arg(long)]
    pub as_port: Option<u16>,
    /// What goes wrong: a code or name of `authscope-cli rules`
    #[arg(long, value_name = "CODE")]
    pub misbehave: Option<String>,
    /// Answer authorization requests without showing a page
    #[arg(long)]
    pub auto_approve: bool,
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
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, got no =")?;
    Ok((name.into(), value.into()))
}
