//! Which client it is.

use trace::origin_of;

use crate::profile::Profile;
use crate::profiles;

/// Something that a client says of itself.
#[derive(Debug, Clone, Copy)]
pub enum Sign<'s> {
    /// `client_name` of a registration.
    ClientName(&'s str),
    /// `clientInfo.name` of a call.
    ClientInfo(&'s str),
    UserAgent(&'s str),
    RedirectUri(&'s str),
    ClientId(&'s str),
    /// `Origin` of a request from a page.
    Page(&'s str),
}

/// The client that these signs are of: the one that most of them speak for, the more so the more a
/// sign says; of equals the first one known. `None` where nothing speaks for any client.
pub fn recognize(signs: &[Sign<'_>]) -> Option<&'static Profile> {
    let mut best: Option<(u32, &Profile)> = None;
    for profile in profiles() {
        let points = signs.iter().map(|sign| points(profile, *sign)).sum();
        if points > best.map_or(0, |(most, _)| most) {
            best = Some((points, profile));
        }
    }
    best.map(|(_, profile)| profile)
}

/// How strong a sign is for a client.
fn points(profile: &Profile, sign: Sign<'_>) -> u32 {
    let signs = &profile.signs;
    let begins = |known: &[String], text: &str| known.iter().any(|one| text.starts_with(one));
    let is_named =
        |known: &[String], text: &str| known.iter().any(|one| one.eq_ignore_ascii_case(text));
    // `MCP Inspector (stable)` is the Inspector; `Claude` is not any client with that in its name.
    let has_word = |known: &[String], text: &str| {
        let text = text.to_ascii_lowercase();
        known
            .iter()
            .any(|one| one.len() > 6 && text.contains(&one.to_ascii_lowercase()))
    };
    match sign {
        Sign::ClientId(id) if begins(&signs.client_id, id) => 100,
        Sign::RedirectUri(uri) if begins(&signs.redirect_uri, uri) => 60,
        Sign::Page(origin) if is_page(&signs.redirect_uri, origin) => 40,
        Sign::ClientName(name) if is_named(&signs.client_name, name) => 50,
        Sign::ClientInfo(name) if is_named(&signs.client_info, name) => 40,
        Sign::ClientName(name) if has_word(&signs.client_name, name) => 30,
        Sign::ClientInfo(name) if has_word(&signs.client_info, name) => 20,
        Sign::UserAgent(agent) if begins(&signs.user_agent, agent) => 10,
        _ => 0,
    }
}

/// Whether one of the redirect URIs is on this origin, which a port of its own tells from others.
fn is_page(redirect_uris: &[String], origin: &str) -> bool {
    let mut known = redirect_uris.iter().filter_map(|uri| origin_of(uri));
    known.any(|known| known == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(signs: &[Sign<'_>]) -> Option<&'static str> {
        recognize(signs).map(|profile| profile.name.as_str())
    }

    #[test]
    fn a_client_is_known_by_what_says_most() {
        let document = Sign::ClientId("https://claude.ai/oauth/claude-code-client-metadata");
        assert_eq!(
            name(&[document, Sign::UserAgent("node")]),
            Some("Claude Code")
        );
        let callback = Sign::RedirectUri("https://claude.ai/api/mcp/auth_callback");
        assert_eq!(
            name(&[callback, Sign::UserAgent("python-httpx/0.28.1")]),
            Some("claude.ai")
        );
        let inspector = Sign::ClientName("MCP Inspector (stable)");
        assert_eq!(name(&[inspector]), Some("MCP Inspector"));
        assert_eq!(name(&[Sign::ClientInfo("codex-mcp-client")]), Some("Codex"));
        assert_eq!(
            name(&[Sign::ClientName("Visual Studio Code")]),
            Some("VS Code")
        );
        assert_eq!(
            name(&[Sign::ClientInfo("inspector-client")]),
            Some("MCP Inspector")
        );
    }

    #[test]
    fn a_page_is_known_by_where_it_is_served() {
        let page = Sign::Page("http://localhost:6274");
        assert_eq!(name(&[page]), Some("MCP Inspector"));
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(name(&[]), None);
        assert_eq!(
            name(&[
                Sign::ClientName("Claude's cousin"),
                Sign::UserAgent("curl/8")
            ]),
            None
        );
        assert_eq!(name(&[Sign::ClientInfo("my-mcp-client")]), None);
        assert_eq!(name(&[Sign::Page("http://localhost:3000")]), None);
    }
}
