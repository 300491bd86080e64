use trace::{ChallengeSlip, challenge_slips};

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{RFC9110_PARAMETERS, RFC9110_UNAUTHORIZED};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A `WWW-Authenticate` field of a 401 that does not follow the grammar: a quotation mark that
    /// is never closed, parameters without a scheme. And challenges that only lenient clients can
    /// read: values without quotation marks, no comma between parameters, a parameter or the
    /// scheme twice.
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
    variants: [
        NOT_QUOTED: Warning McpServer Certain
            "{parameter} of the challenge is not in quotation marks",
        NO_COMMA: Warning McpServer Certain
            "There is no comma before {parameter} in the challenge",
        TWICE: Warning McpServer Certain "The challenge has {parameter} more than once",
    ],
    spec: [RFC9110_UNAUTHORIZED, RFC9110_PARAMETERS],
    supersedes: [NOT_QUOTED "S09"],
    stops: [NoResourceMetadata],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let refused: Vec<ExchangeRef<'_>> = calls
        .filter(|call| matches!(call.status(), Some(401 | 403)))
        .copied()
        .collect();
    let mut broken = refused.iter().filter_map(|call| {
        let error = challenges(call.response()?).err()?;
        Some((call.seq, error))
    });
    let Some((seq, error)) = broken.next() else {
        return forgiven(&refused, findings);
    };
    let finding = RULE
        .found(RFC9110_UNAUTHORIZED)
        .at(seq, Part::response_header("WWW-Authenticate"))
        .message(format!(
            "{error}. Clients treat it as if there were no challenge."
        ))
        .expected(format!("{} at character {}", error.expected, error.at + 1))
        .actual(excerpt(&error.value))
        .fix(
            "Write the challenge as Bearer name=\"value\", name=\"value\", with every quotation \
             mark closed.",
        );
    findings.add(finding);
}

/// A challenge that this client can read, and stricter ones cannot.
fn forgiven(refused: &[ExchangeRef<'_>], findings: &mut Findings) {
    let slipped = refused.iter().find_map(|call| {
        let response = call.response()?;
        let slip = challenge_slips(&response).into_iter().next()?;
        let sent = response.header_value("www-authenticate").map(excerpt);
        Some((call.seq, slip, sent.unwrap_or_default()))
    });
    let Some((seq, slip, sent)) = slipped else {
        return contradicting(refused, findings);
    };
    let found = RULE
        .found(RFC9110_PARAMETERS)
        .at(seq, Part::response_header("WWW-Authenticate"))
        .actual(format!("WWW-Authenticate: {sent}"));
    findings.add(match slip {
        ChallengeSlip::Unquoted { name, value } => {
            let name = excerpt(&name);
            let bare = excerpt(value.trim_matches(['\'', '“', '”', '„', '‘', '’', '`']));
            found
                .variant(&NOT_QUOTED)
                .title_with([name.as_str()])
                .message(format!(
                    "A value with other characters than those of a word has to stand in \" \". \
                     Clients that look for {name}=\" do not find it; others read the wrong \
                     quotation marks as part of the value."
                ))
                .expected(format!("{name}=\"{bare}\""))
                .fix(format!("Write {name}=\"{bare}\" in WWW-Authenticate."))
        }
        ChallengeSlip::NoComma { name } => {
            let name = excerpt(&name);
            found
                .variant(&NO_COMMA)
                .title_with([name.as_str()])
                .message(format!(
                    "Parameters are separated by commas. Clients that follow the grammar stop at \
                     {name}, and miss it and all that comes after it."
                ))
                .expected(format!("…, {name}=\"…\""))
                .fix(format!("Put a comma before {name} in WWW-Authenticate."))
        }
        ChallengeSlip::SchemeTwice { name } => {
            let name = excerpt(&name);
            found
                .variant(&TWICE)
                .title_with([name.as_str()])
                .message(format!(
                    "Clients that follow the grammar look for a parameter after the first {name} and \
                     find a word without a value. They treat the challenge as none."
                ))
                .expected(format!("{name} once, before the parameters"))
                .fix(format!("Write {name} once in WWW-Authenticate."))
        }
        ChallengeSlip::Twice { name } => {
            let name = excerpt(&name);
            found
                .variant(&TWICE)
                .title_with([name.as_str()])
                .message(
                    "A challenge may have each parameter once. Some clients take the first one, \
                     some the last, and strict ones neither.",
                )
                .expected(format!("{name} once"))
                .fix(format!("Send {name} once in each challenge."))
        }
    });
}

/// Challenges of one answer that say two places.
fn contradicting(refused: &[ExchangeRef<'_>], findings: &mut Findings) {
    const NAME: &str = "resource_metadata";
    let found = refused.iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut places = all.iter().filter_map(|challenge| challenge.parameter(NAME));
        let first = places.next()?.to_owned();
        let other = places.find(|place| *place != first)?.to_owned();
        Some((call.seq, first, other))
    });
    let Some((seq, first, other)) = found else {
        return;
    };
    findings.add(
        RULE.found(RFC9110_PARAMETERS)
            .variant(&TWICE)
            .title_with([NAME])
            .at(seq, Part::response_header("WWW-Authenticate"))
            .message(
                "Two challenges name two places. Some clients go by the first one, some by the last.",
            )
            .expected(format!("one {NAME}"))
            .actual(format!("two: {} and {}", excerpt(&first), excerpt(&other)))
            .fix(format!(
                "Send {NAME}=\"{}\" in all challenges of an answer, or the one that is right. Look \
                 at whether a proxy adds a challenge of its own.",
                excerpt(&first)
            )),
    );
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
    fn two_challenges_that_name_two_places() {
        let with = |second: &str| {
            let mut run = challenged("Bearer resource_metadata=\"https://mcp.example/a\"");
            let second = format!("Bearer resource_metadata=\"https://mcp.example/{second}\"");
            run.challenge = run.challenge.header("WWW-Authenticate", &second);
            run
        };
        assert_eq!(with("b").finding("D40").variant, "twice");
        assert!(with("a").is_silent("D40"));
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
    fn what_only_lenient_clients_can_read_is_a_warning() {
        for (value, variant) in [
            (
                "Bearer resource_metadata=https://mcp.example/x",
                "not_quoted",
            ),
            (
                "Bearer resource_metadata='https://mcp.example/x'",
                "not_quoted",
            ),
            ("Bearer realm=\"a\" scope=\"mcp\"", "no_comma"),
            ("Bearer scope=\"mcp\", scope=\"mcp\"", "twice"),
            ("Bearer Bearer scope=\"mcp\"", "twice"),
            ("Basic realm=\"a\" Bearer scope=\"mcp\"", "no_comma"),
        ] {
            assert_eq!(challenged(value).finding("D40").variant, variant, "{value}");
        }
    }

    #[test]
    fn is_silent_about_odd_but_lawful_ones() {
        for value in [
            ", Bearer realm=mcp,resource_metadata = \"https://mcp.example/x\"",
            "Basic realm=\"a, b\", Bearer realm=\"a\"",
            "Bearer, Bearer realm=\"a\"",
            "Negotiate abc==, Bearer realm=\"a\"",
        ] {
            assert!(challenged(value).is_silent("D40"), "{value}");
        }
    }
}
