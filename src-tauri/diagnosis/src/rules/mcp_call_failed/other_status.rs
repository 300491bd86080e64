//! Refusals of a token whose words are right and whose status is another.

use trace::StopCode;

use crate::finding::{Finding, Part};
use crate::reading::{Reading, bearer, challenge_error, oauth_error};
use crate::step_up::misspelt;
use crate::wording::{excerpt, in_its_own_words};

/// A challenge that asks for more scope, with a status that does not.
pub(super) fn scope_elsewhere(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let call = reading.calls.iter().find(|call| {
        let other = matches!(call.status(), Some(400 | 402 | 404..=499));
        other && challenge_error(**call).as_deref() == Some("insufficient_scope")
    })?;
    let status = call.status()?.to_string();
    Some(
        finding
            .title_with([status.as_str()])
            .at(call.seq, Part::Status)
            .message(
                "Clients ask for the scope that is lacking on 403 alone. On another status they \
                 show a failed call.",
            )
            .expected("403 with insufficient_scope and the scope that the call needs")
            .actual(format!("{status} with error=\"insufficient_scope\""))
            .fix("Answer a call whose token lacks a scope with 403."),
    )
}

/// A challenge of a 403 whose error means `insufficient_scope` and is written otherwise.
pub(super) fn scope_misspelt(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let mut calls = reading.calls.iter();
    let (call, error) = calls.find_map(|call| Some((call, misspelt(*call)?)))?;
    let error = excerpt(&error);
    Some(
        finding
            .title_with([error.as_str()])
            .at(call.seq, Part::response_header("WWW-Authenticate"))
            .message(
                "Clients compare the error with insufficient_scope, letter by letter. With another \
                 word they do not ask for the scope that is lacking, and show a failed call.",
            )
            .expected("error=\"insufficient_scope\"")
            .actual(format!("error=\"{error}\""))
            .fix("Write error=\"insufficient_scope\" into the challenge of the 403."),
    )
}

/// Words of a refused token, with a status at which no client gets another one.
pub(super) fn token_elsewhere(finding: Finding, reading: &Reading<'_>) -> Option<Finding> {
    let stopped = reading.stopped(StopCode::McpError)?;
    let call = reading.call_before(stopped)?;
    let response = call.response()?;
    let other = matches!(response.status, 200 | 400 | 402..=499);
    let in_body = || oauth_error(response).map(|error| error.error);
    let error = challenge_error(call).or_else(in_body);
    if !other || bearer(call.request()).is_none() || error.as_deref() != Some("invalid_token") {
        return None;
    }
    let status = response.status.to_string();
    Some(
        finding
            .title_with([status.as_str()])
            .at(call.seq, Part::Status)
            .message(
                "The words are about the token, and clients go by the status: they refresh or \
                 authorize afresh on 401 alone. On another one they show a failed call and keep the \
                 token.",
            )
            .expected("401 with WWW-Authenticate: Bearer error=\"invalid_token\"")
            .actual(in_its_own_words(&response))
            .fix(
                "Answer a token that is expired or not valid with 401 and WWW-Authenticate: Bearer \
                 error=\"invalid_token\".",
            ),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::failed;
    use crate::sample::Answer;

    #[test]
    fn a_token_that_is_refused_is_told_by_401_alone() {
        let said = json!({"error": "invalid_token", "error_description": "token expired"});
        for status in [200, 400, 403, 404] {
            let run = failed(Answer::json(status, said.clone()));
            assert_eq!(run.finding("N05").variant, "token_elsewhere", "{status}");
        }
        let other = failed(Answer::json(400, json!({"error": "bad_request"})));
        assert_eq!(other.finding("N05").variant, "unreadable_answer");
    }

    #[test]
    fn the_error_of_a_step_up_is_compared_by_its_letters() {
        for error in [
            "InsufficientScope",
            "insufficient-scope",
            "INSUFFICIENT_SCOPE",
        ] {
            let challenge = format!("Bearer error=\"{error}\", scope=\"write\"");
            let run = failed(Answer::bare(403).header("www-authenticate", &challenge));
            assert_eq!(run.finding("N05").variant, "scope_misspelt", "{error}");
        }
        let other = failed(Answer::bare(403));
        assert_eq!(other.finding("N05").variant, "unreadable_answer");
    }

    #[test]
    fn a_scope_that_is_lacking_is_told_by_403_alone() {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        let run = failed(Answer::bare(400).header("www-authenticate", challenge));
        assert_eq!(run.finding("N05").variant, "scope_elsewhere");
    }
}
