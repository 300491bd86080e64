//! The real clients, and how each is started.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use test_support::installed;

use crate::proxy::output;
use crate::start;

/// A real client that lists the tools of an MCP server.
pub struct Client {
    /// The identifier of its profile.
    pub profile: &'static str,
    /// What the lab needs for it.
    pub lab: &'static [&'static str],
    /// It names itself; a program on an SDK has a name of its own.
    pub is_recognized: bool,
    start: fn(&str) -> Command,
}

pub const ENTRIES: &[Client] = &[
    Client {
        profile: "typescript-sdk-1",
        lab: &[],
        is_recognized: false,
        start: |url| sdk(url, "v1"),
    },
    Client {
        profile: "typescript-sdk-2",
        lab: &[],
        is_recognized: false,
        start: |url| sdk(url, "auto"),
    },
    Client {
        profile: "python-sdk",
        lab: &[],
        is_recognized: true,
        start: |url| python("python_client.py", url),
    },
    Client {
        profile: "fastmcp",
        lab: &[],
        is_recognized: true,
        start: |url| python("fastmcp_client.py", url),
    },
    Client {
        profile: "mcp-remote",
        lab: &[],
        is_recognized: true,
        start: mcp_remote,
    },
    Client {
        profile: "inspector",
        // Its page is sent to the login, and nobody is there who could fill it in.
        lab: &["--auto-approve"],
        is_recognized: true,
        start: inspector,
    },
];

impl Client {
    pub fn of(profile: &str) -> &'static Self {
        let client = ENTRIES.iter().find(|client| client.profile == profile);
        client.unwrap_or_else(|| panic!("{profile} is no real client"))
    }

    /// Has it list the tools of the server at this URL, and go through the login: what it printed,
    /// and whether it came through.
    pub fn list_tools(&self, url: &str) -> (String, bool) {
        // Some have a port of their own for the callback.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        output((self.start)(url))
    }
}

/// The TypeScript SDK's client: `modern`, `auto` and `legacy` are version 2, `v1` is version 1.
pub fn sdk(url: &str, era: &str) -> Command {
    let folder = installed::npm("peers/sdk-client", &["check.mjs", "client.mjs"]);
    let mut command = Command::new("node");
    command
        .args(["client.mjs", url, "--era", era, "--observed"])
        .current_dir(folder);
    command
}

fn python(script: &str, url: &str) -> Command {
    let mut command = start::python();
    let script = installed::REPOSITORY.join("tests/observe").join(script);
    command.arg(script).arg(url);
    command
}

fn mcp_remote(url: &str) -> Command {
    let folder = installed::npm("observe/mcp-remote", &["bridge.mjs"]);
    let mut command = Command::new("node");
    command
        .args(["bridge.mjs", url])
        .arg(home("mcp-remote"))
        .current_dir(folder);
    command
}

fn inspector(url: &str) -> Command {
    let folder = installed::npm("observe/inspector", &["page.mjs"]);
    let mut command = Command::new("node");
    command
        .args(["page.mjs", url])
        .arg(home("inspector"))
        .current_dir(folder);
    command
}

/// Where a client keeps what it knows: a new one each time, below the target folder.
fn home(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let home = installed::REPOSITORY
        .join("target/observe/homes")
        .join(format!("{name}-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).expect("the target folder can be written");
    home
}
