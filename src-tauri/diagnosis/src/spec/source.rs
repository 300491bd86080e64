//! Where something is defined: a section that can be named and opened.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A section of a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Rfc(u16, &'static str),
    /// Title, section ("" for all of it), address.
    Page(&'static str, &'static str, &'static str),
    /// No specification has it: vendors do.
    Nowhere,
}

/// A section of a specification, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Section {
    /// "RFC 9728 section 3.3".
    pub title: String,
    pub url: String,
}

impl Source {
    /// None when no specification has it.
    pub fn section(self) -> Option<Section> {
        match self {
            Self::Rfc(number, section) => Some(Section {
                title: format!("RFC {number} section {section}"),
                url: format!("https://www.rfc-editor.org/rfc/rfc{number}.html#section-{section}"),
            }),
            Self::Page(title, section, url) => Some(Section {
                title: match section {
                    "" => title.into(),
                    section => format!("{title} section {section}"),
                },
                url: url.into(),
            }),
            Self::Nowhere => None,
        }
    }
}

pub(crate) const NO_STANDARD: Source = Source::Nowhere;

pub(crate) const fn rfc(number: u16, section: &'static str) -> Source {
    Source::Rfc(number, section)
}

pub(crate) const fn core(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-core-1_0.html";
    Source::Page("OpenID Connect Core 1.0", section, url)
}

pub(crate) const fn discovery(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-discovery-1_0.html";
    Source::Page("OpenID Connect Discovery 1.0", section, url)
}

pub(crate) const fn registration(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-registration-1_0.html";
    Source::Page(
        "OpenID Connect Dynamic Client Registration 1.0",
        section,
        url,
    )
}

pub(crate) const fn logout(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-rpinitiated-1_0.html";
    Source::Page("OpenID Connect RP-Initiated Logout 1.0", section, url)
}

pub(crate) const fn session(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-session-1_0.html";
    Source::Page("OpenID Connect Session Management 1.0", section, url)
}

pub(crate) const fn backchannel(section: &'static str) -> Source {
    let url = "https://openid.net/specs/openid-connect-backchannel-1_0.html";
    Source::Page("OpenID Connect Back-Channel Logout 1.0", section, url)
}

pub(crate) const fn multiple(section: &'static str) -> Source {
    let url = "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html";
    Source::Page("OAuth 2.0 Multiple Response Types", section, url)
}

pub(crate) const fn json_rpc(section: &'static str) -> Source {
    Source::Page(
        "JSON-RPC 2.0",
        section,
        "https://www.jsonrpc.org/specification",
    )
}

pub(crate) const FETCH: Source = Source::Page(
    "Fetch Standard, CORS protocol",
    "",
    "https://fetch.spec.whatwg.org/#http-cors-protocol",
);

pub(crate) const LIFECYCLE: Source = Source::Page(
    "MCP 2025-11-25 lifecycle",
    "",
    "https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle",
);

pub(crate) const TOOLS: Source = Source::Page(
    "MCP 2025-11-25 tools",
    "",
    "https://modelcontextprotocol.io/specification/2025-11-25/server/tools",
);

pub(crate) const TRANSPORTS: Source = Source::Page(
    "MCP 2025-11-25 transports",
    "",
    "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports",
);

pub(crate) const STREAMABLE_HTTP: Source = Source::Page(
    "MCP 2026-07-28 transports",
    "",
    "https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http",
);

pub(crate) const VERSIONING: Source = Source::Page(
    "MCP 2026-07-28 versioning",
    "",
    "https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning",
);

pub(crate) const DISCOVER: Source = Source::Page(
    "MCP 2026-07-28 discovery",
    "",
    "https://modelcontextprotocol.io/specification/2026-07-28/server/discover",
);

pub(crate) const STEP_UP: Source = Source::Page(
    "MCP 2025-11-25 authorization, Step-Up Authorization Flow",
    "",
    "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#step-up-authorization-flow",
);

pub(crate) const CLIENT_DOCUMENTS: Source = Source::Page(
    "MCP 2025-11-25 authorization, Client ID Metadata Documents",
    "",
    "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#client-id-metadata-documents",
);

pub(crate) const ENTERPRISE: Source = Source::Page(
    "MCP Enterprise-Managed Authorization",
    "",
    "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/enterprise-managed-authorization.mdx",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_a_title_and_an_address() {
        let section = rfc(9728, "3.3").section().unwrap();
        assert_eq!(section.title, "RFC 9728 section 3.3");
        assert_eq!(
            section.url,
            "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3"
        );
        assert_eq!(
            LIFECYCLE.section().unwrap().title,
            "MCP 2025-11-25 lifecycle"
        );
        assert_eq!(NO_STANDARD.section(), None);
    }
}
