use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC6750_INSUFFICIENT_SCOPE;
use crate::step_up::{granted, refused, without, words};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A call that is answered `insufficient_scope` again after the client authorized once more for
    /// the scope that was wanted, and got it.
    ///
    /// # Why it matters
    /// Clients authorize again and again, each time with a page for the user, until they give up.
    /// Those without a limit never do.
    ///
    /// # How to fix
    /// Compare where the MCP server looks for scopes (`scope`, `scp`, `permissions`, roles) with
    /// what the token holds. If it is not the scope but the user that may not do this, answer 403
    /// without `insufficient_scope`.
    ///
    /// # References
    /// RFC 6750 section 3.1; MCP authorization, "Step-Up Authorization Flow".
    "T20" "endless_step_up" Error McpServer Likely since None,
    title: "The MCP server wants more scope, whatever the token has",
    spec: [RFC6750_INSUFFICIENT_SCOPE],
    supersedes: ["T19"],
    stops: [InsufficientScope],
    looks_at: [StepUp],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(refused) = refused(reading) else {
        return;
    };
    let step_ups = reading.step_ups_before(refused.call.seq);
    let wanted = refused.wanted.clone().unwrap_or_default();
    if step_ups == 0 || wanted.is_empty() {
        return;
    }
    let granted = granted(reading, refused.call);
    // When the token lacks it, it is not the server that is wrong.
    if granted
        .as_deref()
        .is_some_and(|granted| !without(&words(&wanted), granted).is_empty())
    {
        return;
    }
    let finding = RULE
        .found(RFC6750_INSUFFICIENT_SCOPE)
        .at(refused.call.seq, Part::response_header("WWW-Authenticate"))
        .message(format!(
            "It was authorized once more {}, and the token has every scope that the challenge \
             names, as far as can be seen. The call is refused all the same: the server looks for \
             scopes elsewhere in the token, or means a permission that no scope gives.",
            match step_ups {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            }
        ))
        .expected(format!("an answer for a token with {}", excerpt(&wanted)))
        .actual(format!(
            "insufficient_scope for a token with {}",
            granted
                .as_deref()
                .map_or_else(|| "a scope that is not known here".into(), excerpt)
        ))
        .fix(
            "Let the MCP server read scopes where the authorization server writes them. Answer 403 \
             without insufficient_scope when more scope would not help.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{BrowserVisit, Decision, EntryKind, HowOpened, Phase, StopCode, Trace};

    use crate::sample::{AS, Answer, MCP, Run, call, decide, found_in, jwt, stop};

    fn stepped_up(granted: &str) -> Trace {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        let refused = Answer::bare(403).header("www-authenticate", challenge);
        let token = |scope: &str| {
            jwt(&json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "scope": scope}))
        };
        let mut trace = Run::healthy().trace();
        call(&mut trace, &refused, &token("mcp"));
        let step_up = Decision::StepUp {
            scope: Some("mcp write".into()),
            acr_values: None,
            max_age: None,
            attempt: 1,
        };
        decide(&mut trace, step_up);
        let visit = BrowserVisit {
            url: format!("{AS}/authorize?client_id=c1&scope=mcp+write"),
            how: HowOpened::System,
        };
        let kind = EntryKind::BrowserOpened(visit);
        trace.push(trace.started, 0, Phase::StepUp, kind);
        call(&mut trace, &refused, &token(granted));
        stop(&mut trace, StopCode::InsufficientScope);
        trace
    }

    #[test]
    fn the_token_has_what_is_wanted() {
        let trace = stepped_up("mcp write");
        assert!(
            found_in(&trace, "T20")
                .unwrap()
                .message
                .contains("once more once")
        );
        assert_eq!(found_in(&trace, "T19"), None);
    }

    #[test]
    fn is_silent_when_it_was_not_granted() {
        let trace = stepped_up("mcp");
        assert_eq!(found_in(&trace, "T20"), None);
        assert!(found_in(&trace, "T19").is_some());
    }
}
