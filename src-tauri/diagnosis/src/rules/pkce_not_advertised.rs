use trace::Revision;

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_PKCE, MCP_S256};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// `code_challenge_methods_supported` of the authorization server metadata: whether it is
    /// there, and whether `S256` is in it.
    ///
    /// # Why it matters
    /// MCP clients must not go on without it. Some authorization servers support PKCE and do not
    /// say so; strict clients refuse them all the same.
    ///
    /// # How to fix
    /// Add `"code_challenge_methods_supported": ["S256"]` to the metadata. Where the authorization
    /// server cannot be changed, the MCP server can serve metadata of its own in front of it.
    ///
    /// # References
    /// MCP authorization, "Authorization Code Protection"; RFC 8414 section 2; RFC 7636.
    "A07" "pkce_not_advertised" Error AuthorizationServer since Some(Revision::R20251125),
    title: "The metadata does not say that PKCE is supported",
    variants: [
        NO_S256: Error AuthorizationServer Certain "The metadata does not say that PKCE with S256 \
                                                    is supported",
        NOT_DEMANDED: Warning AuthorizationServer Certain,
        NO_S256_NOT_DEMANDED: Warning AuthorizationServer Certain "The metadata does not say that \
                                                                   PKCE with S256 is supported",
        PROVIDER_SILENT: Warning McpServer Likely
            "The metadata does not say that PKCE is supported, and this provider cannot change it",
    ],
    spec: [MCP_PKCE, MCP_S256],
    stops: [PkceUnsupported],
    looks_at: [ServerMetadata],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, metadata)) = reading.server_metadata() else {
        return;
    };
    // What names nothing at all is another rule's matter.
    if metadata.is_blank() {
        return;
    }
    // Earlier revisions demand PKCE, but not that it is announced.
    let demanded = reading.revision.at_least(Revision::R20251125);
    let finding = match &metadata.code_challenge_methods_supported {
        None => RULE
            .found(MCP_PKCE)
            .variant(if demanded {
                RULE.default_variant()
            } else {
                &NOT_DEMANDED
            })
            .message(if demanded {
                "Without code_challenge_methods_supported MCP clients must take PKCE for \
                 unsupported and stop, even if the server would accept it."
            } else {
                "This revision does not mind. Without code_challenge_methods_supported clients of \
                 2025-11-25 and later must take PKCE for unsupported and stop, even if the server \
                 would accept it."
            })
            .actual("no code_challenge_methods_supported in the metadata"),
        Some(methods) if !methods.iter().any(|method| method == "S256") => RULE
            .found(MCP_S256)
            .variant(if demanded {
                &NO_S256
            } else {
                &NO_S256_NOT_DEMANDED
            })
            .message("MCP clients have to use S256, and it is not among the methods listed.")
            .actual(excerpt(&if methods.is_empty() {
                "an empty list".to_owned()
            } else {
                list(methods)
            })),
        Some(_) => return,
    };
    let finding = finding
        .at(
            attempt.seen.seq,
            Part::body("/code_challenge_methods_supported"),
        )
        .expected("\"code_challenge_methods_supported\": [\"S256\"]")
        .fix(
            "Add \"code_challenge_methods_supported\": [\"S256\"] to the authorization server \
              metadata.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Revision;

    use crate::finding::Level;
    use crate::sample::Run;

    fn with_methods(revision: Revision, methods: serde_json::Value) -> Run {
        let mut run = Run::healthy_at(revision);
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["code_challenge_methods_supported"] = methods);
        run
    }

    #[test]
    fn absent_or_without_s256() {
        let absent = with_methods(Revision::R20251125, json!(null));
        assert_eq!(absent.finding("A07").level, Level::Error);
        let plain = with_methods(Revision::R20251125, json!(["plain"]));
        assert_eq!(plain.finding("A07").actual.as_deref(), Some("plain"));
        let earlier = with_methods(Revision::R20250618, json!(null));
        assert_eq!(earlier.finding("A07").level, Level::Warning);
    }

    #[test]
    fn is_silent_when_s256_is_among_others() {
        assert!(with_methods(Revision::R20251125, json!(["plain", "S256"])).is_silent("A07"));
    }
}
