use trace::Purpose;

use crate::by_status::of_client_request;
use crate::finding::Part;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC7009_STATUS;
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// What the revocation endpoint answers: 200 is expected, for tokens that are dead already as
    /// well.
    ///
    /// # Why it matters
    /// A client that logs out wants its tokens dead. When it is refused they live on, and most
    /// clients do not tell the user.
    ///
    /// # How to fix
    /// Take revocation from every client that got tokens, public ones with `client_id` alone, by
    /// POST, and answer 200.
    ///
    /// # References
    /// RFC 7009 sections 2.1 and 2.2.
    "V02" "revocation_refused" Warning AuthorizationServer Likely since None,
    title: "The authorization server refuses to revoke a token",
    variants: [
        BY_NETWORK: Warning Network Likely "The revocation does not reach the authorization server",
        UNAVAILABLE: Warning AuthorizationServer Likely
            "The authorization server revokes nothing for now",
        KIND_NOT_SUPPORTED: Note AuthorizationServer Certain
            "The authorization server does not revoke tokens of this kind",
        WITH_SUCCESS: Warning AuthorizationServer Certain
            "The revocation is answered with an error and a success status",
        OTHER_STATUS: Note AuthorizationServer Certain
            "The revocation is answered with another status than 200",
    ],
    spec: [RFC7009_STATUS],
    looks_at: [Revocation],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut all = reading.sent_for(|purpose| matches!(purpose, Purpose::Revocation { .. }));
    // That a nonce is wanted is not a refusal.
    let refused = all.find(|seen| {
        let Some(response) = seen.response_with_body() else {
            return false;
        };
        let answer = object(response).unwrap_or_default();
        match text(&answer, "error") {
            Some(error) => error != "use_dpop_nonce",
            None => response.status != 200,
        }
    });
    let Some((seen, response)) = refused.and_then(|seen| Some((seen, seen.response()?))) else {
        return;
    };
    let answer = object(response).unwrap_or_default();
    let error = text(&answer, "error").unwrap_or_default();
    let description = text(&answer, "error_description").unwrap_or_default();
    let finding = RULE
        .found(RFC7009_STATUS)
        .at(seen.seq, Part::Status)
        .expected("200")
        .actual(match (error, description) {
            ("", _) => answer_in_words(seen.exchange),
            (error, "") => format!("{}: {}", response.status, excerpt(error)),
            (error, said) => format!("{}: {}: {}", response.status, excerpt(error), excerpt(said)),
        });
    if let Some(decided) = of_client_request(seen.request(), &response, "the authorization server")
    {
        // "The token still exists", and one may try again later (section 2.2.1).
        let variant = match (response.status, decided.is_of_network()) {
            (503, _) => &UNAVAILABLE,
            (_, true) => &BY_NETWORK,
            (_, false) => RULE.default_variant(),
        };
        return findings.add(
            finding
                .variant(variant)
                .actual(answer_in_words(seen.exchange))
                .message(format!("The token lives on. {}", decided.why))
                .fix(decided.fix),
        );
    }
    findings.add(match (error, response.status) {
        (error, 200..=299) if !error.is_empty() => finding
            .variant(&WITH_SUCCESS)
            .message(
                "The status says that the token is revoked, and the body that it is not. Clients \
                 go by the status, so the token may live on unnoticed.",
            )
            .expected("200 when the token is dead, else an error status")
            .fix("Answer 200 once the token is dead, and errors with status 400."),
        ("unsupported_token_type", _) => finding
            .variant(&KIND_NOT_SUPPORTED)
            .message(
                "That is allowed. Such a token lives until it expires; revoke the refresh \
                      token instead.",
            )
            .fix("Nothing has to change."),
        (_, 201..=299) => finding
            .variant(&OTHER_STATUS)
            .message("It is a success, and clients that look closely take it for a failure.")
            .fix("Answer a revocation with status 200."),
        ("invalid_client" | "unauthorized_client", _) => finding
            .message(
                "The authorization server does not let this client revoke, though it gave it \
                 tokens. Most likely the endpoint wants a secret, which a public client does not \
                 have.",
            )
            .fix("Let public clients revoke their own tokens with client_id alone."),
        _ => finding
            .message(
                "The token lives on. The endpoint in the metadata may be another one, or \
                      wants something else.",
            )
            .fix(
                "Answer a POST with token and client authentication with 200, whether the token \
                  was alive or not.",
            ),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, TokenKind, Trace};

    use crate::finding::Level;
    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    fn answered(answer: &Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let token = TokenKind::RefreshToken;
        let form = [("token", "refresh-1"), ("client_id", "c1")];
        push_to_server(
            &mut trace,
            Purpose::Revocation { token },
            post("/revoke", &form),
            answer,
        );
        trace
    }

    #[test]
    fn a_refusal_is_a_warning_and_the_rest_a_note() {
        let level = |answer| found_in(&answered(&answer), "V02").unwrap().level;
        assert_eq!(
            level(Answer::json(401, json!({"error": "invalid_client"}))),
            Level::Warning
        );
        assert_eq!(level(Answer::bare(405)), Level::Warning);
        assert_eq!(level(Answer::bare(204)), Level::Note);
        assert_eq!(
            level(Answer::json(
                400,
                json!({"error": "unsupported_token_type"})
            )),
            Level::Note
        );
    }

    #[test]
    fn the_status_decides_before_the_words() {
        let of = |status| found_in(&answered(&Answer::bare(status)), "V02").unwrap();
        assert_eq!(of(502).owner, crate::finding::Owner::Network);
        assert_eq!(of(503).variant, "unavailable");
        assert!(of(429).message.contains("limit"));
    }

    #[test]
    fn is_silent_about_success() {
        assert_eq!(found_in(&answered(&Answer::bare(200)), "V02"), None);
    }

    #[test]
    fn an_error_with_a_status_of_success() {
        let answer = Answer::json(200, json!({"error": "invalid_request"}));
        let finding = found_in(&answered(&answer), "V02").unwrap();
        assert_eq!(finding.variant, "with_success");
        for body in [json!({}), json!({"revoked": true})] {
            assert_eq!(found_in(&answered(&Answer::json(200, body)), "V02"), None);
        }
    }
}
