//! The log holds no secret, not even at its most detailed level.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use test_support::raw::{answer, raw, with_headers};

/// In every secret here: those that were entered, and those that the server gives out.
const MARK: &str = "sentinel";
/// `me:sentinel-entered` in base64, as HTTP Basic sends it.
const BASIC: &str = "bWU6c2VudGluZWwtZW50ZXJlZA==";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_most_talkative_log() {
    let state = Arc::new(Mutex::new(String::new()));
    let url = format!("{}/mcp", server(state.clone()).await);
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .args(["run", &url, "--revision", "2025-11-25", "--approve", "auto"])
            .args(["--client-id", "me", "--client-secret", "sentinel-entered"])
            .args(["--form", "password=sentinel-typed"])
            .args(["--refresh", "--introspect", "--revoke"])
            .env("AUTHSCOPE_LOG", "trace")
            .stdin(Stdio::null())
            .output()
    };
    let output = tokio::task::spawn_blocking(run)
        .await
        .expect("it does not panic")
        .expect("the command can be run");
    let log = String::from_utf8_lossy(&output.stderr);
    let written = String::from_utf8_lossy(&output.stdout);
    assert!(
        written.contains("/revoke"),
        "all of it was run: {written}{log}"
    );
    let state = state.lock().expect("nobody panics with it").clone();
    assert!(!state.is_empty(), "the browser was sent off");
    for text in [&log, &written] {
        for secret in [MARK, BASIC, state.as_str()] {
            let near = text.find(secret).map(|at| {
                let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
                text[line..].lines().next().unwrap_or_default()
            });
            assert_eq!(near, None, "{secret}");
        }
    }
}

/// What is left of the log: our own lines.
#[test]
fn a_failure_of_the_network_is_in_the_log() {
    let output = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(["run", "http://127.0.0.1:9/mcp"])
        .env("AUTHSCOPE_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .expect("the command can be run");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("DEBUG wire::"), "{log}");
}

/// A server for one whole flow. Keeps the `state` it was asked with.
async fn server(asked_with: Arc<Mutex<String>>) -> String {
    let calls = AtomicUsize::new(0);
    raw(move |asked| {
        let (_, target) = asked.split_once(' ')?;
        let path = target.split('?').next()?;
        let json = |body: &str| answer("200 OK", "application/json", body);
        match path {
            "/mcp" if calls.fetch_add(1, Ordering::SeqCst) == 0 => with_headers(
                "401 Unauthorized",
                "www-authenticate: Bearer resource_metadata=\"{origin}/resource\"\r\n",
                "",
            ),
            "/mcp" => with_headers(
                "200 OK",
                "content-type: application/json\r\nmcp-session-id: sentinel-session\r\n",
                r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","tools":[],
                    "capabilities":{},"serverInfo":{"name":"any","version":"1"}}}"#,
            ),
            "/resource" => {
                json(r#"{"resource":"{origin}/mcp","authorization_servers":["{origin}"]}"#)
            }
            "/.well-known/oauth-authorization-server" => json(
                r#"{"issuer":"{origin}","authorization_endpoint":"{origin}/authorize",
                    "token_endpoint":"{origin}/token","response_types_supported":["code"],
                    "code_challenge_methods_supported":["S256"],
                    "introspection_endpoint":"{origin}/introspect",
                    "revocation_endpoint":"{origin}/revoke"}"#,
            ),
            "/authorize" => {
                let pairs = trace::query_pairs(&format!("http://any{target}"));
                let state = pairs.into_iter().find(|pair| pair.name == "state")?.value;
                *asked_with.lock().ok()? = state;
                let query = target.split_once('?')?.1;
                let form = format!(
                    "<form method=post action=\"/login?{}\"><input type=hidden name=csrf \
                     value=sentinel-hidden><input type=password name=password><button>Log in\
                     </button></form>",
                    query.replace('&', "&amp;")
                );
                with_headers(
                    "200 OK",
                    "content-type: text/html\r\nset-cookie: sid=sentinel-cookie\r\n",
                    &form,
                )
            }
            "/login" => {
                let pairs = trace::query_pairs(&format!("http://any{target}"));
                let value = |name: &str| {
                    let pair = pairs.iter().find(|pair| pair.name == name)?;
                    Some(pair.value.as_str())
                };
                let answer = [("code", "sentinel-code"), ("state", value("state")?)];
                let location = trace::with_query(value("redirect_uri")?, answer);
                with_headers("302 Found", &format!("location: {location}\r\n"), "")
            }
            "/token" => json(
                r#"{"access_token":"sentinel-access","token_type":"Bearer","expires_in":3600,
                    "refresh_token":"sentinel-refresh"}"#,
            ),
            "/introspect" => json(r#"{"active":true}"#),
            "/revoke" => json("{}"),
            _ => answer("404 Not Found", "text/plain", ""),
        }
    })
    .await
}
