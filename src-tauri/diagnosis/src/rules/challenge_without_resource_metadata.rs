use trace::Revision;

use crate::finding::Part;
use crate::reading::{Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CHALLENGE_2025_06, MCP_DISCOVERY};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The challenge of a 401 that can be read and has no `resource_metadata`.
    ///
    /// # Why it matters
    /// 2025-06-18 demands the parameter. Later revisions take a well-known URL instead, but clients
    /// that read nothing but the header get no further.
    ///
    /// # How to fix
    /// Add `resource_metadata` with the full URL of the protected resource metadata.
    ///
    /// # References
    /// MCP authorization, "Protected Resource Metadata Discovery Requirements"; RFC 9728 section
    /// 5.1.
    "D02" "challenge_without_resource_metadata" Error McpServer since Some(Revision::R20250618),
    title: "The challenge does not name the resource metadata",
    variants: [
        METADATA_NOT_FOUND: Warning McpServer Certain,
        FOUND_ELSEWHERE: Note McpServer Certain,
    ],
    spec: [MCP_CHALLENGE_2025_06, MCP_DISCOVERY],
    follows: ["N03"],
    looks_at: [Unauthorized, Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(seen) = reading
        .unauthorized()
        .filter(|_| reading.discovery_revision().at_least(Revision::R20250618))
    else {
        return;
    };
    let Some(Ok(all)) = seen.response().map(challenges) else {
        return;
    };
    let named = all
        .iter()
        .any(|challenge| challenge.parameter("resource_metadata").is_some());
    if named || all.is_empty() {
        return;
    }
    let unread = reading
        .resource_tries
        .iter()
        .any(|attempt| attempt.is_unread());
    let found = unread || reading.resource_metadata().is_some();
    let demanded = !reading.discovery_revision().at_least(Revision::R20251125);
    let variant = match (demanded, found, reading.resource_tries.is_empty()) {
        (true, _, _) => RULE.default_variant(),
        (false, false, false) => &METADATA_NOT_FOUND,
        (false, _, _) => &FOUND_ELSEWHERE,
    };
    let message = if found {
        "The metadata was found at its well-known URL all the same. Clients of 2025-06-18, which \
         demands the parameter, may read the header alone and get no further."
    } else {
        "Clients have to look at the well-known URLs, and those that read only the header do not."
    };
    let header = seen
        .response()
        .and_then(|response| response.header_value("www-authenticate"));
    let url = trace::resource_metadata_urls(reading.server_url)
        .into_iter()
        .next();
    let url = url.map_or_else(|| "<absolute URL>".into(), |(_, url)| url);
    let finding = RULE
        .found(if demanded || found {
            MCP_CHALLENGE_2025_06
        } else {
            MCP_DISCOVERY
        })
        .at(seen.seq, Part::response_header("WWW-Authenticate"))
        .variant(variant)
        .message(message)
        .expected(format!("Bearer resource_metadata=\"{url}\""))
        .actual(excerpt(header.unwrap_or_default()))
        .fix("Add resource_metadata with the full URL of the metadata document to the challenge.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use trace::{MetadataSource, Revision};

    use crate::finding::Level;
    use crate::sample::{Answer, Run};

    fn bearer_only(revision: Revision) -> Run {
        let mut run = Run::healthy_at(revision);
        run.challenge.drop_header("www-authenticate");
        run.challenge = run
            .challenge
            .header("WWW-Authenticate", "Bearer realm=\"mcp\"");
        run
    }

    #[test]
    fn the_level_follows_the_revision_and_what_else_there_is() {
        assert_eq!(
            bearer_only(Revision::R20250618).finding("D02").level,
            Level::Error
        );
        let mut run = bearer_only(Revision::R20251125);
        assert_eq!(run.finding("D02").level, Level::Note);
        run.resource_tries = vec![(
            MetadataSource::Root,
            "https://mcp.example/x".into(),
            Answer::bare(404),
        )];
        assert_eq!(run.finding("D02").level, Level::Warning);
    }

    #[test]
    fn is_silent_before_2025_06_18_and_when_the_parameter_is_only_misnamed() {
        assert!(bearer_only(Revision::R20250326).is_silent("D02"));
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run
            .challenge
            .header("WWW-Authenticate", "Bearer resource=\"/x\"");
        assert!(run.is_silent("D02"));
    }
}
