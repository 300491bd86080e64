use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::RFC9110_UNAUTHORIZED;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A `WWW-Authenticate` field of a 401 that does not follow the grammar: a quotation mark that
    /// is never closed, parameters without a scheme.
    ///
    /// # Why it matters
    /// A client that cannot read the challenge treats it as none. Which part another client still
    /// understands is a matter of luck.
    ///
    /// # How to fix
    /// Write the scheme first, then `name="value"` pairs with commas between them, and escape
    /// quotation marks in values.
    ///
    /// # References
    /// RFC 9110 section 11.6.1.
    "D40" "challenge_unparsable" Error McpServer since None,
    title: "The challenge cannot be read",
    spec: [RFC9110_UNAUTHORIZED],
    stops: [NoResourceMetadata],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let broken = calls
        .filter(|call| matches!(call.status(), Some(401 | 403)))
        .find_map(|call| {
            let error = challenges(call.response()?).err()?;
            Some((call.seq, error))
        });
    let Some((seq, error)) = broken else { return };
    let finding = RULE
        .found(RFC9110_UNAUTHORIZED)
        .at(seq, Part::response_header("WWW-Authenticate"))
        .message(format!("{error}. Clients take it for no challenge at all."))
        .expected(format!("{} at character {}", error.expected, error.at + 1))
        .actual(excerpt(&error.value))
        .fix(
            "Write the challenge as Bearer name=\"value\", name=\"value\", with every quotation \
             mark closed.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    fn challenged(value: &str) -> Run {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run.challenge.header("WWW-Authenticate", value);
        run
    }

    #[test]
    fn says_where_it_breaks() {
        let finding = challenged("Bearer resource_metadata=\"https://mcp.example/x").finding("D40");
        assert!(
            finding
                .expected
                .unwrap()
                .starts_with("a closing quotation mark at character")
        );
    }

    #[test]
    fn is_silent_about_odd_but_readable_ones() {
        assert!(challenged("Bearer resource_metadata=https://mcp.example/x").is_silent("D40"));
    }
}
