use serde_json::Value;
use trace::{BodyEnd, Response, is_word_for_nothing};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, oauth_error, object};
use crate::rule::{Findings, rule};
use crate::spec::{RFC7591_CLIENT_ID, RFC7591_CREATED};
use crate::wording::{excerpt, in_its_own_words, list};

rule! {
    /// # What it looks at
    /// A registration that is answered with success and holds no `client_id` of type string.
    ///
    /// # Why it matters
    /// Without a client ID there is no authorization request. The client takes the status for
    /// success and fails a moment later, for a reason that it rarely names.
    ///
    /// # How to fix
    /// Answer with a JSON object that has `client_id` at its top level.
    ///
    /// # References
    /// RFC 7591 section 3.2.1.
    "G20" "registration_answer_unusable" Error AuthorizationServer since None,
    title: "The registration says success and gives no client ID",
    variants: [
        OWN_OPTION: Error Client Likely
            "The registration answer is cut off by this run's own {option}",
        NOT_JSON: Error AuthorizationServer Likely,
        EMPTY: Error AuthorizationServer Likely "The registration says success and its answer is empty",
        CUT_OFF: Error Network Likely "The registration answer ends in the middle",
    ],
    spec: [RFC7591_CLIENT_ID, RFC7591_CREATED],
    stops: [RegistrationRejected],
    looks_at: [Registration],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let last = reading.registrations.last();
    let Some((seen, response)) = last.and_then(|seen| Some((seen, seen.response_with_body()?)))
    else {
        return;
    };
    let status = response.status;
    if !(200..300).contains(&status) {
        return;
    }
    let answer = object(response);
    let client_id = answer.as_ref().map(|answer| answer.get("client_id"));
    let finding = RULE
        .found(RFC7591_CLIENT_ID)
        .at(seen.seq, Part::body("/client_id"));
    let finding = match client_id {
        Some(Some(Value::String(id))) if id.chars().any(|c| !matches!(c, ' '..='~')) => finding
            .message(
                "client_id has a character that no client ID may have. Servers and proxies encode \
                 it in several ways on the way to the login page, and do not know the client then.",
            )
            .actual(excerpt(&format!("client_id \"{id}\""))),
        Some(Some(Value::String(id))) if !id.is_empty() && !is_word_for_nothing(id) => return,
        Some(Some(other)) => finding
            .message("client_id is there, but it is no text that a client could use.")
            .actual(excerpt(&format!("client_id {other}"))),
        Some(None) => {
            let members: Vec<&str> = answer
                .iter()
                .flat_map(|answer| answer.keys().map(String::as_str))
                .collect();
            let error = oauth_error(response);
            let finding = match &error {
                Some(_) => finding.message(format!(
                    "It is an error, and its status {status} says success. Clients go by the status \
                     and then look for client_id."
                )),
                None => finding.message("There is JSON, but no client_id at its top level."),
            };
            finding.actual(match (error, members.as_slice()) {
                (Some(error), _) => format!("{status}: {}", excerpt(&error.words())),
                (None, []) => "{}".into(),
                (None, members) if status == 201 => excerpt(&format!("only {}", list(members))),
                (None, _) => in_its_own_words(&response),
            })
        }
        None => not_json(&response).at(seen.seq, Part::body("")),
    };
    findings.add(finding.expected("a JSON object with client_id").fix(
        "Answer a registration with 201 and a JSON object that has client_id and the registered \
         metadata.",
    ));
}

fn not_json(response: &Response) -> Finding {
    let finding = RULE
        .found(RFC7591_CREATED)
        .actual(in_its_own_words(response));
    if response.body.end != BodyEnd::Complete {
        return finding.variant(&CUT_OFF).message(
            "The connection ended before the answer did. The client is registered, and nobody \
             knows its client ID. The server or a proxy in front of it cut the answer off.",
        );
    }
    if response.body.is_empty() {
        return finding.variant(&EMPTY).message(
            "There is nothing in the body, so nobody knows the client ID. A proxy on the way may \
             have dropped it.",
        );
    }
    finding.variant(&NOT_JSON).message(
        "What came is not a JSON object. registration_endpoint in the metadata may be the URL of a \
         page, or something in between answers in its place.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 = answer;
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        run
    }

    #[test]
    fn says_what_came_instead() {
        let nested =
            answered(Answer::json(201, json!({"data": {"client_id": "x"}}))).finding("G20");
        assert_eq!(nested.actual.as_deref(), Some("only data"));
        let refused = answered(Answer::json(200, json!({"error": "invalid_redirect_uri"})));
        let refused = refused.finding("G20").actual;
        assert_eq!(refused.as_deref(), Some("200: invalid_redirect_uri"));
        let waits = answered(Answer::json(202, json!({"status": "pending"}))).finding("G20");
        assert!(waits.actual.unwrap().starts_with("202"));
        let number = answered(Answer::json(201, json!({"client_id": 7}))).finding("G20");
        assert_eq!(number.actual.as_deref(), Some("client_id 7"));
        let word = answered(Answer::json(201, json!({"client_id": "undefined"}))).finding("G20");
        assert_eq!(word.actual.as_deref(), Some("client_id \"undefined\""));
        let page = answered(Answer::html(201, "Welcome")).finding("G20");
        assert_eq!(page.certainty, Certainty::Likely);
        assert!(!answered(Answer::json(201, json!({"client_id": ""}))).is_silent("G20"));
    }

    #[test]
    fn an_answer_without_a_body() {
        assert_eq!(answered(Answer::bare(201)).finding("G20").variant, "empty");
    }

    #[test]
    fn is_silent_about_refusals_and_about_a_client() {
        assert!(answered(Answer::bare(400)).is_silent("G20"));
        assert!(Run::healthy().is_silent("G20"));
    }
}
