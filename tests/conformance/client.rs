//! What the suite tells its client, as command lines of `authscope-cli run`.
//!
//! The suite appends the server's URL to the command it was given and sets
//! `MCP_CONFORMANCE_SCENARIO`, and `MCP_CONFORMANCE_CONTEXT` for a scenario with data of its own.
//! The command knows nothing of this: a program of the tests stands between, and it is the test
//! program itself, which starts faster than a script would.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

/// The revision to follow; without it the command finds it out by itself.
pub const REVISION: &str = "AUTHSCOPE_CONFORMANCE_REVISION";
/// Where files for the command may be left, such as a private key. Without it, where temporary
/// files are.
pub const FOLDER: &str = "AUTHSCOPE_CONFORMANCE_FOLDER";

/// The suite's constant; it is compared and never fetched.
const CLIENT_METADATA_URL: &str = "https://conformance-test.local/client-metadata.json";

/// Whether the suite has started this program.
pub fn is_asked_for() -> bool {
    std::env::var_os("MCP_CONFORMANCE_SCENARIO").is_some()
}

/// Does what the suite asks for and ends as the command ended.
pub fn run() -> ExitCode {
    let scenario = std::env::var("MCP_CONFORMANCE_SCENARIO").unwrap_or_default();
    let context: Value = std::env::var("MCP_CONFORMANCE_CONTEXT")
        .map(|text| serde_json::from_str(&text).expect("the context is JSON"))
        .unwrap_or_default();
    let url = std::env::args()
        .next_back()
        .expect("the suite appends the URL");
    let revision = std::env::var(REVISION).ok();
    let folder = std::env::var_os(FOLDER).map_or_else(std::env::temp_dir, PathBuf::from);
    for arguments in command_lines(&scenario, &context, revision.as_deref(), &folder) {
        let status = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .arg("run")
            .args(arguments)
            .arg(&url)
            .status()
            .expect("the command starts");
        if !status.success() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The arguments of each run that a scenario wants, without the URL.
fn command_lines(
    scenario: &str,
    context: &Value,
    revision: Option<&str>,
    folder: &Path,
) -> Vec<Vec<String>> {
    let mut common = registration_and_grant(scenario, context, folder);
    if let Some(revision) = revision {
        common.extend(words(&["--revision", revision]));
    } else if scenario == "auth/2025-03-26-oauth-endpoint-fallback" {
        // A server without any metadata cannot be told from a broken one of a later revision: the
        // run stops and says so, and goes on when it is told to.
        common.extend(words(&["--go-on"]));
    }
    calls(scenario, context)
        .into_iter()
        .map(|call| [common.clone(), call].concat())
        .collect()
}

fn registration_and_grant(scenario: &str, context: &Value, folder: &Path) -> Vec<String> {
    let given = |name: &str| context[name].as_str().unwrap_or_default();
    let mut arguments = Vec::new();
    for (option, name) in [
        ("--client-id", "client_id"),
        ("--client-secret", "client_secret"),
        ("--alg", "signing_algorithm"),
        ("--idp-client-id", "idp_client_id"),
        ("--idp-id-token", "idp_id_token"),
        ("--idp-issuer", "idp_issuer"),
        ("--idp-token-endpoint", "idp_token_endpoint"),
        ("--assertion", "valid_jwt"),
    ] {
        if let Some(value) = context[name].as_str() {
            arguments.extend(words(&[option, value]));
        }
    }
    match scenario {
        "auth/basic-cimd" => {
            arguments.extend(words(&["--client-metadata-url", CLIENT_METADATA_URL]))
        }
        "auth/client-credentials-jwt" => {
            let file = folder.join(format!("key-{}.pem", std::process::id()));
            std::fs::write(&file, given("private_key_pem")).expect("the folder can be written");
            let file = file.to_str().expect("a path in UTF-8");
            arguments.extend(words(&["--private-key", file]));
        }
        "auth/dpop" | "auth/dpop-nonce" => arguments.extend(words(&["--dpop"])),
        _ => {}
    }
    arguments
}

/// The tool calls of a scenario, one for each run.
fn calls(scenario: &str, context: &Value) -> Vec<Vec<String>> {
    match scenario {
        // These servers have no tool that could be called.
        "initialize" | "request-metadata" | "json-schema-ref-no-deref" => vec![Vec::new()],
        "tools_call" => vec![words(&[
            "--call",
            "add_numbers",
            "--args",
            r#"{"a": 2, "b": 3}"#,
        ])],
        "http-custom-headers" => context["toolCalls"]
            .as_array()
            .expect("the context names the calls")
            .iter()
            .map(|call| {
                let name = call["name"].as_str().expect("a tool's name");
                words(&["--call", name, "--args", &call["arguments"].to_string()])
            })
            .collect(),
        "http-invalid-tool-headers" => {
            vec![words(&[
                "--call",
                "valid_tool",
                "--args",
                r#"{"region": "us-west1"}"#,
            ])]
        }
        _ => vec![words(&["--call", "first"])],
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
