use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_NO_TOKEN_IN_URL;

rule! {
    /// # What it looks at
    /// Requests of a client that was watched or recorded with `access_token` in their URL.
    ///
    /// # Why it matters
    /// URLs end up in logs, histories and `Referer`. Whoever reads one has the token. A server that
    /// keeps to the specification ignores it there, and answers 401.
    ///
    /// # How to fix
    /// In the client: send the token in `Authorization`, and nowhere else. The server should not
    /// take it from the URL.
    ///
    /// # References
    /// MCP authorization, "Token Requirements".
    "K08" "token_in_url" Error Client since None,
    title: "The client sends the access token in the URL",
    spec: [MCP_CLIENT_NO_TOKEN_IN_URL],
    looks_at: [AnotherClient, Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let mut all = reading.all.iter();
    let found = all.find(|seen| {
        let url = &seen.exchange.request.url;
        let query = url.split_once('?').map_or("", |(_, query)| query);
        query.starts_with("access_token=") || query.contains("&access_token=")
    });
    if let Some(seen) = found {
        let said = "The token stands in the URL, where logs, histories and other sites can see it.";
        let workaround = "refusing such requests with invalid_request, so that the fault shows at \
                          once";
        let finding = RULE
            .found(MCP_CLIENT_NO_TOKEN_IN_URL)
            .at(seen.seq, Part::RequestUrl)
            .message(with_workaround(said, workaround))
            .expected("Authorization: Bearer with the token")
            .actual("access_token in the query")
            .fix("In the client: send the token in Authorization only.");
        findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use trace::{Purpose, Request};

    use crate::sample::{MCP, Run, found_in, push, watched};

    #[test]
    fn a_token_in_the_query() {
        let run = Run::of_another_client();
        assert!(run.client_is_silent("K08"));
        let mut trace = watched(&run.trace());
        let request = Request::new("POST", format!("{MCP}?a=1&access_token=secret-token"));
        let purpose = Purpose::Challenge {
            method: "tools/list".into(),
        };
        push(&mut trace, purpose, request, &run.challenge);
        let finding = found_in(&trace, "K08").unwrap();
        assert_eq!(finding.actual.as_deref(), Some("access_token in the query"));
    }
}
