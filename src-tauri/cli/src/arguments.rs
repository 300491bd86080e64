//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::exports::{self, ExportTo};
use crate::options::{NetworkFlags, OptionFlags};

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
    /// Compare how a server of yours answers hosted clients and Authscope, by their User-Agent
    Edge(EdgeArguments),
    /// Judge what another client's traffic, recorded as a file or pasted as text, shows
    Check(CheckArguments),
    /// Say what differs between two recordings, such as before and after a fix
    Compare(CompareArguments),
    /// Put a recording proxy between a client and its MCP server, and judge both
    #[command(after_help = OBSERVE_CLIENTS)]
    Observe(Box<ObserveArguments>),
    /// Say what an error text that a client printed may mean, and how to find out
    Explain(ExplainArguments),
    /// Write a recording in another format, secrets replaced
    Convert(ConvertArguments),
    /// Print code that sends a request of a recording again
    Repeat(RepeatArguments),
    /// List, open or forget the runs that were kept
    History(HistoryArguments),
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
    #[command(flatten)]
    pub options: OptionFlags,

    /// Go on where the specification says to stop
    #[arg(long, help_heading = "Flow")]
    pub go_on: bool,
    /// Play every known client, one after the other, and print a table; needs --as-consent, since
    /// it registers under their names, and deletes what it registered where the server lets it
    #[arg(
        long,
        help_heading = "Flow",
        conflicts_with_all = ["har", "export", "client.play_as"]
    )]
    pub matrix: bool,
    #[command(flatten, next_help_heading = "Output")]
    pub output: OutputArguments,
}

const OBSERVE_CLIENTS: &str = "\
    Prints one JSON line when it is ready, and passes on until it is ended by SIGINT, SIGTERM or --idle; then says what \
    was seen and writes the files. Give the client the URL of that line in place of the server's. The URL stays the same \
    next time. Afterwards, take it out of the client again.";

/// Exit code 0: the client reached an authenticated MCP answer. 1: it did not, or --fail-on was
/// met. 2: the command line or this machine is at fault.
#[derive(Debug, Args)]
pub struct ObserveArguments {
    #[command(flatten)]
    pub options: NetworkFlags,

    /// Listen on this port; by default one that is the same each time for a server
    #[arg(long, help_heading = "Observing")]
    pub port: Option<u16>,
    /// End after this time without a request or an answer
    #[arg(long, value_name = "SECONDS", help_heading = "Observing")]
    pub idle: Option<u64>,
    /// A client that has not come within this time, once it has a code or a token, is taken to have
    /// given up [default: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "Observing")]
    pub patience: Option<u64>,
    /// https://HOST of a tunnel of yours to this port (cloudflared, ngrok, tailscale funnel), for
    /// clients elsewhere. Whoever has the whole URL can reach the server, and nothing else, through
    /// it; everybody else gets 404
    #[arg(long, value_name = "URL", help_heading = "Observing")]
    pub public_url: Option<String>,
    /// Print how this client is given the URL, and how it is taken out again
    #[arg(long, value_name = "CLIENT", help_heading = "Observing",
          value_parser = clap::builder::PossibleValuesParser::new(app::SNIPPETS.iter().map(|one| one.id)))]
    pub snippet: Option<String>,
    /// Leave the authorization server to the client: it is contacted directly and not seen
    #[arg(long, conflicts_with = "no_rewrite", help_heading = "Observing")]
    pub mcp_only: bool,
    /// Replace no addresses: what the servers say reaches the client as it is
    #[arg(long, help_heading = "Observing")]
    pub no_rewrite: bool,
    #[command(flatten, next_help_heading = "Output")]
    pub output: OutputArguments,
}

/// Exit code 0: the text is known. 1: it is not.
#[derive(Debug, Args)]
pub struct EdgeArguments {
    /// The MCP server's URL; ask only servers that are yours
    #[arg(value_name = "URL")]
    pub url: String,
    /// Ask a public resolver for the host's addresses as well, at a URL that answers DNS over HTTPS
    /// as JSON
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = app::PUBLIC_DNS, require_equals = true)]
    pub public_dns: Option<String>,
    /// Ask the authorization server as well, although it is on another host: it is yours, too
    #[arg(long)]
    pub with_authorization_server: bool,
    /// Fetch the client metadata documents of known clients, and say what is wrong with them
    #[arg(long)]
    pub client_documents: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// What the client printed, or a part of it; a term, such as PKCE; or the name of a header or
    /// parameter
    pub text: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// A HAR file or an Authscope trace; - for the standard input
    #[arg(value_name = "IN|-")]
    pub from: PathBuf,
    /// By its extension, or as FORMAT=FILE
    #[arg(value_name = "[FORMAT=]OUT", value_parser = exports::export_to)]
    pub to: ExportTo,
    /// Leave the secrets in, where the format can hold them
    #[arg(long)]
    pub include_secrets: bool,
}

