use trace::Grant;

use crate::finding::Part;
use crate::reading::{Reading, access_token, form, object, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9396_GRANTED;

rule! {
    /// # What it looks at
    /// Tokens that were asked for with `authorization_details`, and whether the token answer has
    /// them.
    ///
    /// # Why it matters
    /// What was granted may be less than what was asked for. Without the answer the client cannot
    /// know what its token is good for.
    ///
    /// # How to fix
    /// Return `authorization_details` as granted with every token that was asked for with them. A
    /// server that does not know them has to refuse unknown types with
    /// `invalid_authorization_details`.
    ///
    /// # References
    /// RFC 9396 sections 5 and 7.
    "RA1" "authorization_details_dropped" Error AuthorizationServer since None,
    title: "The token answer does not say which authorization_details were granted",
    variants: [
        OWN_OPTION: Warning Client Likely
            "This run's own {option} is passed over by the authorization server",
        NOT_OFFERED: Warning AuthorizationServer Likely,
    ],
    spec: [RFC9396_GRANTED],
    looks_at: [TokenAnswer, AuthorizationDetails],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let dropped = reading.tokens.iter().find(|(seen, grant)| {
        let asked = match grant {
            Grant::AuthorizationCode => reading
                .authorization_before(seen.seq)
                .map(|(_, asked)| asked),
            _ => Some(form(seen.request())),
        };
        let asked = asked.is_some_and(|asked| value(asked, "authorization_details").is_some());
        let response = seen
            .response()
            .filter(|response| access_token(*response).is_some());
        let answer = response.and_then(object);
        asked && answer.is_some_and(|answer| !answer.contains_key("authorization_details"))
    });
    let Some((seen, _)) = dropped else { return };
    let document = reading
        .server_metadata_before(seen.seq)
        .and_then(|(attempt, _)| object(attempt.seen.response()?));
    let offered = document
        .is_some_and(|document| document.contains_key("authorization_details_types_supported"));
    let finding = RULE
        .found(RFC9396_GRANTED)
        .at(seen.seq, Part::body("/authorization_details"))
        .expected("authorization_details in the token answer")
        .actual("no authorization_details");
    findings.add(if offered {
        finding
            .message(
                "They were asked for, the metadata lists authorization_details_types_supported, \
                 there is a token, and nothing says whether they were granted.",
            )
            .fix("Return the authorization_details that were granted.")
    } else {
        finding
            .variant(&NOT_OFFERED)
            .message(
                "They were asked for, there is a token, and nothing says whether they were \
                 granted. The metadata lists no authorization_details_types_supported, so most \
                 likely the server does not know the parameter and has passed it over.",
            )
            .fix(
                "Return the authorization_details that were granted, where the server knows them; \
                 else ask for what is wanted in scope.",
            )
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    #[test]
    fn asked_for_and_not_in_the_answer() {
        let mut run = Run::healthy();
        run.ask("authorization_details", Some("[{\"type\":\"x\"}]"));
        assert_eq!(run.finding("RA1").variant, "not_offered");
        run.server_tries[0].2.edit(|metadata| {
            metadata["authorization_details_types_supported"] = json!(["x"]);
        });
        assert_eq!(run.finding("RA1").variant, "default");
        run.token
            .edit(|answer| answer["authorization_details"] = json!([{"type": "x"}]));
        assert!(run.is_silent("RA1"));
        assert!(Run::healthy().is_silent("RA1"));
    }
}
