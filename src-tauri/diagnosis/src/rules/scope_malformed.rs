use crate::finding::Finding;
use crate::reading::Reading;
use crate::rule::{Findings, Variant, rule};
use crate::spec::{MCP_NO_OFFLINE_ACCESS, RFC6749_SCOPE_LIST};
use named::{Place, find, quoted};

mod named;
mod not_listed;
mod offline_access;
mod separators;

rule! {
    /// # What it looks at
    /// `scope` in a challenge and `scopes_supported` in the resource metadata: spaces at the ends
    /// or in a row in the one, empty names or names with a space in the other; names separated by
    /// commas in both; `offline_access`, which is about refresh tokens and not about the MCP
    /// server.
    ///
    /// # Why it matters
    /// Many clients send on what they were given, and the authorization server then refuses the
    /// request with `invalid_scope`. Nobody sees the space.
    ///
    /// # How to fix
    /// Write scopes with one space between two of them, and each name of `scopes_supported` as a
    /// text of its own. Leave `offline_access` to the client.
    ///
    /// # References
    /// RFC 6749 section 3.3; MCP 2026-07-28 authorization, "Refresh Tokens".
    "A08" "scope_malformed" Warning McpServer since None,
    title: "A scope has an extra space",
    variants: [
        COMMAS: Warning McpServer Likely "Scopes are separated by commas",
        COMMAS_REFUSED: Error McpServer Likely "Scopes are separated by commas",
        CHARACTERS: Error McpServer Likely "A scope has a character that no scope may have",
        NOT_LISTED: Warning McpServer Likely
            "The MCP server names a scope that the authorization server does not list",
        OFFLINE_ACCESS: Warning McpServer Certain "The MCP server asks for offline_access",
        OFFLINE_ACCESS_REFUSED: Error McpServer Likely
            "The MCP server asks for offline_access, and the authorization server refuses it",
    ],
    spec: [RFC6749_SCOPE_LIST, MCP_NO_OFFLINE_ACCESS],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let found = [
        commas(reading),
        separators::characters(of(&CHARACTERS), reading),
        not_listed::not_listed(of(&NOT_LISTED), reading),
        offline_access(reading),
        spaces(reading),
    ];
    found
        .into_iter()
        .flatten()
        .for_each(|finding| findings.add(finding));
}

fn of(variant: &Variant) -> Finding {
    RULE.found(RFC6749_SCOPE_LIST).variant(variant)
}

fn commas(reading: &Reading<'_>) -> Option<Finding> {
    let named = separators::with_commas(reading)?;
    let variant = if separators::is_refused_for(reading, &named.scope) {
        &COMMAS_REFUSED
    } else {
        &COMMAS
    };
    Some(separators::commas(of(variant), &named))
}

fn offline_access(reading: &Reading<'_>) -> Option<Finding> {
    // Until the MCP server has answered, the revision is assumed.
    let is_answered = reading.calls.iter().any(|call| call.status() == Some(200));
    let variant = if offline_access::is_refused(reading) {
        &OFFLINE_ACCESS_REFUSED
    } else if reading.revision.is_modern() && is_answered {
        &OFFLINE_ACCESS
    } else {
        return None;
    };
    let finding = RULE.found(MCP_NO_OFFLINE_ACCESS).variant(variant);
    offline_access::named(finding, reading)
}

