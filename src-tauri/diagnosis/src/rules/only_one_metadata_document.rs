use trace::{Revision, WellKnown};

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{MCP_SERVER_METADATA, MCP_SERVER_METADATA_2025_06};
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// An authorization server whose `oauth-authorization-server` document answers with an error
    /// status and whose `openid-configuration` is there. It is only known when both were tried, and
    /// a client goes no further than the first that works.
    ///
    /// # Why it matters
    /// Clients ask in different orders and not all of them ask twice: clients of 2025-06-18 know
    /// only `oauth-authorization-server`. So one client works with a server and the next one
    /// reports 404.
    ///
    /// # How to fix
    /// Serve the same document at both URLs. An MCP server can also serve the missing one for an
    /// authorization server that cannot be changed, but then has to be named as the authorization
    /// server itself.
    ///
    /// # References
    /// MCP authorization, "Authorization Server Metadata Discovery"; RFC 8414 sections 3.1 and 5.
    "S08" "only_one_metadata_document" Warning AuthorizationServer since None,
    title: "Only the OpenID document is served, not the OAuth one",
    variants: [
        OPTIONAL: Note AuthorizationServer Certain,
        FAILS: Warning AuthorizationServer Likely
            "The OAuth document fails where it should be, and the OpenID one is served",
    ],
    spec: [MCP_SERVER_METADATA, MCP_SERVER_METADATA_2025_06],
    looks_at: [ServerMetadata, ServerMetadataUrl],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((found, _)) = reading.server_metadata() else {
        return;
    };
    let missing = reading.server_tries.iter().rev().find(|attempt| {
        attempt.issuer == found.issuer
            && attempt.well_known == WellKnown::OauthInserted
            && attempt.seen.status().is_none_or(|status| status >= 300)
    });
    let Some(missing) = missing.filter(|_| found.well_known != WellKnown::OauthInserted) else {
        return;
    };
    let newer = reading.revision.at_least(Revision::R20251125);
    let finding = RULE
        .found(if newer {
            MCP_SERVER_METADATA
        } else {
            MCP_SERVER_METADATA_2025_06
        })
        .at(missing.seen.seq, Part::Status)
        .message(
            "This client went on to openid-configuration, as clients do since 2025-11-25. Clients \
             of 2025-06-18 ask for oauth-authorization-server alone and stop; clients that begin \
             with OpenID notice nothing.",
        )
        .expected(format!(
            "200 with metadata at {}",
            missing.seen.request().url
        ))
        .actual(format!(
            "{}; the metadata is at {}",
            answer_in_words(missing.seen.exchange),
            found.seen.request().url
        ))
        .fix("Serve the same document at /.well-known/oauth-authorization-server as well.");
    // What fails may be there at other times.
    let status = missing.seen.status();
    if status.is_none_or(|status| status == 429 || status >= 500) {
        let url = &missing.seen.request().url;
        let finding = finding.variant(&FAILS).fix(format!(
            "Look into the log of the authorization server, and of what is in front of it, for a \
             GET of {url}."
        ));
        return findings.add(finding);
    }
    // One of the two is enough for the later revisions.
    findings.add(if newer {
        finding.variant(&OPTIONAL)
    } else {
        finding
    });
}

#[cfg(test)]
mod tests {
    use trace::{Revision, WellKnown};

    use crate::finding::Level;
    use crate::sample::{AS, Answer, Run};

    fn openid_only(revision: Revision) -> Run {
        let mut run = Run::healthy_at(revision);
        let oauth = run.server_tries[0].clone();
        run.server_tries[0].2 = Answer::bare(404);
        run.server_tries.push((
            WellKnown::OidcInserted,
            format!("{AS}/.well-known/openid-configuration"),
            oauth.2,
        ));
        run
    }

    #[test]
    fn is_a_warning_where_the_oauth_document_is_demanded_and_a_note_later() {
        assert_eq!(
            openid_only(Revision::R20250618).finding("S08").level,
            Level::Warning
        );
        assert_eq!(
            openid_only(Revision::R20251125).finding("S08").level,
            Level::Note
        );
    }

    #[test]
    fn what_fails_may_be_there_at_other_times() {
        for status in [429, 503] {
            let mut run = openid_only(Revision::R20251125);
            run.server_tries[0].2 = Answer::bare(status);
            assert_eq!(run.finding("S08").variant, "fails", "{status}");
        }
    }

    #[test]
    fn is_silent_when_the_first_document_is_there() {
        assert!(Run::healthy().is_silent("S08"));
        let mut run = openid_only(Revision::R20251125);
        run.server_tries[0].2 = Answer::html(200, "App");
        assert!(run.is_silent("S08"));
    }
}
