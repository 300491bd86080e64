use crate::by_status::of_token_answer;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_ERROR_DESCRIPTION, RFC6749_TOKEN_ERROR};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The form of the errors that the token endpoint answers: the status that belongs to the error
    /// code, and the characters of the description.
    ///
    /// # Why it matters
    /// Many clients go by the status first: they take 401 for a client that is refused, and
    /// register anew where they should only log in again. A description with other characters than
    /// ASCII has is garbled or thrown away by some.
    ///
    /// # How to fix
    /// Answer 400 with every error but `invalid_client`, and write the description in printable
    /// ASCII without quotation marks and backslashes.
    ///
    /// # References
    /// RFC 6749 section 5.2.
    "T47" "token_error_malformed" Warning AuthorizationServer since None,
    title: "The token endpoint answers {error} with another status than 400",
    variants: [
        DESCRIPTION: Note AuthorizationServer Certain
            "The description of an error has characters that it may not have",
    ],
    spec: [RFC6749_TOKEN_ERROR, RFC6749_ERROR_DESCRIPTION],
    looks_at: [TokenRequest],
}

/// The errors of RFC 6749 section 5.2 that come with 400 alone.
const WITH_400: [&str; 5] = [
    "invalid_request",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let all = || reading.tokens.iter().map(|(seen, _)| *seen);
    if let Some(finding) = all().find_map(status) {
        findings.add(finding);
    }
    if let Some(finding) = all().find_map(description) {
        findings.add(finding);
    }
}

fn status(seen: ExchangeRef<'_>) -> Option<Finding> {
    let response = seen.response_with_body()?;
    let answer = object(response)?;
    let error = text(&answer, "error").filter(|error| WITH_400.contains(error))?;
    let other = (401..500).contains(&response.status);
    if !other || of_token_answer(seen.request(), &response, true).is_some() {
        return None;
    }
    let finding = RULE
        .found(RFC6749_TOKEN_ERROR)
        .title_with([error])
        .at(seen.seq, Part::Status)
        .message(
            "Clients that go by the status take it for something else: 401 for a client that is \
             refused, 403 and 404 for an endpoint that is not for them.",
        )
        .expected(format!("400 with {error}"))
        .actual(format!("{} with {error}", response.status))
        .fix(format!("Answer {error} with status 400."));
    Some(finding)
}

fn description(seen: ExchangeRef<'_>) -> Option<Finding> {
    let response = seen
        .response_with_body()
        .filter(|response| (400..600).contains(&response.status))?;
    let answer = object(response)?;
    text(&answer, "error")?;
    let description = text(&answer, "error_description")?;
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    let strange: String = description
        .chars()
        .filter(|c| !allowed(*c))
        .take(8)
        .collect();
    if strange.is_empty() {
        return None;
    }
    let finding = RULE
        .found(RFC6749_ERROR_DESCRIPTION)
        .variant(&DESCRIPTION)
        .at(seen.seq, Part::body("/error_description"))
        .message("This client shows it as it is. Others refuse the answer, or show it garbled.")
        .expected("printable ASCII without \" and \\")
        .actual(excerpt(&format!("{strange:?} in: {description}")))
        .fix("Write the description in plain ASCII, without quotation marks and backslashes.");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::sample::{Answer, Run};

    fn refused(status: u16, error: &str, description: &str) -> Run {
        let mut run = Run::healthy();
        run.token = Answer::json(
            status,
            json!({"error": error, "error_description": description}),
        );
        run.stop(Phase::Token, StopCode::TokenRejected);
        run
    }

    #[test]
    fn another_status_and_other_characters() {
        let finding = refused(401, "invalid_grant", "gone").finding("T47");
        assert!(finding.title.contains("invalid_grant"), "{}", finding.title);
        let finding = refused(400, "invalid_grant", "ung\u{fc}ltig").finding("T47");
        assert_eq!(finding.variant, "description");
        let quoted = refused(400, "invalid_grant", "the \"code\" is old").finding("T47");
        assert_eq!(quoted.variant, "description");
    }

    #[test]
    fn is_silent_about_what_is_right_and_what_the_status_decides() {
        for (status, error) in [
            (400, "invalid_grant"),
            (401, "invalid_client"),
            (400, "invalid_client"),
            (403, "access_denied"),
            (429, "invalid_request"),
            (503, "invalid_request"),
        ] {
            assert!(
                refused(status, error, "no").is_silent("T47"),
                "{status} {error}"
            );
        }
    }
}
