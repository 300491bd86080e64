//! The values to choose from, and their words.

use super::info::Choice;

/// The ways to become a client.
pub const REGISTRATION_WAYS: &[Choice] = &[
    choice(
        "auto",
        "Automatic",
        "By client metadata document where the server takes one and you have one, else dynamically",
    )
    .words(&["auto"]),
    choice(
        "cimd",
        "Client metadata document",
        "The client_id is a URL; the authorization server reads there who the client is",
    )
    .words(&["cimd"]),
    choice(
        "dcr",
        "Dynamic",
        "Register a new client at the authorization server (RFC 7591)",
    )
    .words(&["dcr"]),
    choice(
        "preregistered",
        "Pre-registered",
        "Use a client that the authorization server knows already",
    )
    .words(&["preregistered"]),
];

/// The ways to show at the token endpoint who the client is.
pub(super) const TOKEN_AUTH_METHODS: &[Choice] = &[
    choice(
        "auto",
        "Automatic",
        "What suits the credentials and is listed in the metadata",
    )
    .words(&["auto"]),
    choice("none", "None", "The client ID alone").words(&["none"]),
    choice(
        "client_secret_basic",
        "Secret in the header",
        "Client ID and secret in the Authorization header",
    )
    .words(&["client_secret_basic"]),
    choice(
        "client_secret_post",
        "Secret in the body",
        "Client ID and secret in the form",
    )
    .words(&["client_secret_post"]),
];

/// The ways to get a token.
pub const GRANTS: &[Choice] = &[
    choice(
        "auto",
        "Automatic",
        "Chosen from your settings and what the authorization server supports",
    )
    .words(&["auto"]),
    choice(
        "authorization_code",
        "Authorization code",
        "A user logs in, in a browser",
    )
    .words(&["authorization_code"]),
    choice(
        "client_credentials",
        "Client credentials",
        "The client logs in itself, without a user",
    )
    .words(&["client_credentials"]),
    choice(
        "device_code",
        "Device code",
        "The user enters a code on another device (RFC 8628)",
    )
    .words(&["device_code"]),
    choice(
        "jwt_bearer",
        "JWT bearer",
        "An assertion from somebody else is exchanged for a token (RFC 7523)",
    )
    .words(&["jwt-bearer", "jwt_bearer"]),
    choice(
        "enterprise_managed",
        "Enterprise-managed",
        "An identity provider exchanges the user's ID token for an assertion",
    )
    .words(&["token-exchange", "token_exchange"]),
];

/// The client that a run plays: Authscope itself, or a known one by its name.
pub(super) const CLIENTS: &[Choice] = &[
    Choice {
        value: None,
        title: "Authscope itself",
        explanation: "",
        words: &["authscope"],
    },
    choice("claude-code", "Claude Code", "").words(&["claude-code"]),
    choice("claude-ai", "claude.ai", "").words(&["claude-ai"]),
    choice("claude-desktop", "Claude Desktop", "").words(&["claude-desktop"]),
    choice("chatgpt", "ChatGPT", "").words(&["chatgpt"]),
    choice("codex", "Codex", "").words(&["codex"]),
    choice("cursor", "Cursor", "").words(&["cursor"]),
    choice("vscode", "VS Code", "").words(&["vscode"]),
    choice("copilot-cli", "Copilot CLI", "").words(&["copilot-cli"]),
    choice("gemini-cli", "Gemini CLI", "").words(&["gemini-cli"]),
    choice("zed", "Zed", "").words(&["zed"]),
    choice("goose", "goose", "").words(&["goose"]),
    choice("mcp-remote", "mcp-remote", "").words(&["mcp-remote"]),
    choice("inspector", "MCP Inspector", "").words(&["inspector"]),
    choice("typescript-sdk-1", "TypeScript SDK 1", "").words(&["typescript-sdk-1"]),
    choice("typescript-sdk-2", "TypeScript SDK 2", "").words(&["typescript-sdk-2"]),
    choice("python-sdk", "Python SDK", "").words(&["python-sdk"]),
    choice("fastmcp", "FastMCP", "").words(&["fastmcp"]),
    choice("rmcp", "Rust SDK (rmcp)", "").words(&["rmcp"]),
];

pub(super) const REVISIONS: &[Choice] = &[
    Choice {
        value: None,
        title: "Detect",
        explanation: "Found out from what the server answers",
        words: &["auto"],
    },
    choice("2026-07-28", "2026-07-28", "The newest").words(&["2026-07-28"]),
    choice("2025-11-25", "2025-11-25", "").words(&["2025-11-25"]),
    choice("2025-06-18", "2025-06-18", "").words(&["2025-06-18"]),
    choice("2025-03-26", "2025-03-26", "").words(&["2025-03-26"]),
];

pub(super) const RESOURCES: &[Choice] = &[
    choice(
        "advertised",
        "As advertised",
        "What the resource metadata names, else the server's URL",
    ),
    choice("off", "Off", "The parameter is not sent").words(&["off"]),
    choice("given", "This one", "Sent exactly as you type it"),
];

pub(super) const RESPONSE_MODES: &[Choice] = &[
    choice("query", "Query", "").words(&["query"]),
    choice("form_post", "Form post", "").words(&["form_post"]),
];

pub(super) const CALLBACK_HOSTS: &[Choice] = &[
    choice("127.0.0.1", "127.0.0.1", "").words(&["127.0.0.1"]),
    choice("localhost", "localhost", "").words(&["localhost"]),
    choice("[::1]", "[::1]", "").words(&["[::1]", "::1"]),
];

pub(super) const BROWSERS: &[Choice] = &[
    choice("system", "System browser", "Open it and wait for the user").words(&["browser"]),
    choice(
        "watch",
        "Watch the browser",
        "In a private window of Chrome, Chromium, Edge or Firefox; its pages are drawn, passwords are not kept",
    )
    .words(&["watch"]),
    choice(
        "show",
        "Show the URL",
        "You open it yourself, in whatever browser you like",
    )
    .words(&["show"]),
    choice(
        "approver",
        "No browser",
        "Authscope follows the redirects and fills in the forms itself",
    )
    .words(&["auto"]),
];

const fn choice(value: &'static str, title: &'static str, explanation: &'static str) -> Choice {
    Choice {
        value: Some(value),
        title,
        explanation,
        words: &[],
    }
}

impl Choice {
    const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_client_can_be_played() {
        let known = clients::profiles().iter();
        let known: Vec<_> = known
            .map(|one| (one.id.as_str(), one.name.as_str()))
            .collect();
        let named = CLIENTS
            .iter()
            .filter_map(|one| Some((one.value?, one.title)));
        assert_eq!(named.collect::<Vec<_>>(), known);
        for choice in CLIENTS {
            assert!(choice.value.is_none_or(|id| choice.words == [id]));
        }
    }
}
