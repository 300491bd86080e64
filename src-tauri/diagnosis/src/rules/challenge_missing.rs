use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6750_CHALLENGE, RFC9110_UNAUTHORIZED};

rule! {
    /// # What it looks at
    /// A 401 of the MCP server without a `WWW-Authenticate` field.
    ///
    /// # Why it matters
    /// The header is how a client learns that OAuth is wanted and where to begin. Without it some
    /// clients say that the server does not implement OAuth, others guess well-known URLs.
    ///
    /// # How to fix
    /// Send `WWW-Authenticate: Bearer resource_metadata="…"` with every 401. A middleware that ends
    /// the request before the OAuth one, or a proxy that drops the field, are the usual causes.
    ///
    /// # References
    /// RFC 9110 section 11.6.1; RFC 6750 section 3; RFC 9728 section 5.1.
    "D01" "challenge_missing" Error McpServer since None,
    title: "The 401 comes without WWW-Authenticate",
    spec: [RFC9110_UNAUTHORIZED, RFC6750_CHALLENGE],
    stops: [NoResourceMetadata],
    looks_at: [Unauthorized],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut calls: Vec<_> = reading.first_calls.iter().chain(&reading.calls).collect();
    calls.sort_by_key(|call| call.seq);
    let bare = calls.into_iter().find(|call| {
        let response = call
            .response_with_headers()
            .filter(|response| response.status == 401);
        response.is_some_and(|response| {
            response
                .header_values("www-authenticate")
                .all(|value| value.trim().is_empty())
        })
    });
    let Some(bare) = bare else { return };
    let finding = RULE
        .found(RFC9110_UNAUTHORIZED)
        .at(bare.seq, Part::Status)
        .message(
            "Nothing in the answer says that OAuth is wanted or where it begins. Clients that rely \
             on the header give up here.",
        )
        .expected("WWW-Authenticate: Bearer resource_metadata=\"…\"")
        .actual("401 without WWW-Authenticate")
        .fix(
            "Send WWW-Authenticate: Bearer with resource_metadata in every 401. If the server does \
             send it, a proxy in front of it drops it.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run};

    #[test]
    fn fires_once_however_often_it_happens() {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.calls[1] = Answer::bare(401);
        assert_eq!(run.finding("D01").exchange, Some(2));
    }

    #[test]
    fn a_later_401_needs_the_challenge_as_well() {
        let mut run = Run::healthy_with_refresh();
        run.calls[1].drop_header("www-authenticate");
        assert!(!run.is_silent("D01"));
    }

    #[test]
    fn is_silent_about_other_statuses() {
        let mut run = Run::healthy();
        run.challenge = Answer::bare(404);
        assert!(run.is_silent("D01"));
    }
}
