use std::collections::HashMap;

use serde_json::Value;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, bearer, challenges};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_STEP_UP;
use crate::step_up::lacks_scope;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// What a client that was watched or recorded does after a 403 with `insufficient_scope`:
    /// whether it authorizes once more, or only sends the same request with the same token again.
    ///
    /// # Why it matters
    /// The token does not get better by waiting. The user sees an error, and no page where more
    /// could be granted.
    ///
    /// # How to fix
    /// In the client: authorize once more for the scope of the challenge together with what was
    /// granted before, then repeat the request. The server can ask for all scopes in its first
    /// challenge.
    ///
    /// # References
    /// MCP authorization, "Step-Up Authorization Flow".
    "K13" "step_up_ignored" Warning Client since None,
    title: "The client does not ask for the scope that a call needs",
    spec: [MCP_CLIENT_STEP_UP],
    follows: ["T43"],
    looks_at: [AnotherClient, RefusedForScope],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let Some((refused, again)) = sent_again(reading) else {
        return;
    };
    let wanted = refused.response().and_then(|response| {
        let all = challenges(response).ok()?;
        let scope = all.iter().find_map(|one| one.parameter("scope"))?;
        Some(excerpt(scope))
    });
    // The token came from somewhere, so that another may have been asked for there, in vain.
    if reading.tokens.is_empty() && reading.visits.is_empty() {
        return;
    }
    let said = "The call was refused because the token lacks scope, and the client sent it again \
                with the same token.";
    let workaround = "asking for all the scopes that its tools need in the first challenge";
    let finding = RULE
        .found(MCP_CLIENT_STEP_UP)
        .at(
            again.seq,
            Part::RequestHeader {
                name: "Authorization".into(),
            },
        )
        .message(with_workaround(said, workaround))
        .expected(wanted.map_or_else(
            || "an authorization request for more scope".into(),
            |scope| format!("an authorization request with scope={scope}"),
        ))
        .actual("the same call with the same token")
        .fix("In the client: authorize once more for the scope of the challenge.");
    findings.add(finding);
}

/// A call that was refused for want of scope, and the same call with the same token, refused once
/// more, with no attempt to get another token in between.
fn sent_again<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, ExchangeRef<'a>)> {
    let mut before: HashMap<(&str, String), ExchangeRef<'_>> = HashMap::new();
    let refused = reading.calls.iter().filter(|call| lacks_scope(**call));
    for call in refused {
        let Some((token, asked)) = bearer(call.request()).zip(asked_for(*call)) else {
            continue;
        };
        let Some(first) = before.insert((token, asked), *call) else {
            continue;
        };
        let between = first.seq..call.seq;
        let asked = reading
            .visits
            .iter()
            .any(|visit| between.contains(&visit.seq))
            || reading
                .tokens
                .iter()
                .any(|(seen, _)| between.contains(&seen.seq));
        return (!asked).then_some((first, *call));
    }
    None
}

/// What a call asks for; its number differs each time.
fn asked_for(call: ExchangeRef<'_>) -> Option<String> {
    let body: Value = serde_json::from_slice(&call.request().get().body.bytes).ok()?;
    let method = body["method"].as_str()?;
    Some(format!("{method} {}", body["params"]["name"]))
}

#[cfg(test)]
mod tests {
    use trace::{BrowserVisit, EntryKind, HowOpened, Phase};

    use crate::sample::{AS, Answer, Run, call, found_in, watched};

    fn refused() -> Answer {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        Answer::bare(403).header("www-authenticate", challenge)
    }

    #[test]
    fn the_same_call_again() {
        let mut trace = watched(&Run::of_another_client().trace());
        call(&mut trace, &refused(), "opaque");
        assert_eq!(found_in(&trace, "K13"), None);
        call(&mut trace, &refused(), "opaque");
        let finding = found_in(&trace, "K13").unwrap();
        assert!(finding.expected.unwrap().contains("scope=write"));
    }

    #[test]
    fn an_authorization_server_that_was_not_seen_may_explain_it() {
        let mut trace = watched(&Run::of_another_client().trace());
        trace.entries.truncate(1);
        call(&mut trace, &refused(), "opaque");
        call(&mut trace, &refused(), "opaque");
        assert_eq!(found_in(&trace, "K13"), None);
    }

    #[test]
    fn is_silent_after_another_login() {
        let mut trace = watched(&Run::of_another_client().trace());
        call(&mut trace, &refused(), "opaque");
        let visit = BrowserVisit {
            url: format!(
                "{AS}/authorize?client_id=c1&response_type=code&code_challenge=x\
                          &code_challenge_method=S256&state=another-state&scope=mcp+write\
                          &resource=https://mcp.example/mcp"
            ),
            how: HowOpened::System,
        };
        trace.push(
            trace.started,
            0,
            Phase::StepUp,
            EntryKind::BrowserOpened(visit),
        );
        call(&mut trace, &refused(), "opaque");
        assert_eq!(found_in(&trace, "K13"), None);
    }
}
