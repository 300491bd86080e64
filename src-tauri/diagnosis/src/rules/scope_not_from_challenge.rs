use std::collections::HashSet;

use trace::Revision;

use crate::conduct::{Asked, with_workaround};
use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_LEAST_SCOPE, MCP_CLIENT_SCOPE};
use crate::step_up::{without, words};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The scope of the first authorization request of a client that was watched or recorded,
    /// against the scope of the challenge before it, and against all scopes that the servers name.
    ///
    /// # Why it matters
    /// A token without the scopes of the challenge does not get the client in: it has to ask again,
    /// or fails. Scopes that nobody named are a client's own default; authorization servers that do
    /// not know them answer `invalid_scope`.
    ///
    /// # How to fix
    /// In the client: ask for the scope of the challenge, else for all of `scopes_supported` in the
    /// resource metadata, else for none. The authorization server can ignore scopes that it does
    /// not know, and say in `scope` of the token answer what it granted.
    ///
    /// # References
    /// MCP authorization, "Scope Selection Strategy".
    "K04" "scope_not_from_challenge" Warning Client since Some(Revision::R20251125),
    title: "The client does not ask for the scope that the challenge wants",
    variants: [
        UNKNOWN: Warning Client Certain "The client asks for scopes that no server names",
    ],
    spec: [MCP_CLIENT_SCOPE, MCP_CLIENT_LEAST_SCOPE],
    looks_at: [AnotherClient, Challenge, AuthorizationRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.client_follows(Revision::R20251125) || !reading.has_resource_metadata() {
        return;
    }
    let Some(asked) = reading.authorization_requests().next() else {
        return;
    };
    let scope = asked.value("scope").unwrap_or_default();
    let challenged = challenged_scope(reading, asked.seq);
    if let Some(wanted) = &challenged {
        let lacking = without(&words(wanted), scope);
        if !lacking.is_empty() {
            let said = format!(
                "The challenge says which scope a request needs. The client asks for a token \
                 without {}.",
                list(&lacking.iter().copied().map(excerpt).collect::<Vec<_>>())
            );
            let workaround = "granting what a call needs where the client asks for less";
            let finding = RULE
                .found(MCP_CLIENT_SCOPE)
                .at(asked.seq, Part::RequestUrl)
                .message(with_workaround(&said, workaround))
                .expected(format!("scope={}", excerpt(wanted)))
                .actual(scope_in_words(scope))
                .fix("In the client: ask for the scope that the challenge names.");
            return findings.add(finding);
        }
    }
    let unknown = unknown(reading, &asked, challenged.as_deref());
    if !unknown.is_empty() {
        let said = format!(
            "Neither the challenge nor any metadata names {}. An authorization server that does \
             not know a scope may refuse the whole request with invalid_scope.",
            list(&unknown)
        );
        let workaround = "ignoring scopes that the authorization server does not know";
        let finding = RULE
            .found(MCP_CLIENT_LEAST_SCOPE)
            .variant(&UNKNOWN)
            .at(asked.seq, Part::RequestUrl)
            .message(with_workaround(&said, workaround))
            .expected(challenged.map_or_else(
                || "scopes that the challenge or the metadata names".into(),
                |wanted| format!("scope={}", excerpt(&wanted)),
            ))
            .actual(scope_in_words(scope))
            .fix("In the client: ask for no scope that neither the challenge nor metadata names.");
        findings.add(finding);
    }
}

/// The scope of the last challenge before an entry.
fn challenged_scope(reading: &Reading<'_>, before: u32) -> Option<String> {
    let calls = reading.mcp_calls().iter().rev();
    let mut challenged = calls.filter(|call| call.seq < before && call.status() == Some(401));
    let all = challenges(challenged.next()?.response()?).ok()?;
    let scope = all.iter().find_map(|one| one.parameter("scope"))?;
    (!scope.trim().is_empty()).then(|| scope.to_owned())
}

/// The scopes that neither the challenge nor the metadata names, where something names scopes at
/// all.
fn unknown(reading: &Reading<'_>, asked: &Asked<'_>, challenged: Option<&str>) -> Vec<String> {
    let resource = reading.resource_metadata();
    let resource = resource.and_then(|(_, metadata)| metadata.scopes_supported.clone());
    let server = reading.server_metadata();
    let server = server.and_then(|(_, metadata)| metadata.scopes_supported.clone());
    // A server that does not say which scopes it has may have any.
    let Some(server) = server else {
        return Vec::new();
    };
    let challenged = words(challenged.unwrap_or_default());
    let named: HashSet<&str> = server
        .iter()
        .chain(resource.iter().flatten())
        .map(String::as_str)
        .chain(challenged)
        .collect();
    let scope = words(asked.value("scope").unwrap_or_default());
    let unknown = scope.into_iter().filter(|scope| !named.contains(scope));
    unknown.map(excerpt).collect()
}

fn scope_in_words(scope: &str) -> String {
    if scope.is_empty() {
        "no scope".into()
    } else {
        format!("scope={}", excerpt(scope))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn with_server_scopes() -> Run {
        let mut run = Run::of_another_client();
        run.server_tries[0]
            .2
            .edit(|document| document["scopes_supported"] = json!(["mcp", "offline_access"]));
        run
    }

    #[test]
    fn less_than_the_challenge_and_more_than_anybody_names() {
        let mut run = Run::of_another_client();
        run.ask("scope", None);
        assert_eq!(
            run.finding_of_client("K04").actual.as_deref(),
            Some("no scope")
        );
        let mut run = with_server_scopes();
        run.ask("scope", Some("mcp profile email"));
        let finding = run.finding_of_client("K04");
        assert_eq!(finding.variant, "unknown");
        assert!(
            finding.message.contains("profile and email"),
            "{}",
            finding.message
        );
    }

    #[test]
    fn is_silent_on_more_that_is_named_and_on_what_nobody_lists() {
        let mut run = with_server_scopes();
        run.ask("scope", Some("mcp offline_access"));
        assert!(run.client_is_silent("K04"));
        let mut run = Run::of_another_client();
        run.ask("scope", Some("mcp openid"));
        assert!(run.client_is_silent("K04"));
        run.ask("scope", None);
        assert!(run.is_silent("K04"));
    }
}
