use crate::by_status::{Decided, of_token_answer};
use crate::finding::Part;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_TOKEN_ERROR;
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// An error of the token endpoint whose body has no `error` of type string.
    ///
    /// # Why it matters
    /// Clients decide by `error` what to do next: authorize again, register again, give up. Without
    /// it they can only give up, with a message about an invalid error response.
    ///
    /// # How to fix
    /// Answer with JSON that has `error` with one of the codes of RFC 6749, and `error_description`
    /// for people.
    ///
    /// # References
    /// RFC 6749 section 5.2.
    "T03" "token_error_not_oauth" Error AuthorizationServer Likely since None,
    title: "The token endpoint's error is not an OAuth error",
    variants: [
        OWN_OPTION: Error Client Likely
            "The token request fails because of this run's own {option}",
        GATEWAY: Error Network Likely,
        TOO_MANY: Error AuthorizationServer Likely
            "The token endpoint limits the rate of requests",
        FAILS: Error AuthorizationServer Likely "The token endpoint fails with a server error",
        IN_FRONT: Error Network Likely
            "What stands in front of the authorization server answers the token request",
        NO_ENDPOINT: Error AuthorizationServer Likely "There is no token endpoint at this URL",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC6749_TOKEN_ERROR],
    follows: ["N03/default"],
    stops: [TokenRejected],
    looks_at: [TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let strange = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen
            .response_with_body()
            .filter(|response| response.status >= 400)?;
        let object = object(response);
        let named = object
            .as_ref()
            .is_some_and(|object| text(object, "error").is_some());
        let decided = of_token_answer(seen.request(), &response, named);
        (!named || decided.is_some()).then_some((seen, response, object, decided))
    });
    let Some((seen, response, object, decided)) = strange else {
        return;
    };
    if let Some(decided) = decided {
        let variant = match decided.kind {
            Decided::TooMany => &TOO_MANY,
            Decided::Gateway => &GATEWAY,
            Decided::InFront | Decided::ToLogin => &IN_FRONT,
            Decided::Fails | Decided::HostUnknown | Decided::Redirected => &FAILS,
        };
        let finding = RULE
            .found(RFC6749_TOKEN_ERROR)
            .at(seen.seq, Part::Status)
            .variant(variant)
            .message(decided.why)
            .expected("200 with an access token, or an OAuth error")
            .actual(answer_in_words(seen.exchange))
            .fix(decided.fix);
        return findings.add(finding);
    }
    let status = response.status;
    let body = response.text().map(excerpt).unwrap_or_default();
    let finding = RULE
        .found(RFC6749_TOKEN_ERROR)
        .at(
            seen.seq,
            Part::body(if object.is_some() { "/error" } else { "" }),
        )
        .expected("a JSON object with error, e.g. \"invalid_grant\"")
        .actual(if body.is_empty() {
            status.to_string()
        } else {
            format!("{status}: {body}")
        })
        .fix("Answer errors with JSON that has error and error_description at its top level.");
    findings.add(match (status, object) {
        (404 | 405, None) => finding
            .variant(&NO_ENDPOINT)
            .message(format!(
                "There is no token endpoint at {}, or it does not accept POST ({status}). \
                 token_endpoint in the metadata may be wrong, or a proxy does not pass it on.",
                excerpt(seen.request().url())
            ))
            .fix(
                "Write the URL where token requests are answered into token_endpoint of the \
                 metadata, and let POST requests reach it.",
            ),
        _ => finding.message(
            "Clients look for error and do not find it, so they cannot tell what went wrong. \
             Something in front of the authorization server may have answered in its place.",
        ),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.token = answer;
        run.stop(Phase::Token, StopCode::TokenRejected);
        run
    }

    #[test]
    fn a_body_without_error_is_quoted() {
        let finding = answered(Answer::json(400, json!({"message": "nope"}))).finding("T03");
        assert_eq!(
            finding.actual.as_deref(),
            Some(r#"400: {"message":"nope"}"#)
        );
        let list = answered(Answer::json(400, json!([{"code": 7}])));
        assert!(!list.is_silent("T03"));
    }

    #[test]
    fn a_gateway_is_told_from_the_server() {
        assert_eq!(
            answered(Answer::html(502, "Bad gateway"))
                .finding("T03")
                .owner,
            Owner::Network
        );
    }

    #[test]
    fn the_status_decides_whatever_the_body_says() {
        let limit = Answer::json(429, json!({"error": "invalid_request"}));
        let limit = answered(limit.header("retry-after", "15"));
        let finding = limit.finding("T03");
        assert_eq!(finding.variant, "too_many");
        assert!(finding.fix.contains("(15)"));
        assert_eq!(limit.found(), ["T03"]);
        let page = Answer::html(403, "Attention Required!").header("cf-ray", "1");
        assert_eq!(answered(page).finding("T03").variant, "in_front");
        assert_eq!(answered(Answer::bare(500)).finding("T03").variant, "fails");
        let own = Answer::json(500, json!({"error": "server_error"}));
        assert!(answered(own).is_silent("T03"));
    }

    #[test]
    fn is_silent_about_oauth_errors() {
        assert!(answered(Answer::json(401, json!({"error": "invalid_client"}))).is_silent("T03"));
    }
}