/// Spaces at the ends or in a row in a challenge; a name that is empty or has a space in a list.
fn spaces(reading: &Reading<'_>) -> Option<Finding> {
    let is_odd = |scope: &str| !scope.is_empty() && scope.split(' ').any(str::is_empty);
    let named = find(
        reading,
        |scope| is_odd(scope).then_some(scope),
        |name| name.is_empty() || name.contains(' '),
    )?;
    let shown = quoted(&named.scope);
    Some(
        RULE.found(RFC6749_SCOPE_LIST)
            .at(named.seq, named.part())
            .message(
                "This run removes the space. Clients that send the scope unchanged are refused with \
                 invalid_scope.",
            )
            .expected("scope names with one space between two of them")
            .actual(match named.place {
                Place::Challenge => shown,
                Place::ResourceMetadata => format!("{shown} in scopes_supported"),
            })
            .fix("Remove the extra space, and write each scope of a list as a string of its own."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, Revision, StopCode};

    use crate::sample::{Answer, Run};

    fn challenged(scope: &str) -> Run {
        let mut run = Run::healthy();
        for header in &mut run.challenge.headers {
            header.value = header
                .value
                .replace("scope=\"mcp\"", &format!("scope=\"{scope}\""));
        }
        run
    }

    #[test]
    fn a_list_that_was_written_as_json() {
        let finding = challenged("[\\\"mcp\\\"]").finding("A08");
        assert_eq!(finding.variant, "characters");
        assert!(finding.fix.contains("scope=\"mcp\""), "{}", finding.fix);
        assert!(challenged("mcp:read mcp/write").is_silent("A08"));
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "mcp:\"write\""]));
        let finding = run.finding("A08");
        assert_eq!(finding.variant, "characters");
        assert!(finding.fix.contains("mcp:write"), "{}", finding.fix);
    }

    #[test]
    fn spaces_are_shown_where_they_are() {
        assert_eq!(
            challenged(" mcp").finding("A08").actual.as_deref(),
            Some("\" mcp\"")
        );
        assert_eq!(challenged("a  b").found(), ["A08"]);
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "a b"]));
        let actual = run.finding("A08").actual;
        assert_eq!(actual.as_deref(), Some("\"a b\" in scopes_supported"));
    }

    #[test]
    fn commas_are_told_and_are_the_cause_of_a_refusal() {
        let mut run = challenged("mcp:read,mcp:write");
        assert_eq!(run.finding("A08").variant, "commas");
        run.registration.as_mut().unwrap().1 = Answer::json(
            400,
            json!({"error": "invalid_client_metadata", "error_description": "unknown scope"}),
        );
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        assert_eq!(run.finding("A08").variant, "commas_refused");
        assert_eq!(run.found()[0], "A08");
        let mut known = challenged("a,b");
        known.server_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["a,b"]));
        assert!(known.is_silent("A08"));
    }

    #[test]
    fn a_scope_that_is_in_neither_the_list_nor_the_grant() {
        let with = |named: serde_json::Value, listed: serde_json::Value| {
            let mut run = Run::healthy();
            run.resource_tries[0]
                .2
                .edit(|document| document["scopes_supported"] = named);
            run.server_tries[0]
                .2
                .edit(|document| document["scopes_supported"] = listed);
            run
        };
        let found = with(json!(["a", "b"]), json!(["a", "c"])).finding("A08");
        assert!(found.actual.unwrap().starts_with("b; "));
        // Nothing in common, or nothing but OpenID Connect: another kind of list.
        assert!(with(json!(["b"]), json!(["openid", "c"])).is_silent("A08"));
        assert!(with(json!(["openid", "b"]), json!(["openid", "email"])).is_silent("A08"));
    }

    #[test]
    fn offline_access_is_for_the_client_to_ask_for() {
        let newest = |scope: &str| {
            let mut run = challenged(scope);
            run.revision = Revision::R20260728;
            run
        };
        let finding = newest("mcp offline_access").finding("A08");
        assert_eq!(finding.variant, "offline_access");
        assert!(newest("mcp").is_silent("A08"));
        // Before 2026-07-28 nothing says that it must not be there.
        assert!(challenged("mcp offline_access").is_silent("A08"));
        let mut listed = Run::healthy();
        listed.revision = Revision::R20260728;
        listed.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "offline_access"]));
        assert_eq!(listed.finding("A08").variant, "offline_access");
        let mut refused = challenged("mcp offline_access");
        refused.registration.as_mut().unwrap().1 = Answer::json(
            400,
            json!({"error": "invalid_client_metadata", "error_description": "no scope offline_access"}),
        );
        refused.stop(Phase::Registration, StopCode::RegistrationRejected);
        assert_eq!(refused.finding("A08").variant, "offline_access_refused");
        assert_eq!(refused.found()[0], "A08");
    }

    #[test]
    fn is_silent_about_lists_as_they_should_be() {
        assert!(challenged("a b").is_silent("A08"));
        assert!(challenged("").is_silent("A08"));
    }
}
