use std::collections::HashSet;

use trace::Grant;

use crate::by_status::of_token_answer;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, oauth_error, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_ERROR_DESCRIPTION, RFC6749_INVALID_GRANT, RFC6749_TOKEN_ERROR};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The form of the errors that the token endpoint answers: the status that belongs to the error
    /// code, and the characters of the description. Whether a code that was used is refused with
    /// `invalid_grant`.
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
        USED_CODE: Note AuthorizationServer Certain
            "An authorization code that was used is refused with {error}",
    ],
    spec: [RFC6749_TOKEN_ERROR, RFC6749_ERROR_DESCRIPTION, RFC6749_INVALID_GRANT],
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
    if let Some(finding) = used_code(reading) {
        findings.add(finding);
    }
}

/// Errors that are not about the code: the client, its proof, or a server that cannot answer now.
const NOT_OF_THE_CODE: [&str; 6] = [
    "invalid_grant",
    "invalid_client",
    "use_dpop_nonce",
    "slow_down",
    "server_error",
    "temporarily_unavailable",
];

/// A code that had brought a token before, refused with an error that is about something else.
fn used_code(reading: &Reading<'_>) -> Option<Finding> {
    let mut used: HashSet<&str> = HashSet::new();
    for (seen, grant) in &reading.tokens {
        let code = value(form(seen.request()), "code");
        let Some(code) = code.filter(|_| *grant == Grant::AuthorizationCode) else {
            continue;
        };
        let Some(response) = seen.response_with_body() else {
            continue;
        };
        if access_token(response).is_some() {
            used.insert(code);
            continue;
        }
        let said = oauth_error(response).filter(|error| {
            (400..429).contains(&response.status)
                && !error.error.is_empty()
                && !NOT_OF_THE_CODE.contains(&error.error.as_str())
        });
        if let Some(error) = said.filter(|_| used.contains(code)) {
            let name = excerpt(&error.error);
            let finding = RULE
                .found(RFC6749_INVALID_GRANT)
                .variant(&USED_CODE)
                .title_with([&name])
                .at(seen.seq, Part::body("/error"))
                .message(
                    "The code is refused as it should be. Clients go by the error: at invalid_grant \
                     they log in once more, at others they take themselves for wrongly set up and \
                     stop.",
                )
                .expected("400 with invalid_grant")
                .actual(excerpt(&format!("{}: {}", response.status, error.words())))
                .fix(format!(
                    "Answer invalid_grant in place of {name} for a code that was used or has expired."
                ));
            return Some(finding);
        }
    }
    None
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
    use trace::{Grant, Phase, Purpose, StopCode};

    use crate::sample::{Answer, Run, found_in, post, push_to_server};

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
    fn a_used_code_that_is_refused_with_another_error() {
        let again = |error: &str| {
            let run = Run::healthy();
            let mut trace = run.trace();
            let form: Vec<(&str, &str)> = run
                .exchange
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let grant = Grant::AuthorizationCode;
            let answer = Answer::json(400, json!({"error": error}));
            push_to_server(
                &mut trace,
                Purpose::Token { grant },
                post("/token", &form),
                &answer,
            );
            found_in(&trace, "T47")
        };
        assert_eq!(again("invalid_request").unwrap().variant, "used_code");
        for lawful in ["invalid_grant", "invalid_client", "use_dpop_nonce"] {
            assert_eq!(again(lawful), None, "{lawful}");
        }
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
