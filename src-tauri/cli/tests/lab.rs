//! `authscope-cli lab` as its callers see it: one line that says everything, flags that reach the
//! lab, and a list of the possible values when a value is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use lab::{CLIENT_PRIVATE_KEY, Misbehaviour};
use serde_json::Value;

/// Longer than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The command, which ends with this.
struct Running {
    child: Child,
    said: Value,
}

impl Running {
    fn with(flags: &[&str]) -> Self {
        let mut child = command(flags)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is built");
        let mut line = String::new();
        let said = child.stdout.take().expect("it is piped");
        BufReader::new(said).read_line(&mut line).expect("one line");
        let said = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        Self { child, said }
    }

    fn url(&self, name: &str) -> &str {
        self.said[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {}", self.said))
    }

    /// The authorization server's metadata.
    fn metadata(&self) -> Value {
        let answer = get(self.url("as"), "/.well-known/oauth-authorization-server");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command.arg("lab").args(flags).stdin(Stdio::null());
    command
}

fn ended(flags: &[&str]) -> (Output, String) {
    let output = command(flags).output().expect("the program is built");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// The whole answer, as it came.
fn get(origin: &str, path: &str) -> String {
    let host = origin.strip_prefix("http://").expect("plain http");
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.set_read_timeout(Some(LIMIT)).expect("a socket");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a whole answer");
    answer
}

#[test]
fn one_line_says_what_a_client_needs() {
    let plain = Running::with(&[]);
    for absent in [
        "misbehave",
        "second_as",
        "idp_issuer",
        "idp_token_endpoint",
        "idp_client_id",
        "idp_id_token",
        "workload_jwt",
        "ca",
        "client_certificate",
        "client_certificate_key",
    ] {
        assert_eq!(plain.said.get(absent), Some(&Value::Null), "{absent}");
    }
    assert!(plain.url("mcp").ends_with("/mcp"));
    assert_eq!(plain.said["client_private_key"], CLIENT_PRIVATE_KEY);

    let all = Running::with(&["--idp", "--second-as", "--misbehave", "S08"]);
    assert_eq!(all.said["misbehave"], "only_one_metadata_document");
    let idp = all.url("idp_issuer");
    assert_eq!(all.said["idp_token_endpoint"], format!("{idp}/token"));
    assert_eq!(all.said["idp_client_id"], "lab-idp-client");
    for jwt in ["idp_id_token", "workload_jwt"] {
        assert_eq!(all.url(jwt).matches('.').count(), 2, "{jwt}");
    }
    assert!(
        get(
            all.url("second_as"),
            "/.well-known/oauth-authorization-server"
        )
        .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn with_tls_it_says_what_to_trust_and_what_to_show() {
    let lab = Running::with(&["--mtls"]);
    assert!(lab.url("mcp").starts_with("https://") && lab.url("as").starts_with("https://"));
    for (pem, kind) in [
        ("ca", "CERTIFICATE"),
        ("client_certificate", "CERTIFICATE"),
        ("client_certificate_key", "PRIVATE KEY"),
    ] {
        assert!(
            lab.url(pem).starts_with(&format!("-----BEGIN {kind}-----")),
            "{pem}"
        );
    }
}

#[test]
fn flags_reach_the_authorization_server() {
    let plain = Running::with(&[]).metadata();
    for absent in [
        "client_id_metadata_document_supported",
        "require_pushed_authorization_requests",
    ] {
        assert_eq!(plain.get(absent), None, "{absent}");
    }
    let flags = [
        "--cimd",
        "--require-par",
        "--auto-approve",
        "--device-polls",
        "2",
        "--device-slow-down",
        "--access-token-lifetime",
        "2",
    ];
    let metadata = Running::with(&flags).metadata();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
}

#[test]
fn flags_reach_the_mcp_server() {
    let flags = [
        "--dpop-nonce",
        "--dpop-required",
        "--transfer-tool",
        "--as-migrates",
    ];
    let lab = Running::with(&flags);
    let origin = lab
        .url("mcp")
        .strip_suffix("/mcp")
        .expect("the endpoint's path");
    assert!(
        get(origin, "/mcp").contains("DPoP "),
        "the challenge offers DPoP"
    );
    assert!(
        lab.said["second_as"].is_string(),
        "there is one to migrate to"
    );

    let bare = Running::with(&["--no-metadata"]);
    let origin = bare
        .url("mcp")
        .strip_suffix("/mcp")
        .expect("the endpoint's path");
    for path in ["oauth-protected-resource", "oauth-authorization-server"] {
        assert!(
            get(origin, &format!("/.well-known/{path}")).starts_with("HTTP/1.1 404"),
            "{path}"
        );
    }
}

#[test]
fn a_wrong_code_is_answered_with_all_there_are() {
    let (output, said) = ended(&["--misbehave", "S99"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("got \"S99\""), "{said}");
    for known in Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED) {
        let line = format!("  {} {}\n", known.code(), known.slug());
        assert!(
            format!("{said}\n").contains(&line),
            "{line} is missing in {said}"
        );
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let (output, said) = ended(&["--as-port", &port]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains(&format!("--as-port {port}")), "{said}");
}

#[test]
fn the_help_is_in_groups() {
    let (output, _) = ended(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    let in_order = [
        "Servers:",
        "--idp",
        "Authorization server:",
        "--cimd",
        "Tokens:",
        "--dpop-nonce",
        "MCP server:",
        "--transfer-tool",
        "lab-confidential",
    ];
    let places = in_order.map(|text| help.find(text));
    let all = places.iter().all(Option::is_some);
    assert!(all && places.is_sorted(), "{places:?} {help}");
}
