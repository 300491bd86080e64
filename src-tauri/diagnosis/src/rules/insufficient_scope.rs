use trace::{Decision, Purpose, ScopeSource};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{
    MCP_CHALLENGE_SCOPE, MCP_STEP_UP_SCOPE, RFC6749_SCOPE_GRANTED, RFC6750_INSUFFICIENT_SCOPE,
};
use crate::step_up::{Refused, granted, lacks_scope, refused, refused_at_end, without, words};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A call with a token that is answered 403 with `insufficient_scope`: the scope that is
    /// wanted, next to the scope asked for and the scope granted.
    ///
    /// # Why it matters
    /// The login worked and the token does not do. Clients without a step-up end here, and many say
    /// that the token has expired.
    ///
    /// # How to fix
    /// Let the MCP server name the scopes that every client needs in the challenge of its 401, and
    /// the authorization server grant them. When less is granted than was asked for, look at the
    /// authorization server.
    ///
    /// # References
    /// MCP authorization, "Scope Challenge Handling"; RFC 6750 section 3.1.
    "T19" "insufficient_scope" Error McpServer since None,
    title: "The MCP server wants more scope than the token has",
    variants: [
        SCOPE_IS_THERE: Error McpServer Likely,
        NOT_GRANTED: Error AuthorizationServer Likely
            "The authorization server did not grant the scope that the MCP server wants",
        SCOPE_GIVEN: Error Client Likely,
        WANTED_LATER: Warning McpServer Certain
            "{method} needs more scope than the challenge of the 401 names",
    ],
    spec: [RFC6750_INSUFFICIENT_SCOPE, MCP_STEP_UP_SCOPE, MCP_CHALLENGE_SCOPE, RFC6749_SCOPE_GRANTED],
    follows: ["T43", "A20"],
    stops: [InsufficientScope, WrongChallengeStatus],
    looks_at: [CallWithToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(refused) = refused(reading) else {
        return stepped_up_at_once(reading, findings);
    };
    let wanted = refused.wanted.as_deref().map(words);
    let granted = granted(reading, refused.call);
    let asked = reading.scope_asked_for(refused.call.seq);
    let lacking: Vec<&str> = match (&wanted, &granted) {
        (Some(wanted), Some(granted)) => without(wanted, granted),
        (Some(wanted), None) => wanted.clone(),
        (None, _) => Vec::new(),
    };
    let was_asked = asked
        .as_deref()
        .is_some_and(|asked| without(&lacking, asked).is_empty());
    let given = reading.decisions.iter().rev().any(|(_, decision)| {
        matches!(
            decision,
            Decision::Scope {
                source: ScopeSource::Given,
                ..
            }
        )
    });
    let finding = match (&wanted, &granted) {
        (None, _) if given => RULE
            .found(RFC6750_INSUFFICIENT_SCOPE)
            .variant(&SCOPE_GIVEN)
            .message(
                "The scope in the settings of this run was asked for instead of what the MCP server \
                 names, and the server wants more. It does not say which.",
            )
            .fix("Leave the scope of this run out, so that it asks for what the MCP server names."),
        (None, _) => RULE
            .found(MCP_STEP_UP_SCOPE)
            .message("It does not say which scope, so no client can ask for it.")
            .fix("Name the scopes that the call needs in the scope parameter of the challenge."),
        (Some(_), Some(granted)) if lacking.is_empty() => RULE
            .found(RFC6750_INSUFFICIENT_SCOPE)
            .variant(&SCOPE_IS_THERE)
            .message(format!(
                "The token has every scope that the challenge names (\"{}\"), so asking again \
                 changes nothing. The server may read the scope from another claim, or mean a \
                 permission of the user.",
                excerpt(granted)
            ))
            .fix(
                "Compare where the MCP server looks for scopes with what the decoded token \
                  holds.",
            ),
        _ if was_asked => RULE
            .found(RFC6749_SCOPE_GRANTED)
            .variant(&NOT_GRANTED)
            .message(format!(
                "{} was asked for and is not in the token. The authorization server does not grant \
                 it to this client or user, or the user unticked it.",
                excerpt(&lacking.join(" "))
            ))
            .fix(format!(
                "Allow {} for this client and user at the authorization server.",
                excerpt(&lacking.join(" "))
            )),
        _ if given => RULE
            .found(RFC6750_INSUFFICIENT_SCOPE)
            .variant(&SCOPE_GIVEN)
            .message(
                "The scope in the settings of this run was asked for, and it lacks what the \
                      server wants.",
            )
            .fix(format!(
                "Add {} to the scope of this run.",
                excerpt(&lacking.join(" "))
            )),
        _ => RULE
            .found(MCP_CHALLENGE_SCOPE)
            .message(format!(
                "{} was not asked for, because neither the challenge of the 401 nor \
                 scopes_supported names it. Clients that can step up ask again now; others end \
                 here.",
                excerpt(&lacking.join(" "))
            ))
            .fix(format!(
                "Name {} in scope of the 401 challenge, if every client needs it. Until then give \
                 the scope in the settings of this run.",
                excerpt(&lacking.join(" "))
            )),
    };
    findings.add(refused.describe(finding, granted.as_deref()));
}

