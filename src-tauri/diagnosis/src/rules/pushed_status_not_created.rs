use trace::Purpose;

use crate::finding::Part;
use crate::reading::{Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC9126_CREATED;

rule! {
    /// # What it looks at
    /// The status of a successful pushed authorization request: 201 is expected.
    ///
    /// # Why it matters
    /// Strict clients take anything but 201 for a failure.
    ///
    /// # How to fix
    /// Answer 201 Created.
    ///
    /// # References
    /// RFC 9126 section 2.2.
    "P01" "pushed_status_not_created" Warning AuthorizationServer since None,
    title: "A pushed authorization request is not answered 201",
    spec: [RFC9126_CREATED],
    looks_at: [PushedRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut pushed = reading.sent_for(|purpose| *purpose == Purpose::PushedAuthorization);
    let odd = pushed.find_map(|seen| {
        let response = seen.response()?;
        let success = (200..300).contains(&response.status) && response.status != 201;
        (success && object(response)?.contains_key("request_uri"))
            .then_some((seen.seq, response.status))
    });
    let Some((seq, status)) = odd else { return };
    let finding = RULE
        .found(RFC9126_CREATED)
        .at(seq, Part::Status)
        .message(
            "This client goes on, since there is a request_uri. Strict clients take the \
                  status for a failure.",
        )
        .expected("201")
        .actual(status.to_string())
        .fix("Answer a pushed authorization request with 201 Created.");
    findings.add(finding);
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;
    use trace::{Purpose, Trace};

    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    pub fn pushed(answer: &Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let form = [
            ("client_id", "c1"),
            ("redirect_uri", "http://127.0.0.1:1/callback"),
        ];
        push_to_server(
            &mut trace,
            Purpose::PushedAuthorization,
            post("/par", &form),
            answer,
        );
        trace
    }

    #[test]
    fn any_other_success() {
        let body = json!({"request_uri": "urn:x", "expires_in": 60});
        assert!(found_in(&pushed(&Answer::json(200, body.clone())), "P01").is_some());
        assert_eq!(found_in(&pushed(&Answer::json(201, body)), "P01"), None);
        assert_eq!(
            found_in(&pushed(&Answer::json(400, json!({"error": "x"}))), "P01"),
            None
        );
    }
}
