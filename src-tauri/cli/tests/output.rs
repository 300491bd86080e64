//! What the command writes: nothing that a server can forge, and an orderly end when the output is
//! closed or full.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Starts escape sequences, overwrites the line, forges another one, reverses and hides text.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;x\u{7}a\rb\n✓ The flow works\u{9b}31m\u{7f}\u{202e}c\u{2066}\u{200b}\u{feff}";

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || c == '\u{feff}'
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command
        .args(arguments)
        .env_remove("AUTHSCOPE_LOG")
        .stdin(Stdio::null());
    command
}

/// A server whose every answer tries to forge output. Gives the URL of its MCP endpoint.
fn hostile_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let url = format!("{origin}/mcp");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let origin = origin.clone();
            std::thread::spawn(move || answer(stream, &origin));
        }
    });
    url
}

fn answer(mut stream: TcpStream, origin: &str) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let mut first = String::new();
    let mut length = 0;
    let _ = reader.read_line(&mut first);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);

    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path {
        path if path.starts_with("/.well-known/oauth-protected-resource") => (
            "200 OK",
            json!({
                "resource": format!("{origin}/mcp"),
                "authorization_servers": [origin, HOSTILE],
                "scopes_supported": [HOSTILE],
                "resource_name": HOSTILE,
            }),
        ),
        path if path.starts_with("/.well-known/") => (
            "200 OK",
            json!({
                "issuer": origin,
                "authorization_endpoint": format!("{origin}/authorize"),
                "token_endpoint": format!("{origin}/token"),
                "registration_endpoint": format!("{origin}/register"),
                "device_authorization_endpoint": format!("{origin}/device"),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": [
                    "authorization_code",
                    "urn:ietf:params:oauth:grant-type:device_code"
                ],
                "token_endpoint_auth_methods_supported": ["none"],
            }),
        ),
        "/register" => (
            "400 Bad Request",
            json!({ "error": HOSTILE, "error_description": HOSTILE }),
        ),
        "/device" => (
            "200 OK",
            json!({
                "device_code": "d",
                "user_code": HOSTILE,
                "verification_uri": format!("{origin}/{HOSTILE}"),
                "expires_in": 60,
                "interval": 0,
            }),
        ),
        "/token" => (
            "400 Bad Request",
            json!({ "error": "access_denied", "error_description": HOSTILE }),
        ),
        _ => ("401 Unauthorized", json!({ "error": HOSTILE })),
    };
    let challenge = format!(
        "Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\", \
         error_description=\"✓ \u{9b}\u{202e}\""
    );
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nwww-authenticate: {challenge}\r\n\
         connection: close\r\n\r\n{body}"
    );
}

fn assert_plain(what: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let hidden = text.chars().find(|c| *c != '\n' && is_hidden(*c));
    assert_eq!(hidden, None, "{what}: {text:?}");
    let forged = text.lines().find(|line| line.starts_with('✓'));
    assert_eq!(forged, None, "{what}: {text}");
}

#[test]
fn a_server_writes_nothing_to_the_terminal_but_plain_text() {
    let url = hostile_server();
    let register = ["run", &url];
    let device = ["run", &url, "--grant", "device_code", "--client-id", "me"];
    for arguments in [&register[..], &device[..]] {
        let mut command = command(arguments);
        let output = command
            .env("AUTHSCOPE_LOG", "trace")
            .output()
            .expect("it runs");
        assert_plain("standard output", &output.stdout);
        assert_plain("log", &output.stderr);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("\\u{1b}[2J"),
            "it is shown as an escape: {text}"
        );
        assert!(text.contains("a\\rb\\n✓ The flow works"), "{text}");
    }
}

#[test]
fn the_report_on_the_standard_output_is_plain_and_holds_what_the_server_said() {
    let url = hostile_server();
    let output = command(&["run", &url, "--json", "-"])
        .output()
        .expect("it runs");
    assert_plain("report", &output.stdout);
    assert_plain("rows", &output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let message = report["message"].as_str().expect("a message");
    assert!(message.contains(HOSTILE), "{message:?}");
}

#[test]
fn the_report_says_what_became_of_every_rule_and_its_verdict_is_the_last_line() {
    let json = |arguments: &[&str]| {
        let output = command(arguments).output().expect("it runs");
        let value: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        (value, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (report, said) = json(&["run", &hostile_server(), "--json", "-"]);
    assert_eq!(report["schema"], "authscope-run-1");
    let codes = |list: &Value| {
        let list = list.as_array().expect("it is a list");
        let codes = list
            .iter()
            .map(|one| one["code"].as_str().expect("a code").to_owned());
        codes.collect::<Vec<_>>()
    };
    assert_eq!(
        codes(&report["rules"]),
        codes(&json(&["rules", "--json"]).0)
    );
    let failed = report["rules"].as_array().expect("it is a list").iter();
    let failed: Vec<&Value> = failed.filter(|rule| rule["status"] == "failed").collect();
    let first = &report["findings"][0]["code"];
    assert!(
        failed.iter().any(|rule| rule["code"] == *first),
        "{failed:?}"
    );
    let verdict = &report["verdict"];
    assert_eq!(
        (&verdict["ending"], &verdict["cause"]["code"]),
        (&"stopped".into(), first)
    );
    let last = said.lines().last().unwrap_or_default();
    let title = report["findings"][0]["title"].as_str().expect("a title");
    assert!(
        last.starts_with("✕ Stopped at ") && last.contains(title),
        "{last}"
    );
}

#[test]
fn messages_about_the_command_line_are_escaped() {
    for arguments in [
        &["run", HOSTILE][..],
        &[
            "run",
            "http://127.0.0.1:1/",
            "--har",
            &format!("/nowhere/{HOSTILE}"),
        ],
        &["lab", "--misbehave", HOSTILE],
    ] {
        let output = command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_plain("message", &output.stderr);
        assert!(String::from_utf8_lossy(&output.stderr).contains("\\u{1b}"));
    }
}

/// Every way of writing to the standard output: with it, the exit code where nobody reads.
fn all(url: &str) -> [(Vec<&str>, i32); 7] {
    [
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["rules"], 0),
        (vec!["rules", "--json"], 0),
        (vec!["lab"], 0),
        (vec!["run", url], 1),
        (vec!["run", url, "--json", "-"], 1),
    ]
}

fn assert_no_panic(arguments: &[&str], output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    said
}

#[test]
fn a_closed_pipe_ends_the_output_silently() {
    let url = hostile_server();
    for (arguments, code) in all(&url) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = command(&arguments);
        let output = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .and_then(|child| child.wait_with_output())
            .expect("it runs");
        let said = assert_no_panic(&arguments, &output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        if !arguments.contains(&"--json") {
            assert_eq!(said, "", "{arguments:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_gives_exit_code_2() {
    let url = hostile_server();
    for (arguments, _) in all(&url) {
        let full = || std::fs::File::create("/dev/full").expect("Linux has it");
        let output = command(&arguments)
            .stdout(full())
            .stderr(Stdio::piped())
            .spawn()
            .and_then(|child| child.wait_with_output())
            .expect("it runs");
        let said = assert_no_panic(&arguments, &output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("No space left"), "{arguments:?}: {said}");
        // Where not even the message can be written, the exit code is left.
        let status = command(&arguments).stdout(full()).stderr(full()).status();
        assert_eq!(status.expect("it runs").code(), Some(2), "{arguments:?}");
    }
}
