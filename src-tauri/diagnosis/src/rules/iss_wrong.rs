use trace::{Revision, origin_of};

use crate::finding::Part;
use crate::reading::{Reading, Visit, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9207_COMPARE;
use crate::wording::{excerpt, same_but_for};

rule! {
    /// # What it looks at
    /// The `iss` parameter of the authorization response, against the issuer of the authorization
    /// server metadata.
    ///
    /// # Why it matters
    /// A response from another issuer is what a mix-up attack looks like. Clients must throw it
    /// away, after the user has logged in and consented.
    ///
    /// # How to fix
    /// Send in `iss` the very text that the metadata has as `issuer`: same scheme, host, port, path
    /// and slash.
    ///
    /// # References
    /// RFC 9207 sections 2.3 and 2.4; MCP 2026-07-28 authorization, "Authorization Response
    /// Validation".
    "R12" "iss_wrong" Error AuthorizationServer since Some(Revision::R20260728),
    title: "The authorization response comes from another issuer",
    spec: [RFC9207_COMPARE],
    stops: [IssMismatch],
    looks_at: [IssInCallback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(callback) = reading.callbacks.last() else {
        return;
    };
    let query = response_fields(callback.request());
    let Some(iss) = value(&query, "iss") else {
        return;
    };
    let document = reading
        .server_metadata_before(callback.seq)
        .and_then(|(_, document)| document.issuer.as_deref());
    // A document that was not recorded may name another one.
    if document.is_none()
        && reading
            .server_tries
            .iter()
            .any(|attempt| attempt.is_unread())
    {
        return;
    }
    // Without metadata a client may have gone to the default endpoints of 2025-03-26, which are
    // another server's.
    let sent_to = |visit: &Visit<'_>| origin_of(&visit.visit.url);
    let asked = reading
        .visits
        .iter()
        .rfind(|visit| visit.seq < callback.seq);
    let named = reading.issuer_before(callback.seq).and_then(origin_of);
    if document.is_none() && asked.is_some_and(|visit| sent_to(visit) != named) {
        return;
    }
    let Some(expected) = document.or(reading.issuer_before(callback.seq)) else {
        return;
    };
    // Where metadata and its issuer differ already, either is right here.
    if iss == expected || reading.issuer_before(callback.seq) == Some(iss) {
        return;
    }
    let message = match same_but_for(iss, expected) {
        Some(difference) => format!(
            "The two differ only in {difference}, but they are compared as text, so clients throw \
             the response away."
        ),
        None => "Clients throw such a response away, since it is what a mix-up attack looks like. \
                 The code in it is not used."
            .into(),
    };
    let finding = RULE
        .found(RFC9207_COMPARE)
        .at(callback.seq, Part::RequestUrl)
        .message(message)
        .expected(format!("iss={expected}"))
        .actual(format!("iss={}", excerpt(iss)))
        .fix(format!(
            "Send iss={expected} in every authorization response, the text that the metadata has \
             as issuer."
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use trace::{EntryKind, Trace};

    use crate::diagnose;
    use crate::sample::{Answer, Run};

    fn with_iss(iss: &str) -> Run {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "iss");
        run.callback.push(("iss", iss.into()));
        run
    }

    #[test]
    fn names_a_difference_that_normalization_would_hide() {
        assert!(
            with_iss("https://login.example")
                .finding("R12")
                .message
                .contains("mix-up")
        );
        assert!(
            with_iss("https://as.example/")
                .finding("R12")
                .message
                .contains("a slash at the end")
        );
        assert!(
            with_iss("https://as.example:443")
                .finding("R12")
                .message
                .contains("default port")
        );
    }

    #[test]
    fn is_silent_when_it_is_the_same_or_not_there() {
        assert!(with_iss("https://as.example").is_silent("R12"));
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "iss");
        assert!(run.is_silent("R12"));
    }

    #[test]
    fn default_endpoints_of_another_server_have_an_issuer_of_their_own() {
        let mut run = with_iss("https://mcp.example");
        run.server_tries[0].2 = Answer::json(404, json!({"error": "not_found"}));
        let mut trace = run.trace();
        let is_told = |trace: &Trace| diagnose(trace).iter().any(|one| one.code == "R12");
        assert!(is_told(&trace));
        for entry in &mut trace.entries {
            if let EntryKind::BrowserOpened(visit) = &mut Arc::make_mut(entry).kind {
                visit.url = visit
                    .url
                    .replace("https://as.example", "https://mcp.example");
            }
        }
        assert!(!is_told(&trace));
    }
}
