use trace::Purpose;

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC7592_DELETED;
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// What the client configuration endpoint answers to DELETE: 204 is expected.
    ///
    /// # Why it matters
    /// Clients that register at every start clean up behind themselves only if that works.
    /// Otherwise registrations pile up, and some servers have a limit.
    ///
    /// # How to fix
    /// Delete the client and answer 204 No Content.
    ///
    /// # References
    /// RFC 7592 section 2.3.
    "G31" "registration_not_deleted" Warning AuthorizationServer since None,
    title: "Deleting a registration is not answered 204",
    variants: [
        NOT_SUPPORTED: Note AuthorizationServer Certain "Registrations cannot be deleted here",
        REFUSED: Warning AuthorizationServer Likely "A registration could not be deleted",
    ],
    spec: [RFC7592_DELETED],
    looks_at: [RegistrationDeletion],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut deletions = reading.sent_for(|purpose| *purpose == Purpose::RegistrationDeletion);
    let odd = deletions.find(|seen| seen.status().is_some_and(|status| status != 204));
    let Some(seen) = odd else { return };
    let status = seen.status().unwrap_or_default();
    let finding = RULE
        .found(RFC7592_DELETED)
        .at(seen.seq, Part::Status)
        .expected("204")
        .actual(answer_in_words(seen.exchange));
    findings.add(match status {
        200..=299 => finding
            .message(
                "Most likely the registration is gone. Strict clients take the answer for a \
                      failure.",
            )
            .fix("Answer a deletion with 204 No Content."),
        404 | 405 | 501 => finding
            .variant(&NOT_SUPPORTED)
            .message(
                "The server does not offer it. The registration stays behind until somebody \
                      removes it by hand.",
            )
            .fix(
                "Nothing has to change. To let clients clean up, take DELETE at \
                  registration_client_uri.",
            ),
        _ => finding
            .variant(&REFUSED)
            .message(
                "The registration stays behind. The registration access token may have been \
                      replaced or revoked.",
            )
            .fix(
                "Take DELETE with the registration access token of the client, and answer 204 No \
                  Content.",
            ),
    });
}

#[cfg(test)]
mod tests {
    use trace::{Purpose, Request, Trace};

    use crate::finding::Level;
    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

    fn deleted(status: u16) -> Trace {
        let mut trace = Run::healthy().trace();
        let request = Request::new("DELETE", format!("{AS}/register/c1"));
        push_to_server(
            &mut trace,
            Purpose::RegistrationDeletion,
            request,
            &Answer::bare(status),
        );
        trace
    }

    #[test]
    fn another_success_a_refusal_and_not_offered() {
        let level = |status| found_in(&deleted(status), "G31").unwrap().level;
        assert_eq!(
            (level(200), level(401), level(405)),
            (Level::Warning, Level::Warning, Level::Note)
        );
    }

    #[test]
    fn is_silent_about_204() {
        assert_eq!(found_in(&deleted(204), "G31"), None);
    }
}
