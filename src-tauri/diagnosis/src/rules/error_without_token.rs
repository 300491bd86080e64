use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::RFC6750_NO_ERROR;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A challenge to a call that carried no token at all, and that names an `error` nevertheless.
    ///
    /// # Why it matters
    /// `invalid_token` tells a client that its token is no longer good. One that has just begun has
    /// none, and may look for one to refresh or to throw away, or show people an error where there
    /// is none.
    ///
    /// # How to fix
    /// Leave `error` and `error_description` out of the challenge when there is no `Authorization`
    /// header.
    ///
    /// # References
    /// RFC 6750 section 3.1.
    "D41" "error_without_token" Warning McpServer since None,
    title: "The challenge names an error although no token was sent",
    spec: [RFC6750_NO_ERROR],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let named = reading.first_calls.iter().find_map(|call| {
        // A recorder that leaves the field out does not show that there was none.
        let without_token = call.exchange.request_header("authorization").is_absent();
        let response = call
            .response()
            .filter(|response| response.status == 401 && without_token)?;
        let all = challenges(response).ok()?;
        let error = all
            .iter()
            .find_map(|challenge| challenge.parameter("error"))?;
        // That is how a server hands out the nonce that the first proof has to hold (RFC 9449
        // section 9).
        if error == "use_dpop_nonce" {
            return None;
        }
        Some((call.seq, error.to_owned()))
    });
    let Some((seq, error)) = named else { return };
    let finding = RULE
        .found(RFC6750_NO_ERROR)
        .at(seq, Part::response_header("WWW-Authenticate"))
        .message(
            "Nothing was sent that could be wrong. Some clients take the error for one about a \
             token they have, and throw it away or give up.",
        )
        .expected("a challenge without error")
        .actual(format!("error=\"{}\"", excerpt(&error)))
        .fix("Leave error out of the challenge when the call carries no token.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    #[test]
    fn an_error_counts_before_there_is_a_token_and_not_after() {
        let mut run = Run::healthy();
        for header in &mut run.challenge.headers {
            header.value = header
                .value
                .replace("Bearer ", "Bearer error=\"invalid_token\", ");
        }
        assert_eq!(
            run.finding("D41").actual.as_deref(),
            Some("error=\"invalid_token\"")
        );
        assert_eq!(run.found(), ["D41"]);
        assert!(Run::healthy_with_refresh().is_silent("D41"));
    }

    #[test]
    fn a_token_that_was_not_recorded_may_have_been_sent() {
        let mut run = Run::healthy();
        for header in &mut run.challenge.headers {
            header.value = header
                .value
                .replace("Bearer ", "Bearer error=\"invalid_token\", ");
        }
        let mut trace = run.trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
                exchange.recorded.request_headers = trace::Recorded::NotRecorded;
            }
        }
        let found = crate::diagnose(&trace);
        assert!(found.iter().all(|finding| finding.code != "D41"));
    }
}