/// Exit code 0: nothing differs but what differs in every run (ids, codes, tokens, times, ports).
/// 1: something does. 2: a file cannot be read, or holds no flow.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// A HAR file or an Authscope trace, such as one of a run that is known to be good. FILE#2
    /// names the second flow in it; without a number it is the last one
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// What is compared with it; - for the standard input
    #[arg(value_name = "B|-")]
    pub b: PathBuf,
    /// List the steps too that are the same, and what was folded
    #[arg(long)]
    pub all: bool,
    /// Write the comparison as JSON to a file, or with - to the standard output; secrets replaced
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,
}

/// Exit code 0: the code was printed. 2: the file cannot be read, or has no such request.
#[derive(Debug, Args)]
pub struct RepeatArguments {
    /// A HAR file or an Authscope trace; - for the standard input
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// The number of the request, as `check` lists it
    #[arg(value_name = "N")]
    pub number: u32,
    /// What to send it with. Secrets are variables of the environment
    #[arg(long = "as", value_enum, default_value_t = RepeatAs::Curl)]
    pub language: RepeatAs,
    /// Leave the secrets in
    #[arg(long)]
    pub include_secrets: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RepeatAs {
    /// A command for a shell
    Curl,
    /// JavaScript for Node.js
    Fetch,
    /// Python with `requests`
    Python,
}

/// Exit code 0: the recording shows an authenticated MCP answer. 1: it does not, or --fail-on was
/// met. 2: the file cannot be read.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// A HAR file, an Authscope trace, or a text: commands with their output, transcripts of
    /// curl -v, messages, log lines, tables, metadata, tokens, errors; - for the standard input
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    #[command(flatten)]
    pub show: ShowArguments,
}

/// What is said of a recording, and where.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// List the exchanges too that belong to no flow
    #[arg(long)]
    pub all: bool,
    /// Write the report as JSON to a file, or with - to the standard output; secrets replaced
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,
    /// End with exit code 1 when there is a finding of this level or above
    #[arg(long, value_enum, default_value_t = FailOn::Never)]
    pub fail_on: FailOn,
}

/// A run that was interrupted, even by kill -9, is kept as far as it got.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    #[command(subcommand)]
    pub command: HistoryCommand,
    /// Where the runs are; by default where the window keeps its own
    #[arg(long, global = true, env = "AUTHSCOPE_FOLDER", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// List the runs, newest first
    List {
        /// Only those with this in their server, verdict or note
        search: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what a run shows, as check does of a file
    Open {
        /// As list shows it
        id: String,
        #[command(flatten)]
        arguments: ShowArguments,
    },
    /// Write a note to a run
    Note { id: String, text: String },
    /// Forget a run, or all of them
    #[command(group(ArgGroup::new("which").required(true)))]
    Forget {
        #[arg(group = "which")]
        id: Option<String>,
        #[arg(long, group = "which")]
        all: bool,
    },
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
    /// Keep the run among the past ones, secrets replaced: see history
    #[arg(long)]
    pub keep: bool,
    /// Where --keep keeps it; by default where the window keeps its own
    #[arg(long, env = "AUTHSCOPE_FOLDER", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

const LAB_CLIENTS: &str = "\
    Prints one JSON line with its URLs and with what it takes from clients, then serves until it is ended. Its \
    member `run` holds the arguments of `authscope-cli run` that meet what goes wrong. Clients that \
    need no registration: lab-public; lab-confidential with the secret lab-secret; lab-jwt with client_private_key. The \
    user is alice, the password wonderland.";

#[derive(Debug, Args)]
pub struct LabArguments {
    /// What goes wrong: a code or name of `authscope-cli rules`, or one of the lab's further ones;
    /// what this needs of the lab is switched on
    #[arg(long, value_name = "CODE")]
    pub misbehave: Option<String>,
    /// The identity provider to be like, and in which way it is set up wrongly
    #[arg(long, value_name = "NAME[/CASE]", conflicts_with = "misbehave")]
    pub provider: Option<String>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Never,
}
