use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_SCOPE_LIST;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `scope` in a challenge and `scopes_supported` in the resource metadata: spaces at the ends
    /// or in a row in the one, empty names or names with a space in the other.
    ///
    /// # Why it matters
    /// Many clients send on what they were given, and the authorization server then refuses the
    /// request with `invalid_scope`. Nobody sees the space.
    ///
    /// # How to fix
    /// Write scopes with one space between two of them, and each name of `scopes_supported` as a
    /// text of its own.
    ///
    /// # References
    /// RFC 6749 section 3.3.
    "A08" "scope_malformed" Warning McpServer since None,
    title: "A scope is written with a space too many",
    spec: [RFC6749_SCOPE_LIST],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let in_challenge = calls.into_iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let scope = all.iter().find_map(|challenge| {
            challenge
                .parameter("scope")
                .filter(|scope| is_malformed(scope))
        })?;
        Some((
            call.seq,
            Part::response_header("WWW-Authenticate"),
            quoted(scope),
        ))
    });
    let in_metadata = || {
        let (attempt, metadata) = reading.resource_metadata()?;
        let names = metadata.scopes_supported.as_deref().unwrap_or_default();
        let odd = names
            .iter()
            .find(|name| name.is_empty() || name.contains(' '))?;
        Some((
            attempt.seen.seq,
            Part::body("/scopes_supported"),
            quoted(odd),
        ))
    };
    let Some((seq, part, actual)) = in_challenge.or_else(in_metadata) else {
        return;
    };
    let finding = RULE
        .found(RFC6749_SCOPE_LIST)
        .at(seq, part)
        .message(
            "This run takes the space away. Clients that send the scope on as it is are refused \
             with invalid_scope.",
        )
        .expected("scope names with one space between two of them")
        .actual(actual)
        .fix("Take the space away, and write each name of a list as a text of its own.");
    findings.add(finding);
}

fn is_malformed(scope: &str) -> bool {
    !scope.is_empty() && scope.split(' ').any(str::is_empty)
}

/// With the spaces that it is about.
fn quoted(scope: &str) -> String {
    match scope.len() {
        0..=120 => format!("\"{scope}\""),
        _ => excerpt(scope),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

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
        assert_eq!(run.finding("A08").actual.as_deref(), Some("\"a b\""));
    }

    #[test]
    fn is_silent_about_lists_as_they_should_be() {
        assert!(challenged("a b").is_silent("A08"));
        assert!(challenged("").is_silent("A08"));
    }
}
