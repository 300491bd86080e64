use trace::Revision;

use crate::foreign::foreign_issuer;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_ISSUER;
use crate::wording::{differ_by_trailing_slash, excerpt};

rule! {
    /// # What it looks at
    /// An `issuer` in the authorization server metadata that differs from the one asked for by a
    /// slash at its end and by nothing else.
    ///
    /// # Why it matters
    /// The two are compared as text. URL types that add a slash on printing, and issuers that
    /// really end in one, both lead here, and clients that follow the specification stop.
    ///
    /// # How to fix
    /// Spell the issuer alike in `authorization_servers` of the resource metadata and in the
    /// authorization server's own metadata. Where the authorization server cannot be changed,
    /// change the resource metadata.
    ///
    /// # References
    /// RFC 8414 section 3.3; RFC 3986 section 6.2.1.
    "R07" "issuer_trailing_slash" Error AuthorizationServer Likely since None,
    title: "The issuer differs from the one asked for by a slash at its end",
    variants: [
        MISNAMED: Error McpServer Certain,
        ADDED: Error McpServer Likely,
        OLDEST: Note AuthorizationServer Certain,
        OLDEST_MISNAMED: Note McpServer Certain,
    ],
    spec: [RFC8414_ISSUER],
    stops: [IssuerMismatch],
    looks_at: [ServerMetadata, ServerMetadataUrl],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(foreign) = foreign_issuer(reading) else {
        return;
    };
    if !differ_by_trailing_slash(&foreign.named, foreign.asked) {
        return;
    }
    let finding = foreign.finding(RULE.found(RFC8414_ISSUER), reading);
    // In 2025-03-26 nobody names an issuer: the client takes the MCP server's origin, which has no
    // slash to compare.
    let oldest = !reading.revision.at_least(Revision::R20250618);
    let misnamed = foreign.is_misnamed(reading);
    // Who writes a bare origin through a URL type adds the slash; the issuer's own spelling counts.
    if !oldest && !misnamed && foreign.asked.ends_with('/') {
        let finding = finding.variant(&ADDED).fix(format!(
            "Write {} into authorization_servers of the resource metadata, exactly as the \
             authorization server spells it. If the slash is not in the settings, a URL type adds it \
             when it is printed: keep the value as text.",
            excerpt(&foreign.named)
        ));
        return findings.add(finding.message(
            "The resource metadata has a slash that the authorization server's own metadata has not. \
             They are compared as text, so clients that follow the specification stop here. Most \
             likely a URL type of the MCP server adds it; the authorization server may also have \
             left it out.",
        ));
    }
    let variant = match (oldest, misnamed) {
        (false, false) => RULE.default_variant(),
        (false, true) => &MISNAMED,
        (true, false) => &OLDEST,
        (true, true) => &OLDEST_MISNAMED,
    };
    findings.add(finding.variant(variant).message(
        "They are compared as text, so clients that follow the specification stop here. A URL type \
         that adds a slash when it is printed is the usual cause; it may sit on either side.",
    ));
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Revision;

    use crate::finding::{Level, Owner};
    use crate::sample::{Run, token_answer};

    fn with_issuer(asked: &str, named: &str) -> Run {
        let mut run = Run::healthy();
        run.issuer = asked.into();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["issuer"] = json!(named));
        run
    }

    #[test]
    fn is_the_authorization_server_s_unless_it_calls_itself_so_elsewhere() {
        let mut run = with_issuer("https://as.example", "https://as.example/");
        assert_eq!(run.finding("R07").owner, Owner::AuthorizationServer);
        run.callback.retain(|(name, _)| *name != "iss");
        run.callback.push(("iss", "https://as.example/".into()));
        assert_eq!(run.finding("R07").owner, Owner::McpServer);
        assert!(run.is_silent("R12"));
    }

    #[test]
    fn a_slash_too_many_in_the_resource_metadata_is_the_mcp_server_s() {
        let mut run = with_issuer("https://as.example/", "https://as.example");
        assert_eq!(run.finding("R07").variant, "misnamed");
        run.callback.retain(|(name, _)| *name != "iss");
        run.token = token_answer("opaque", "refresh-1");
        let finding = run.finding("R07");
        assert_eq!(
            (finding.owner, finding.variant.as_str()),
            (Owner::McpServer, "added")
        );
        assert!(
            finding.fix.starts_with("Write https://as.example into"),
            "{}",
            finding.fix
        );
    }

    #[test]
    fn a_known_vendor_s_own_spelling_stands() {
        let run = with_issuer(
            "https://tenant.eu.auth0.com",
            "https://tenant.eu.auth0.com/",
        );
        assert_eq!(run.finding("R07").owner, Owner::McpServer);
    }

    #[test]
    fn is_a_note_where_the_issuer_is_the_client_s_own_guess() {
        let mut run = with_issuer("https://mcp.example.com", "https://mcp.example.com/");
        run.revision = Revision::R20250326;
        assert_eq!(run.finding("R07").level, Level::Note);
    }

    #[test]
    fn is_silent_when_more_differs() {
        assert!(with_issuer("https://as.example", "https://as.example/tenant/").is_silent("R07"));
    }
}
