use std::collections::HashMap;

use trace::Grant;

use crate::finding::{Finding, Part};
use crate::keyed::first_after;
use crate::reading::{ExchangeRef, Reading, access_token, form, jwt, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_CODE_ONCE;

rule! {
    /// # What it looks at
    /// An authorization code that was exchanged twice, with an access token each time.
    ///
    /// # Why it matters
    /// A code passes through browser, history and logs. Who reads it there must come too late:
    /// after its first use it has to be worth nothing, and a second use shows that somebody else
    /// has it.
    ///
    /// # How to fix
    /// Mark a code as used when it is exchanged, in a place that all instances share, and refuse it
    /// from then on with `invalid_grant`. Revoke the tokens of the first exchange at the second.
    ///
    /// # References
    /// RFC 6749 sections 4.1.2 and 10.5.
    "T13" "code_replay_works" Error AuthorizationServer since None,
    title: "An authorization code works twice",
    variants: [
        TOKEN_SURVIVES: Warning AuthorizationServer Likely
            "The first token outlives a second use of its authorization code",
        SIGNED_TOKEN_SURVIVES: Note AuthorizationServer Likely
            "The first token outlives a second use of its authorization code",
    ],
    spec: [RFC6749_CODE_ONCE],
    looks_at: [CodeReplay],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut used: HashMap<String, String> = HashMap::new();
    for (seen, grant) in &reading.tokens {
        let code = value(form(seen.request()), "code").map(str::to_owned);
        let Some(code) = code.filter(|_| *grant == Grant::AuthorizationCode) else {
            continue;
        };
        let first = used.get(&code);
        let Some((response, token)) = seen
            .response()
            .and_then(|response| Some((response, access_token(response)?)))
        else {
            let survives = first.and_then(|token| survives(reading, *seen, token));
            if let Some(finding) = survives {
                return findings.add(finding);
            }
            continue;
        };
        if first.is_some() {
            let finding = RULE
                .found(RFC6749_CODE_ONCE)
                .at(seen.seq, Part::Status)
                .message(
                    "The same code brought tokens before and brings tokens again. Whoever finds it \
                     in a log or a browser's history within its lifetime can do the same, if they \
                     have the code_verifier too.",
                )
                .expected("400 with invalid_grant")
                .actual(format!("{} with an access token", response.status))
                .fix(
                    "Store that a code was used, where all instances see it, and answer \
                     invalid_grant from then on.",
                );
            return findings.add(finding);
        }
        used.insert(code, token);
    }
}

/// The second use was refused as it should be, and the token of the first one was taken after it.
fn survives(reading: &Reading<'_>, again: ExchangeRef<'_>, token: &str) -> Option<Finding> {
    again
        .status()
        .filter(|status| (400..500).contains(status))?;
    let uses = reading.keyed.uses.get(token)?;
    let taken = first_after(&uses.accepted, again.seq)?;
    let finding = RULE.found(RFC6749_CODE_ONCE).at(taken.seq, Part::Status);
    let finding = if jwt(token).is_ok() {
        finding.variant(&SIGNED_TOKEN_SURVIVES).message(
            "The code was refused as it should be, and the MCP server still accepts the token that \
             it had brought. A server that checks signatures alone does not learn that a token was \
             revoked, so a short lifetime is what is left.",
        )
    } else {
        finding.variant(&TOKEN_SURVIVES).message(
            "The code was refused as it should be, and the token that it had brought is still good. \
             Who has seen the code may have been the first to use it; then the thief keeps the \
             token.",
        )
    };
    Some(
        finding
            .expected("401 for the token of a code that was used twice")
            .actual(format!("{}", taken.status().unwrap_or_default()))
            .fix("Revoke the tokens of a code when the code comes a second time."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Grant, Purpose, Trace};

    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    fn again(answer: &Answer) -> Trace {
        let run = Run::healthy();
        let mut trace = run.trace();
        let form: Vec<(&str, &str)> = run
            .exchange
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let grant = Grant::AuthorizationCode;
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            answer,
        );
        trace
    }

    #[test]
    fn a_second_token_for_one_code() {
        assert!(found_in(&again(&Run::healthy().token), "T13").is_some());
    }

    #[test]
    fn the_first_token_that_is_taken_after_a_refused_replay() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        for (token, variant) in [
            (None, "signed_token_survives"),
            (Some("opaque-1"), "token_survives"),
        ] {
            let mut run = Run::healthy();
            if let Some(token) = token {
                run.token
                    .edit(|answer| answer["access_token"] = token.into());
            }
            let mut trace = run.trace();
            let form: Vec<(&str, &str)> = run
                .exchange
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let grant = Grant::AuthorizationCode;
            let replay = post("/token", &form);
            push_to_server(&mut trace, Purpose::Token { grant }, replay, &refused);
            assert_eq!(found_in(&trace, "T13"), None);
            let call = trace
                .exchanges()
                .filter(|(_, seen)| matches!(seen.purpose, Purpose::Mcp { .. }))
                .last()
                .map(|(_, seen)| (seen.purpose.clone(), seen.request.clone()));
            let (purpose, request) = call.expect("a call");
            push_to_server(&mut trace, purpose, request, &run.calls[1]);
            assert_eq!(found_in(&trace, "T13").unwrap().variant, variant);
        }
    }

    #[test]
    fn is_silent_when_it_is_refused() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        assert_eq!(found_in(&again(&refused), "T13"), None);
        assert!(Run::healthy_with_refresh().is_silent("T13"));
    }
}
