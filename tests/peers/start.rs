//! Installs and starts the peers, and runs the command against them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use test_support::installed::{REPOSITORY, run};
use test_support::ports::free_port;

/// A first start compiles a lot of Python on a busy machine.
const START: Duration = Duration::from_secs(120);
const RUN: Duration = Duration::from_secs(120);

/// A running peer; it ends when this is dropped.
pub struct Peer {
    process: Child,
    url: String,
}

impl Peer {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts it and waits for the line that says it is ready, and perhaps under which URL.
    fn start(mut command: Command, url: String, ready: &'static str) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (line, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for text in output.lines().map_while(Result::ok) {
                // Nobody waits any more once it is ready; the pipe must be read all the same.
                let _ = line.send(text);
            }
        });
        let mut peer = Self { process, url };
        loop {
            match lines.recv_timeout(START) {
                Ok(text) if text.contains(ready) => {
                    if let Some((_, own)) = text.split_once("mcp=") {
                        own.clone_into(&mut peer.url);
                    }
                    return peer;
                }
                Ok(_) => {}
                Err(error) => panic!("{command:?} did not say \"{ready}\": {error}"),
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn fastmcp() -> Peer {
    let port = free_port();
    fastmcp_behind(port, port)
}

/// A server of `tests/reports`.
pub fn report(name: &str) -> Peer {
    let port = free_port();
    let mut command = python();
    command
        .arg(REPOSITORY.join(format!("tests/reports/servers/{name}.py")))
        .args(["--port", &port.to_string()])
        .stderr(Stdio::null());
    Peer::start(command, format!("http://127.0.0.1:{port}/mcp"), "READY")
}

/// FastMCP on `port`, calling itself by `public`.
pub fn fastmcp_behind(port: u16, public: u16) -> Peer {
    let mut command = python();
    command
        .arg(REPOSITORY.join("tests/peers/fastmcp/server.py"))
        .args([port.to_string(), public.to_string()]);
    Peer::start(command, format!("http://127.0.0.1:{public}/mcp"), "ready")
}

/// The newest release of FastMCP with the same server.
pub fn fastmcp_current() -> Peer {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| python_with("peers/fastmcp-current", "current.txt"));
    let port = free_port();
    let mut command = Command::new(&*PYTHON);
    command
        .arg(REPOSITORY.join("tests/peers/fastmcp/server.py"))
        .arg(port.to_string());
    Peer::start(command, format!("http://127.0.0.1:{port}/mcp"), "ready")
}

/// Python with the packages of `tests/peers/fastmcp`.
pub fn python() -> Command {
    static PYTHON: LazyLock<PathBuf> =
        LazyLock::new(|| python_with("peers/fastmcp", "requirements.txt"));
    Command::new(&*PYTHON)
}

/// Python in this folder below `target`, with the packages of a list in `tests/peers/fastmcp`.
fn python_with(folder: &str, list: &str) -> PathBuf {
    let list = REPOSITORY.join("tests/peers/fastmcp").join(list);
    let lists = [list.clone()];
    let folder = test_support::installed::filled(folder, &lists, |folder| {
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(folder.join("venv")));
        // The list is complete; its packages' own wishes are not asked.
        let pip = folder.join("venv/bin/pip");
        run(Command::new(pip)
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "-r",
            ])
            .arg(list));
    });
    folder.join("venv/bin/python")
}

/// node oidc-provider on `port`, calling itself by `public`, for this MCP server.
pub fn oidc_as(port: u16, public: u16, resource: &str) -> Peer {
    let arguments = [port.to_string(), public.to_string(), resource.to_owned()];
    oidc("as.mjs", &arguments, format!("http://127.0.0.1:{public}"))
}

/// The same at `https://localhost`, with the keys of this folder.
pub fn oidc_as_with_keys(port: u16, resource: &str, keys: &Path) -> Peer {
    let keys = keys.display().to_string();
    let arguments = [
        port.to_string(),
        port.to_string(),
        resource.to_owned(),
        keys,
    ];
    oidc("as.mjs", &arguments, format!("https://localhost:{port}"))
}

