use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::MCP_STEP_UP_SCOPE;
use crate::step_up::lacks_scope;

rule! {
    /// # What it looks at
    /// A challenge with `insufficient_scope` that names no scope.
    ///
    /// # Why it matters
    /// A client that can step up does not know what to ask for. It asks for the same again, or
    /// gives up.
    ///
    /// # How to fix
    /// Add `scope` with all that the call needs to the challenge.
    ///
    /// # References
    /// MCP authorization, "Runtime Insufficient Scope Errors"; RFC 6750 section 3.
    "T43" "insufficient_scope_without_scope" Warning McpServer since None,
    title: "The challenge for more scope does not say which",
    spec: [MCP_STEP_UP_SCOPE],
    looks_at: [RefusedForScope],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let unnamed = reading.calls.iter().find(|call| {
        let all = call
            .response()
            .and_then(|response| challenges(response).ok())
            .unwrap_or_default();
        let named = |scope: &str| !scope.trim().is_empty();
        lacks_scope(**call)
            && !all
                .iter()
                .any(|challenge| challenge.parameter("scope").is_some_and(named))
    });
    let Some(call) = unnamed else { return };
    let finding = RULE
        .found(MCP_STEP_UP_SCOPE)
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .message("Clients that authorize once more for what a call needs cannot know what that is.")
        .expected("error=\"insufficient_scope\", scope=\"…\"")
        .actual("insufficient_scope without scope")
        .fix("Name the scopes that the call needs in scope of the challenge.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run};

    fn challenged(rest: &str) -> Run {
        let mut run = Run::healthy();
        let challenge = format!("Bearer error=\"insufficient_scope\"{rest}");
        run.calls
            .push(Answer::bare(403).header("www-authenticate", &challenge));
        run
    }

    #[test]
    fn no_scope_and_an_empty_one() {
        assert_eq!(challenged("").found(), ["T43"]);
        challenged(", scope=\" \"").finding("T43");
    }

    #[test]
    fn is_silent_when_it_is_named() {
        assert!(challenged(", scope=\"write\"").is_silent("T43"));
    }
}
