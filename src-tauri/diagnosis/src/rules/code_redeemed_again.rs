use std::collections::HashMap;

use trace::Grant;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, access_token, form, oauth_error, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_CODE_ONCE_CLIENT;

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded sends the same authorization code to the token
    /// endpoint more than once.
    ///
    /// # Why it matters
    /// A code is good for one use. The second one is refused, may end the tokens of the first, and
    /// hides the cause: what the client shows is the refusal of the second request.
    ///
    /// # How to fix
    /// In the client: send a code once. After an error begin a new authorization. The authorization
    /// server should answer the first request with the true cause.
    ///
    /// # References
    /// RFC 6749 sections 4.1.2 and 10.5.
    "K15" "code_redeemed_again" Error Client since None,
    title: "The client sends a code again that brought it a token",
    variants: [
        REFUSED: Warning Client Certain "The client sends a code again that was refused",
    ],
    spec: [RFC6749_CODE_ONCE_CLIENT],
    follows: [REFUSED "T41"],
    looks_at: [AnotherClient, TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let mut sent: HashMap<&str, ExchangeRef<'_>> = HashMap::new();
    for (seen, grant) in &reading.tokens {
        let Some(code) = value(form(seen.request()), "code") else {
            continue;
        };
        if *grant != Grant::AuthorizationCode {
            continue;
        }
        let Some(first) = sent.insert(code, *seen) else {
            continue;
        };
        let taken = first.response().and_then(access_token).is_some();
        // A request that got no answer, or wanted another proof, did not use the code up.
        let unused = || match first.response().and_then(oauth_error) {
            Some(error) => error.error != "invalid_grant",
            None => true,
        };
        if !taken && unused() {
            continue;
        }
        let finding = RULE.found(RFC6749_CODE_ONCE_CLIENT);
        let (finding, said) = if taken {
            let said = "The first request brought a token. The authorization server has to refuse \
                        the second, and may revoke that token.";
            (finding, said)
        } else {
            let said = "The code was refused, and a code that was refused does not get good. The \
                        answer to the first request names the cause; that to the second does not.";
            (finding.variant(&REFUSED), said)
        };
        let workaround = "naming the cause in error_description of its first answer";
        let finding = finding
            .at(seen.seq, Part::RequestBody)
            .message(with_workaround(said, workaround))
            .expected("each code once")
            .actual(format!("the code of entry {} again", first.seq))
            .fix("In the client: send a code once, and authorize afresh after an error.");
        return findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Grant, Purpose, Trace};

    use crate::sample::{Answer, Run, found_in, post, push_to_server, watched};

    fn twice(first: &Answer) -> Trace {
        let mut run = Run::of_another_client();
        run.token = first.clone();
        run.calls.clear();
        run.refresh = None;
        let mut trace = watched(&run.trace());
        let form: Vec<(&str, &str)> = run
            .exchange
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let grant = Grant::AuthorizationCode;
        let again = Answer::json(400, json!({"error": "invalid_grant"}));
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &again,
        );
        trace
    }

    #[test]
    fn after_a_token_and_after_a_refusal() {
        let again = found_in(&twice(&Run::healthy().token), "K15").unwrap();
        assert_eq!(again.variant, "default");
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        assert_eq!(
            found_in(&twice(&refused), "K15").unwrap().variant,
            "refused"
        );
    }

    #[test]
    fn is_silent_where_the_code_was_not_used_up() {
        assert!(Run::of_another_client().client_is_silent("K15"));
        for error in ["use_dpop_nonce", "invalid_client"] {
            let first = Answer::json(400, json!({"error": error})).header("dpop-nonce", "n");
            assert_eq!(found_in(&twice(&first), "K15"), None, "{error}");
        }
        let first = Answer::failed(trace::FailureKind::Reset);
        assert_eq!(found_in(&twice(&first), "K15"), None);
    }
}