/// The MCP server on the TypeScript SDK on `port`, calling itself by `public`.
pub fn oidc_rs(port: u16, public: u16, issuer: &str) -> Peer {
    let (arguments, url) = of_rs(port, public, issuer);
    oidc("rs.mjs", &arguments, url)
}

/// The same for an authorization server with a certificate of this authority.
pub fn oidc_rs_trusting(port: u16, issuer: &str, authority: &Path) -> Peer {
    let (arguments, url) = of_rs(port, port, issuer);
    let mut command = oidc_command("rs.mjs", &arguments);
    command.env("NODE_EXTRA_CA_CERTS", authority);
    Peer::start(command, url, "ready")
}

fn of_rs(port: u16, public: u16, issuer: &str) -> ([String; 3], String) {
    (
        [port.to_string(), public.to_string(), issuer.to_owned()],
        format!("http://127.0.0.1:{public}/mcp"),
    )
}

/// An MCP server behind Cloudflare's OAuth provider library.
pub fn workers_oauth_provider() -> Peer {
    const FILES: [&str; 3] = ["node.mjs", "runtime.mjs", "server.mjs"];
    static FOLDER: LazyLock<PathBuf> =
        LazyLock::new(|| test_support::installed::npm("peers/workers-oauth-provider", &FILES));
    let port = free_port();
    let mut command = Command::new("node");
    command
        .args(["--import", "./node.mjs", "server.mjs"])
        .arg(port.to_string())
        .current_dir(&*FOLDER);
    Peer::start(command, format!("http://127.0.0.1:{port}/mcp"), "ready")
}

fn oidc(script: &str, arguments: &[String], url: String) -> Peer {
    Peer::start(oidc_command(script, arguments), url, "ready")
}

fn oidc_command(script: &str, arguments: &[String]) -> Command {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        test_support::installed::npm("peers/oidc-provider", &["as.mjs", "rs.mjs"])
    });
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(&*FOLDER);
    command
}

pub fn ts_sdk_server() -> Peer {
    static MODULES: LazyLock<PathBuf> =
        LazyLock::new(|| test_support::installed::npm("peers/ts-sdk-server", &[]));
    let (port, as_port) = (free_port(), free_port());
    let mut command = Command::new("node");
    command
        .arg("--import")
        .arg(REPOSITORY.join("tests/peers/ts-sdk-server/loopback.mjs"))
        .arg(
            MODULES.join(
                "node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js",
            ),
        )
        .arg("--oauth")
        .env("MCP_PORT", port.to_string())
        .env("MCP_AUTH_PORT", as_port.to_string());
    Peer::start(
        command,
        format!("http://localhost:{port}/mcp"),
        "MCP Streamable HTTP Server listening",
    )
}

/// Fails unless the SDK's client comes through the lab in every way its script tries.
pub fn sdk_client_through_the_lab() {
    let folder = test_support::installed::npm("peers/sdk-client", &["check.mjs", "client.mjs"]);
    let lab = [env!("CARGO_BIN_EXE_authscope-cli"), "lab"];
    run(Command::new("node")
        .arg("check.mjs")
        .args(lab)
        .current_dir(folder));
}

/// Runs the command and reads its report.
pub fn authscope(arguments: &[&str]) -> serde_json::Value {
    let mut process = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .arg("run")
        .args(arguments)
        .args(["--json", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the command starts");
    let mut output = process.stdout.take().expect("it is piped");
    let (done, text) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.read_to_string(&mut text);
        let _ = done.send(read.map(|_| text));
    });
    let Ok(text) = text.recv_timeout(RUN) else {
        let _ = process.kill();
        panic!(
            "authscope-cli run {arguments:?}: no end within {} s",
            RUN.as_secs()
        );
    };
    let _ = process.wait();
    let text = text.expect("UTF-8");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
