//! The configuration files of MCP clients on this machine, read when the user asks for it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use ts_rs::TS;

use crate::named_servers::{NamedServer, servers_of_json, servers_of_toml};
use crate::plain_file;

/// A client's configuration file that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ClientFile {
    /// Whose it is: "Claude Desktop".
    pub client: String,
    pub path: String,
    pub servers: Vec<NamedServer>,
    /// Why it could not be read.
    pub problem: Option<String>,
}

/// Where a client keeps its servers.
struct Place {
    client: &'static str,
    /// The folder, and the path in it.
    below: Folder,
    path: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Home,
    /// Where programs keep their settings: `~/.config`, `~/Library/Application Support`,
    /// `%APPDATA%`.
    Settings,
    /// `CODEX_HOME`, or `~/.codex`.
    Codex,
}

const fn place(client: &'static str, below: Folder, path: &'static str) -> Place {
    Place {
        client,
        below,
        path,
    }
}

const PLACES: &[Place] = &[
    place(
        "Claude Desktop",
        Folder::Settings,
        "Claude/claude_desktop_config.json",
    ),
    place("Claude Code", Folder::Home, ".claude.json"),
    place("Cursor", Folder::Home, ".cursor/mcp.json"),
    place("VS Code", Folder::Settings, "Code/User/mcp.json"),
    place("VS Code", Folder::Settings, "Code/User/settings.json"),
    place("Codex", Folder::Codex, "config.toml"),
    place("Gemini CLI", Folder::Home, ".gemini/settings.json"),
    place("MCP Inspector", Folder::Home, ".mcp-inspector/mcp.json"),
    place(
        "Windsurf",
        Folder::Home,
        ".codeium/windsurf/mcp_config.json",
    ),
];

/// The files that there are, with the servers they name. One without servers is left out.
pub(crate) fn client_files() -> Vec<ClientFile> {
    let Some(home) = std::env::home_dir() else {
        return Vec::new();
    };
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let settings = if cfg!(windows) {
        set("APPDATA").unwrap_or_else(|| home.join("AppData/Roaming"))
    } else if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else {
        set("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))
    };
    let codex = set("CODEX_HOME").unwrap_or_else(|| home.join(".codex"));
    files_in(|folder| match folder {
        Folder::Home => home.clone(),
        Folder::Settings => settings.clone(),
        Folder::Codex => codex.clone(),
    })
}

fn files_in(folder: impl Fn(Folder) -> PathBuf) -> Vec<ClientFile> {
    let files = PLACES.iter().filter_map(|place| {
        let path = folder(place.below).join(place.path);
        let (servers, problem) = match read(&path)? {
            Ok(servers) => (servers, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        (problem.is_some() || !servers.is_empty()).then(|| ClientFile {
            client: place.client.into(),
            path: path.display().to_string(),
            servers,
            problem,
        })
    });
    files.collect()
}

/// `None` when there is no such file.
fn read(path: &Path) -> Option<Result<Vec<NamedServer>, String>> {
    if !path.is_file() {
        return None;
    }
    let read = plain_file::read(path).and_then(|content| {
        String::from_utf8(content)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    });
    Some(match read {
        Err(error) => Err(error.to_string()),
        Ok(text) if path.extension().is_some_and(|end| end == "toml") => servers_of_toml(&text),
        Ok(text) => servers_of_json(&text),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_found_and_a_broken_one_is_told() {
        let home =
            std::env::temp_dir().join(format!("authscope-client-files-{}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        let write = |path: &str, text: &str| {
            let path = home.join(path);
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        };
        write(
            ".cursor/mcp.json",
            r#"{"mcpServers": {"a": {"url": "https://a.example/mcp"}}}"#,
        );
        write(
            "codex/config.toml",
            "[mcp_servers.b]\nurl = \"https://b.example/mcp\"\n",
        );
        write("settings/Code/User/mcp.json", "{ \"servers\": ");
        write(".gemini/settings.json", "{}");
        let found = files_in(|folder| match folder {
            Folder::Home => home.clone(),
            Folder::Settings => home.join("settings"),
            Folder::Codex => home.join("codex"),
        });
        let _ = fs::remove_dir_all(&home);
        let told: Vec<_> = found
            .iter()
            .map(|file| {
                (
                    file.client.as_str(),
                    file.servers.len(),
                    file.problem.is_some(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Cursor", 1, false),
                ("VS Code", 0, true),
                ("Codex", 1, false)
            ]
        );
    }
}
