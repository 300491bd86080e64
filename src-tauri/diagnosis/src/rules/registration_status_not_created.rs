use crate::finding::Part;
use crate::reading::{Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC7591_CREATED;

rule! {
    /// # What it looks at
    /// A registration that worked (there is a `client_id`) and was not answered 201.
    ///
    /// # Why it matters
    /// Strict clients take any other status for a failure and stop, with the new client in their
    /// hands.
    ///
    /// # How to fix
    /// Answer a successful registration with 201 Created.
    ///
    /// # References
    /// RFC 7591 section 3.2.
    "G06" "registration_status_not_created" Warning AuthorizationServer since None,
    title: "A successful registration is not answered 201",
    spec: [RFC7591_CREATED],
    looks_at: [Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let odd = reading.registrations.iter().find_map(|seen| {
        let response = seen.response()?;
        let success = (200..300).contains(&response.status) && response.status != 201;
        (success && object(response)?.contains_key("client_id"))
            .then_some((seen.seq, response.status))
    });
    let Some((seq, status)) = odd else { return };
    let finding = RULE
        .found(RFC7591_CREATED)
        .at(seq, Part::Status)
        .message(
            "This client goes on, since there is a client_id. Strict clients take the status for a \
             failure.",
        )
        .expected("201")
        .actual(status.to_string())
        .fix("Answer a successful registration with 201 Created.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Level;
    use crate::sample::{Answer, Run};

    fn registered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 = answer;
        run
    }

    #[test]
    fn names_the_status() {
        let finding = registered(Answer::json(200, json!({"client_id": "c1"}))).finding("G06");
        assert_eq!(finding.level, Level::Warning);
        assert_eq!(finding.actual.as_deref(), Some("200"));
    }

    #[test]
    fn is_silent_about_what_is_no_registration_at_all() {
        assert!(registered(Answer::html(200, "App")).is_silent("G06"));
        assert!(
            registered(Answer::json(
                400,
                json!({"error": "invalid_client_metadata"})
            ))
            .is_silent("G06")
        );
    }
}
