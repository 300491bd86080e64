use serde_json::Value;
use trace::Purpose;

use crate::finding::Part;
use crate::reading::{Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_JWKS;
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// What `jwks_uri` answers: a JWK set with `keys` is expected.
    ///
    /// # Why it matters
    /// MCP servers fetch the keys there to check access tokens. Without them every token is
    /// refused, or taken unchecked.
    ///
    /// # How to fix
    /// Serve the JWK set at `jwks_uri` with status 200, without a login in front of it.
    ///
    /// # References
    /// RFC 8414 section 2; RFC 7517 section 5.
    "J03" "jwks_unusable" Error AuthorizationServer since None,
    title: "The authorization server's keys cannot be had",
    spec: [RFC8414_JWKS],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [KeySet],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut fetched = reading.sent_for(|purpose| *purpose == Purpose::Jwks);
    let unusable = fetched.find(|seen| {
        let Some(response) = seen.response_with_body() else {
            return false;
        };
        let set = object(response).filter(|_| response.status == 200);
        !set.is_some_and(|set| set.get("keys").is_some_and(Value::is_array))
    });
    let Some(seen) = unusable else { return };
    let ok = seen.status() == Some(200);
    let finding = RULE
        .found(RFC8414_JWKS)
        .at(
            seen.seq,
            if ok {
                Part::body("/keys")
            } else {
                Part::Status
            },
        )
        .message(
            "No signature can be checked: not here, and not by an MCP server that looks for the \
             keys there.",
        )
        .expected(format!("200 with a JWK set from {}", seen.request().url))
        .actual(if ok {
            "200 without keys".into()
        } else {
            answer_in_words(seen.exchange)
        })
        .fix("Serve the JWK set at jwks_uri, or correct jwks_uri in the metadata.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Request, Trace};

    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

    fn fetched(answer: &Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/jwks"));
        push_to_server(&mut trace, Purpose::Jwks, request, answer);
        trace
    }

    #[test]
    fn nothing_there_a_page_and_another_document() {
        for answer in [
            Answer::bare(404),
            Answer::html(200, "Login"),
            Answer::json(200, json!({"issuer": AS})),
        ] {
            assert!(found_in(&fetched(&answer), "J03").is_some());
        }
    }

    #[test]
    fn is_silent_about_a_set() {
        assert_eq!(
            found_in(&fetched(&Answer::json(200, json!({"keys": []}))), "J03"),
            None
        );
    }
}
