use trace::Revision;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{Reading, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_ISS, RFC9207_COMPARE};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded redeems a code whose callback names another
    /// issuer in `iss` than the one it asked, or none although the metadata promises it.
    ///
    /// # Why it matters
    /// `iss` is what protects a client of several authorization servers from sending the code of
    /// one to the other.
    ///
    /// # How to fix
    /// In the client: compare `iss` with the issuer of the metadata before the code is sent
    /// anywhere, and stop where they differ. The authorization server has to send the issuer that
    /// its metadata names.
    ///
    /// # References
    /// MCP 2026-07-28 authorization, "Authorization Response Validation"; RFC 9207 section 2.4.
    "K14" "iss_not_checked" Error Client since Some(Revision::R20260728),
    title: "The client goes on although iss is not the issuer that it asked",
    variants: [
        MISSING: Error Client Certain
            "The client goes on although the promised iss is missing",
    ],
    spec: [RFC9207_COMPARE, MCP_CLIENT_ISS],
    follows: ["R12", MISSING "R13"],
    looks_at: [AnotherClient, Callback, TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.client_follows(Revision::R20260728) {
        return;
    }
    for callback in &reading.callbacks {
        let fields = response_fields(callback.request());
        let Some(code) = value(&fields, "code") else {
            continue;
        };
        let Some(redeemed) = reading.redeemed_after(code, callback.seq) else {
            continue;
        };
        let Some((_, metadata)) = reading.server_metadata_before(callback.seq) else {
            continue;
        };
        let Some(issuer) = metadata.issuer.as_deref() else {
            continue;
        };
        let promised = metadata.authorization_response_iss_parameter_supported;
        let (finding, said, actual) = match value(&fields, "iss") {
            Some(iss) if iss != issuer => (
                RULE.found(RFC9207_COMPARE),
                "The answer names another authorization server than the one that was asked. The \
                 client sent the code on all the same.",
                format!("iss={}", excerpt(iss)),
            ),
            None if promised => (
                RULE.found(MCP_CLIENT_ISS).variant(&MISSING),
                "The metadata says that every answer carries iss. This one does not, and the \
                 client sent the code on all the same.",
                "no iss".to_owned(),
            ),
            _ => continue,
        };
        let workaround = "sending iss with the issuer of its metadata, so that nothing has to be \
                          refused";
        let finding = finding
            .at(redeemed.seq, Part::RequestBody)
            .message(with_workaround(said, workaround))
            .expected(format!("no token request, or iss={}", excerpt(issuer)))
            .actual(actual)
            .fix("In the client: compare iss before the code is sent anywhere.");
        return findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use trace::Revision;

    use crate::sample::Run;

    fn with_iss(revision: Revision, iss: Option<&str>) -> Run {
        let mut run = Run::of_another_client();
        run.revision = revision;
        // This answer names the revision that the sample speaks otherwise.
        run.calls.remove(0);
        run.refresh = None;
        run.callback.retain(|(name, _)| *name != "iss");
        run.callback.extend(iss.map(|iss| ("iss", iss.to_owned())));
        run
    }

    #[test]
    fn another_issuer_and_none() {
        let other = with_iss(Revision::R20260728, Some("https://other.example"));
        assert_eq!(other.finding_of_client("K14").variant, "default");
        let none = with_iss(Revision::R20260728, None);
        assert_eq!(none.finding_of_client("K14").variant, "missing");
    }

    #[test]
    fn is_silent_before_the_revision_that_asks_for_it() {
        let good = with_iss(Revision::R20260728, Some("https://as.example"));
        assert!(good.client_is_silent("K14"));
        let old = with_iss(Revision::R20251125, Some("https://other.example"));
        assert!(old.client_is_silent("K14"));
    }
}
