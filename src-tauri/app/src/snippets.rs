//! How a client is pointed at another URL, and back again.

use serde::Serialize;
use ts_rs::TS;

/// How one client is given the URL of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct Snippet {
    /// "claude-code"
    pub id: &'static str,
    /// "Claude Code"
    pub client: &'static str,
    /// It connects from its maker's machines, so that it needs a public URL.
    pub hosted: bool,
    /// Where the text goes: "In a terminal", a file, a place in its settings.
    pub place: &'static str,
    /// What to type or paste; `{url}` stands for the URL.
    pub text: &'static str,
    /// How it is taken out again.
    pub remove: &'static str,
    /// How it is made to log in once more when it still holds a token.
    pub log_in_again: &'static str,
    /// The documentation that says so.
    pub source: &'static str,
}

impl Snippet {
    /// The text for a URL.
    pub fn with(&self, url: &str) -> String {
        self.text.replace("{url}", url)
    }
}

/// Every client that is known, in the order in which they are shown.
pub const SNIPPETS: &[Snippet] = &[
    Snippet {
        id: "claude-code",
        client: "Claude Code",
        hosted: false,
        place: "In a terminal",
        text: "claude mcp add --transport http observed {url}",
        remove: "claude mcp remove observed",
        log_in_again: "In Claude Code, /mcp, the server, Clear authentication",
        source: "https://code.claude.com/docs/en/mcp",
    },
    Snippet {
        id: "claude-desktop",
        client: "Claude Desktop",
        hosted: true,
        place: "Customize, Connectors, +, Add custom connector",
        text: "{url}",
        remove: "Remove the connector in Customize, Connectors",
        log_in_again: "Remove the connector and add it again",
        source: "https://support.claude.com/en/articles/11175166-getting-started-with-custom-connectors-using-remote-mcp",
    },
    Snippet {
        id: "claude-ai",
        client: "claude.ai",
        hosted: true,
        place: "Customize, Connectors, +, Add custom connector",
        text: "{url}",
        remove: "Remove the connector in Customize, Connectors",
        log_in_again: "Remove the connector and add it again",
        source: "https://support.claude.com/en/articles/11175166-getting-started-with-custom-connectors-using-remote-mcp",
    },
    Snippet {
        id: "chatgpt",
        client: "ChatGPT",
        hosted: true,
        place: "Settings, Apps, Advanced settings, Developer mode; then Create app, MCP server URL",
        text: "{url}",
        remove: "Delete the app in Settings, Apps",
        log_in_again: "Delete the app and create it again",
        source: "https://developers.openai.com/api/docs/guides/developer-mode",
    },
    Snippet {
        id: "cursor",
        client: "Cursor",
        hosted: false,
        place: "~/.cursor/mcp.json",
        text: "{ \"mcpServers\": { \"observed\": { \"url\": \"{url}\" } } }",
        remove: "Take the entry out of ~/.cursor/mcp.json",
        log_in_again: "In Cursor's settings, Tools & MCP, the server, Logout",
        source: "https://cursor.com/docs/mcp",
    },
    Snippet {
        id: "vscode",
        client: "VS Code",
        hosted: false,
        place: ".vscode/mcp.json",
        text: "{ \"servers\": { \"observed\": { \"type\": \"http\", \"url\": \"{url}\" } } }",
        remove: "Take the entry out of .vscode/mcp.json",
        log_in_again: "Command palette, Authentication: Remove Dynamic Authentication Providers",
        source: "https://code.visualstudio.com/docs/agents/run/manage-mcp-servers",
    },
    Snippet {
        id: "codex",
        client: "Codex",
        hosted: false,
        place: "In a terminal (then codex mcp login observed, where it does not log in by itself)",
        text: "codex mcp add observed --url {url}",
        remove: "codex mcp remove observed",
        log_in_again: "codex mcp logout observed && codex mcp login observed",
        source: "https://developers.openai.com/codex/mcp",
    },
    Snippet {
        id: "gemini-cli",
        client: "Gemini CLI",
        hosted: false,
        place: "In a terminal",
        text: "gemini mcp add --transport http observed {url}",
        remove: "gemini mcp remove observed",
        log_in_again: "In Gemini CLI, /mcp auth observed",
        source: "https://geminicli.com/docs/tools/mcp-server/",
    },
    Snippet {
        id: "inspector",
        client: "MCP Inspector",
        hosted: false,
        place: "In a terminal",
        text: "npx @modelcontextprotocol/inspector --server-url {url} --transport http",
        remove: "Nothing is left to do: a server of the command line is not kept",
        log_in_again: "Clear the OAuth state of the server in its window",
        source: "https://modelcontextprotocol.io/docs/tools/inspector",
    },
    Snippet {
        id: "mcp-remote",
        client: "mcp-remote",
        hosted: false,
        place: "In a terminal, or as the command of a client that starts programs",
        text: "npx mcp-remote {url}",
        remove: "Take it out of the client's file",
        log_in_again: "Delete the folder ~/.mcp-auth",
        source: "https://github.com/geelen/mcp-remote",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_is_told_the_url_and_how_to_forget_it() {
        let mut ids: Vec<&str> = SNIPPETS.iter().map(|snippet| snippet.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SNIPPETS.len());
        for snippet in SNIPPETS {
            let text = snippet.with("https://x.example/mcp");
            assert!(text.contains("https://x.example/mcp"), "{}", snippet.id);
            assert!(!snippet.remove.is_empty() && !snippet.log_in_again.is_empty());
            assert!(snippet.source.starts_with("https://"), "{}", snippet.id);
        }
    }
}