/// The flow had to authorize once more before it could do anything at all.
fn stepped_up_at_once(reading: &Reading<'_>, findings: &mut Findings) {
    if refused_at_end(reading).is_some() {
        return;
    }
    let early = reading.step_ups_for_scope().find_map(|at| {
        let call = reading.call_before(at)?;
        let Purpose::Mcp { method } = &call.exchange.purpose else {
            return None;
        };
        // What one tool or resource needs is asked for when it is used.
        let of_one_thing = matches!(
            method.as_str(),
            "tools/call" | "resources/read" | "prompts/get"
        );
        (lacks_scope(call) && !of_one_thing).then_some((call, method))
    });
    let Some((call, method)) = early else { return };
    let all = call
        .response()
        .and_then(|response| challenges(response).ok())
        .unwrap_or_default();
    let wanted = all
        .iter()
        .find_map(|challenge| challenge.parameter("scope"))
        .unwrap_or_default();
    // Who names it there is not to blame for a client that asked for something else.
    if is_named_by_401(reading, wanted) {
        return;
    }
    let finding = RULE
        .found(MCP_CHALLENGE_SCOPE)
        .variant(&WANTED_LATER)
        .title_with([method])
        .at(call.seq, Part::response_header("WWW-Authenticate"))
        .message(
            "This run authorized once more and went on. The user sees two pages for what is one \
             login, and clients that cannot step up end here.",
        )
        .expected(format!("a challenge of the 401 with {}", excerpt(wanted)))
        .actual(format!("{} is wanted only afterwards", excerpt(wanted)))
        .fix(format!(
            "Name {} in scope of the 401 challenge, since every client needs it.",
            excerpt(wanted)
        ));
    findings.add(finding);
}

/// Whether the challenge of the 401 names these scopes already.
fn is_named_by_401(reading: &Reading<'_>, wanted: &str) -> bool {
    let wanted = words(wanted);
    reading.first_calls.iter().any(|call| {
        let all = call
            .response()
            .filter(|response| response.status == 401)
            .and_then(|response| challenges(response).ok())
            .unwrap_or_default();
        let mut scopes = all
            .iter()
            .filter_map(|challenge| challenge.parameter("scope"));
        scopes.any(|named| without(&wanted, named).is_empty())
    })
}

impl Refused<'_> {
    fn describe(&self, finding: Finding, granted: Option<&str>) -> Finding {
        let or = |scope: Option<&str>, none: &str| scope.map_or_else(|| none.into(), excerpt);
        finding
            .at(self.call.seq, Part::response_header("WWW-Authenticate"))
            .expected(format!(
                "a token with {}",
                or(self.wanted.as_deref(), "a scope that is not named")
            ))
            .actual(format!(
                "a token with {}",
                or(
                    granted.map(|scope| if scope.is_empty() { "no scope" } else { scope }),
                    "a scope that is not known here"
                )
            ))
    }
}

#[cfg(test)]
mod tests {
    use trace::{Decision, Phase, ScopeSource, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn refused(wanted: &str, asked: &str, granted: &str) -> Run {
        let mut run = Run::healthy();
        run.ask("scope", Some(asked));
        run.token.edit(|token| token["scope"] = granted.into());
        let challenge = format!("Bearer error=\"insufficient_scope\"{wanted}");
        run.calls[1] = Answer::bare(403).header("www-authenticate", &challenge);
        run.stop(Phase::Mcp, StopCode::InsufficientScope);
        run
    }

    #[test]
    fn the_owner_is_who_left_the_scope_out() {
        let write = ", scope=\"mcp write\"";
        let finding = refused(write, "mcp", "mcp").finding("T19");
        assert_eq!(finding.owner, Owner::McpServer);
        assert!(
            finding.message.starts_with("write was not asked for"),
            "{}",
            finding.message
        );
        assert_eq!(finding.expected.as_deref(), Some("a token with mcp write"));
        let kept_back = refused(write, "mcp write", "mcp");
        assert_eq!(kept_back.finding("T19").owner, Owner::AuthorizationServer);
        let has_it = refused(write, "mcp write", "write mcp").finding("T19");
        assert!(has_it.message.contains("asking again changes nothing"));
        let unnamed = refused("", "mcp", "mcp").finding("T19");
        assert!(unnamed.spec.quote.contains("SHOULD include the scopes"));
    }

    #[test]
    fn a_scope_given_by_hand_is_the_client_s() {
        for wanted in [", scope=\"write\"", ""] {
            is_the_client_s(wanted);
        }
    }

    fn is_the_client_s(wanted: &str) {
        let run = refused(wanted, "mcp", "mcp");
        let mut trace = run.trace();
        let scope = Decision::Scope {
            scope: Some("mcp".into()),
            source: ScopeSource::Given,
        };
        std::sync::Arc::make_mut(&mut trace.entries[1]).kind = trace::EntryKind::Decision(scope);
        let found = crate::diagnose(&trace);
        assert!(
            found
                .iter()
                .any(|finding| finding.code == "T19" && finding.owner == Owner::Client)
        );
    }

    #[test]
    fn is_silent_about_other_refusals() {
        let mut run = refused("", "mcp", "mcp");
        run.calls[1] = Answer::bare(403);
        run.stop(Phase::Mcp, StopCode::McpError);
        assert!(run.is_silent("T19"));
        let mut early = Run::healthy();
        early.challenge =
            Answer::bare(403).header("www-authenticate", "Bearer error=\"insufficient_scope\"");
        early.stop(Phase::Challenge, StopCode::WrongChallengeStatus);
        assert_eq!(early.found(), ["D04"]);
        assert!(Run::healthy().is_silent("T19"));
    }
}
