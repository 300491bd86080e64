use std::collections::HashSet;

use trace::Grant;

use crate::finding::Part;
use crate::reading::{Reading, access_token, form, value};
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
    spec: [RFC6749_CODE_ONCE],
    looks_at: [CodeReplay],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut used: HashSet<String> = HashSet::new();
    for (seen, grant) in &reading.tokens {
        let code = value(form(seen.request()), "code").map(str::to_owned);
        let Some(code) = code.filter(|_| *grant == Grant::AuthorizationCode) else {
            continue;
        };
        let Some(response) = seen
            .response()
            .filter(|response| access_token(*response).is_some())
        else {
            continue;
        };
        if used.contains(&code) {
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
        used.insert(code);
    }
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
    fn is_silent_when_it_is_refused() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        assert_eq!(found_in(&again(&refused), "T13"), None);
        assert!(Run::healthy_with_refresh().is_silent("T13"));
    }
}
