use crate::finding::Part;
use crate::reading::{Reading, access_token, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_JSON_NUMBERS;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token answer with an access token and an `expires_in` that is not a JSON number, such as
    /// `"3600"` in quotes.
    ///
    /// # Why it matters
    /// Clients with strict schemas refuse the whole answer. Others ignore the value, never refresh
    /// in time, and get 401 once the token has expired.
    ///
    /// # How to fix
    /// Write the seconds as a number: `"expires_in": 3600`.
    ///
    /// # References
    /// RFC 6749 section 5.1.
    "T45" "expires_in_not_a_number" Warning AuthorizationServer since None,
    title: "The token answer gives the lifetime of the token as something else than a number",
    spec: [RFC6749_JSON_NUMBERS],
    looks_at: [TokenAnswer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let wrong = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen.response_with_body()?;
        access_token(response)?;
        let lifetime = object(response)?.get("expires_in")?.clone();
        (!lifetime.is_number()).then_some((seen.seq, lifetime))
    });
    let Some((seq, lifetime)) = wrong else { return };
    let finding = RULE
        .found(RFC6749_JSON_NUMBERS)
        .at(seq, Part::body("/expires_in"))
        .message("Strict clients refuse the whole answer; others do not know when to refresh.")
        .expected("a number of seconds, such as 3600")
        .actual(excerpt(&format!("expires_in {lifetime}")))
        .fix("Write expires_in as a JSON number, without quotes.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    #[test]
    fn a_text_of_digits_is_no_number() {
        let mut run = Run::healthy();
        run.token.edit(|token| token["expires_in"] = json!("3600"));
        let finding = run.finding("T45");
        assert_eq!(finding.actual.as_deref(), Some("expires_in \"3600\""));
    }

    #[test]
    fn a_number_or_nothing_is_right() {
        let mut run = Run::healthy();
        run.token.edit(|token| token["expires_in"] = json!(60));
        assert!(run.is_silent("T45"));
        run.token.edit(|token| {
            token.as_object_mut().unwrap().remove("expires_in");
        });
        assert!(run.is_silent("T45"));
    }
}
