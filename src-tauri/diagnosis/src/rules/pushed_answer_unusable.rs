use trace::Purpose;

use crate::finding::Part;
use crate::reading::{Reading, oauth_error, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC9126_CREATED;
use crate::wording::{answer_in_words, excerpt, list};

rule! {
    /// # What it looks at
    /// A pushed authorization request that is answered with success: `request_uri` and `expires_in`
    /// have to be there.
    ///
    /// # Why it matters
    /// `request_uri` is what the browser is sent with; without it there is nothing to go on with.
    /// `expires_in` says for how long that works.
    ///
    /// # How to fix
    /// Answer with a JSON object that has both.
    ///
    /// # References
    /// RFC 9126 section 2.2.
    "P02" "pushed_answer_unusable" Error AuthorizationServer since None,
    title: "The answer to the pushed authorization request cannot be used",
    variants: [
        NO_LIFETIME: Warning AuthorizationServer Certain
            "The answer to the pushed authorization request does not say how long it is good",
    ],
    spec: [RFC9126_CREATED],
    stops: [PushedAuthorizationRejected],
    looks_at: [PushedRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let pushed = reading.sent_for(|purpose| *purpose == Purpose::PushedAuthorization);
    for seen in pushed {
        let Some(response) = seen
            .response_with_body()
            .filter(|response| (200..300).contains(&response.status))
        else {
            continue;
        };
        let answer = object(response).unwrap_or_default();
        let reference = text(&answer, "request_uri").is_some_and(|reference| !reference.is_empty());
        let lifetime = answer
            .get("expires_in")
            .and_then(serde_json::Value::as_f64)
            .is_some_and(|seconds| seconds > 0.0);
        if reference && lifetime {
            continue;
        }
        let error = oauth_error(response);
        let there: Vec<String> = answer
            .iter()
            .take(12)
            .map(|(name, value)| match name.as_str() {
                "request_uri" | "expires_in" => excerpt(&format!("\"{name}\": {value}")),
                name => excerpt(name),
            })
            .collect();
        let finding = RULE
            .found(RFC9126_CREATED)
            .at(
                seen.seq,
                Part::body(if reference {
                    "/expires_in"
                } else {
                    "/request_uri"
                }),
            )
            .expected("request_uri and expires_in")
            .actual(match there.as_slice() {
                _ if error.is_some() => format!(
                    "{}: {}",
                    response.status,
                    excerpt(&error.map(|error| error.words()).unwrap_or_default())
                ),
                [] => answer_in_words(seen.exchange),
                there => format!("only {}", list(there)),
            })
            .fix(
                "Answer with request_uri as a string and with expires_in as a number of seconds \
                 greater than zero.",
            );
        return findings.add(if reference {
            finding.variant(&NO_LIFETIME).message(
                "This client goes on at once, so nothing breaks here; others may refuse the \
                     answer.",
            )
        } else {
            finding.message(
                "Without request_uri there is nothing to send the \
                                            browser with.",
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::pushed_status_not_created::tests::pushed;
    use crate::finding::Level;
    use crate::sample::{Answer, found_in};

    #[test]
    fn either_may_be_missing() {
        let nothing = found_in(
            &pushed(&Answer::json(201, json!({"expires_in": 60}))),
            "P02",
        )
        .unwrap();
        assert_eq!(
            (nothing.level, nothing.actual.as_deref()),
            (Level::Error, Some("only \"expires_in\": 60"))
        );
        let lifetime = found_in(
            &pushed(&Answer::json(201, json!({"request_uri": "urn:x"}))),
            "P02",
        )
        .unwrap();
        assert_eq!(lifetime.level, Level::Warning);
        assert!(found_in(&pushed(&Answer::html(200, "Login")), "P02").is_some());
        let error = json!({"error": "invalid_client", "error_description": "unknown client"});
        let error = found_in(&pushed(&Answer::json(200, error)), "P02")
            .unwrap()
            .actual;
        assert_eq!(
            error.as_deref(),
            Some("200: invalid_client: unknown client")
        );
    }

    #[test]
    fn is_silent_about_errors() {
        assert_eq!(
            found_in(&pushed(&Answer::json(400, json!({"error": "x"}))), "P02"),
            None
        );
    }
}
