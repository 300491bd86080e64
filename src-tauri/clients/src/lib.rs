//! Known MCP clients, as data: how each is recognised, what it sends, and where that is known from.
//!
//! A client is a file in `profiles`. A new one is named in [`profiles()`](fn@profiles) as well.

mod profile;
mod recognize;

use std::sync::LazyLock;

pub use profile::{
    Fact, Grade, Leg, MetadataPlace, Play, Profile, ScopeRule, ServerDocument, Weakness,
};
pub use recognize::{Sign, recognize};

/// The profiles as they are in the files, in the order in which they are shown.
const FILES: &[&str] = &[
    include_str!("../profiles/claude-code.json"),
    include_str!("../profiles/claude-ai.json"),
    include_str!("../profiles/claude-desktop.json"),
    include_str!("../profiles/chatgpt.json"),
    include_str!("../profiles/codex.json"),
    include_str!("../profiles/cursor.json"),
    include_str!("../profiles/vscode.json"),
    include_str!("../profiles/copilot-cli.json"),
    include_str!("../profiles/gemini-cli.json"),
    include_str!("../profiles/zed.json"),
    include_str!("../profiles/goose.json"),
    include_str!("../profiles/mcp-remote.json"),
    include_str!("../profiles/inspector.json"),
    include_str!("../profiles/typescript-sdk-1.json"),
    include_str!("../profiles/typescript-sdk-2.json"),
    include_str!("../profiles/python-sdk.json"),
    include_str!("../profiles/fastmcp.json"),
    include_str!("../profiles/rmcp.json"),
];

/// The identifiers of all profiles, in their order.
pub const IDS: &[&str] = &[
    "claude-code",
    "claude-ai",
    "claude-desktop",
    "chatgpt",
    "codex",
    "cursor",
    "vscode",
    "copilot-cli",
    "gemini-cli",
    "zed",
    "goose",
    "mcp-remote",
    "inspector",
    "typescript-sdk-1",
    "typescript-sdk-2",
    "python-sdk",
    "fastmcp",
    "rmcp",
];

/// Every known client.
///
/// # Panics
/// Where a file of the profiles is broken; a test reads them all.
pub fn profiles() -> &'static [Profile] {
    static ALL: LazyLock<Vec<Profile>> = LazyLock::new(|| {
        let read = |text: &&str| {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
        };
        FILES.iter().map(read).collect()
    });
    &ALL
}

/// The client of this identifier.
pub fn profile(id: &str) -> Option<&'static Profile> {
    profiles().iter().find(|profile| profile.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_its_facts_have_sources() {
        let ids: Vec<&str> = profiles().iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, IDS);
        for profile in profiles() {
            assert!(!profile.facts.is_empty(), "{}", profile.id);
            let facts = profile.facts.iter();
            let facts = facts.map(|fact| (&fact.link, &fact.version));
            let weaknesses = profile.weaknesses.iter();
            let weaknesses = weaknesses.map(|weakness| (&weakness.link, &weakness.versions));
            for (link, version) in facts.chain(weaknesses) {
                assert!(link.starts_with("https://"), "{}: {link}", profile.id);
                assert!(!version.is_empty(), "{}: {link}", profile.id);
            }
            let best = profile.facts.iter().map(|fact| fact.grade).min();
            assert!(
                best.is_some_and(|best| best <= profile.grade),
                "{}",
                profile.id
            );
        }
    }

    #[test]
    fn a_hosted_client_has_a_redirect_uri_elsewhere_and_the_others_on_this_machine() {
        for profile in profiles() {
            let local = profile.play.redirect_uri.starts_with("http://");
            assert_eq!(profile.hosted, !local, "{}", profile.id);
        }
    }
}
