use crate::finding::Part;
use crate::reading::{Reading, access_token, object, text};
use crate::refused_token::words_of;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_TOKEN_ERROR, RFC6749_TOKEN_JSON};
use crate::wording::{excerpt, in_its_own_words};

rule! {
    /// # What it looks at
    /// A token answer with a 2xx status that holds no `access_token`: an error in disguise, a web
    /// page, JSON of another kind.
    ///
    /// # Why it matters
    /// A client takes the status for success and then finds no token. An error that comes with 200
    /// is not recognised as one, so nothing is done about it.
    ///
    /// # How to fix
    /// Answer success with `access_token` and `token_type`, and failure with status 400 and
    /// `error`.
    ///
    /// # References
    /// RFC 6749 sections 5.1 and 5.2.
    "T02" "token_response_unusable" Error AuthorizationServer since None,
    title: "The token answer says success and holds no access token",
    variants: [
        OWN_OPTION: Error Client Likely
            "The token answer cannot be used because of this run's own {option}",
        ERROR_AS_SUCCESS: Error AuthorizationServer Certain
            "The token endpoint reports an error with a success status",
        NOT_JSON: Error AuthorizationServer Likely,
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC6749_TOKEN_JSON, RFC6749_TOKEN_ERROR],
    stops: [InvalidTokenResponse, TokenRejected],
    looks_at: [TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let unusable = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen
            .response_with_body()
            .filter(|response| (200..300).contains(&response.status))?;
        access_token(response).is_none().then_some((seen, response))
    });
    let Some((seen, response)) = unusable else {
        return;
    };
    let status = response.status;
    let object = object(response);
    let error = object.as_ref().and_then(|object| text(object, "error"));
    let finding = RULE.found(if error.is_some() {
        RFC6749_TOKEN_ERROR
    } else {
        RFC6749_TOKEN_JSON
    });
    findings.add(match (&object, error) {
        (_, Some(error)) => finding
            .at(seen.seq, Part::Status)
            .variant(&ERROR_AS_SUCCESS)
            .message(format!(
                "Clients go by the status and do not take this for an error. {}",
                behind(error)
            ))
            .expected("status 400")
            .actual(
                match text(
                    object.as_ref().expect("it has an error"),
                    "error_description",
                ) {
                    Some(words) => format!(
                        "{status} with error \"{}\": {}",
                        excerpt(error),
                        excerpt(words)
                    ),
                    None => format!("{status} with error \"{}\"", excerpt(error)),
                },
            )
            .fix(format!(
                "{}Answer errors of the token endpoint with status 400 (401 for invalid_client).",
                first_of_all(error)
            )),
        (Some(object), None) => {
            let names: Vec<&str> = object.keys().take(12).map(String::as_str).collect();
            finding
                .at(seen.seq, Part::body(""))
                .message("There is JSON, but no access_token of type string in it.")
                .expected("access_token and token_type")
                .actual(match (names.is_empty(), words_of(response)) {
                    (true, _) => "{}".into(),
                    (false, Some(said)) => {
                        format!(
                            "{} that say: {}",
                            excerpt(&names.join(", ")),
                            excerpt(&said)
                        )
                    }
                    (false, None) => excerpt(&names.join(", ")),
                })
                .fix("Put access_token and token_type at the top level of the JSON object.")
        }
        (None, None) => finding
            .at(seen.seq, Part::body(""))
            .variant(&NOT_JSON)
            .message(
                "What came is not JSON. The token endpoint in the metadata may be the URL of a \
                 page, or something in between answers in its place.",
            )
            .expected("a JSON object with access_token and token_type")
            .actual(in_its_own_words(&response))
            .fix("Check token_endpoint in the metadata, and let it answer with JSON."),
    });
}

/// What the error itself is about.
fn behind(error: &str) -> &'static str {
    if is_about_the_client(error) {
        "Behind it: the server wants a client secret, and none or a wrong one was sent."
    } else {
        "The error itself is what the token request failed for."
    }
}

/// What the user can change at once.
fn first_of_all(error: &str) -> &'static str {
    if is_about_the_client(error) {
        "Give the client's secret (--client-secret). "
    } else {
        ""
    }
}

/// `invalid_client`, and what GitHub and others call it.
fn is_about_the_client(error: &str) -> bool {
    matches!(error, "invalid_client" | "unauthorized_client") || error.contains("client_credential")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::{Certainty, Part};
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.token = answer;
        run.calls = Vec::new();
        run
    }

    #[test]
    fn tells_an_error_in_disguise_other_json_and_a_page_apart() {
        let error =
            answered(Answer::json(200, json!({"error": "bad_verification_code"}))).finding("T02");
        assert_eq!(error.part, Some(Part::Status));
        assert!(!error.fix.contains("--client-secret"));
        let secret = answered(Answer::json(
            200,
            json!({"error": "incorrect_client_credentials", "error_description": "wrong secret"}),
        ));
        let secret = secret.finding("T02");
        assert!(secret.fix.starts_with("Give the client's secret"));
        assert!(secret.actual.unwrap().ends_with("wrong secret"));
        let nested =
            answered(Answer::json(200, json!({"data": {"access_token": "x"}}))).finding("T02");
        assert_eq!(nested.actual.as_deref(), Some("data"));
        let said = |body| {
            answered(Answer::json(200, body))
                .finding("T02")
                .actual
                .unwrap()
        };
        assert!(said(json!({"success": false, "message": "Code not found"})).contains("Code not"));
        assert!(
            said(json!({"errors": [{"message": "Unknown client"}]})).contains("Unknown client")
        );
        let page = answered(Answer::html(200, "Login")).finding("T02");
        assert_eq!(page.certainty, Certainty::Likely);
    }

    #[test]
    fn is_silent_about_errors_that_say_so() {
        assert!(answered(Answer::json(400, json!({"error": "invalid_grant"}))).is_silent("T02"));
    }
}
