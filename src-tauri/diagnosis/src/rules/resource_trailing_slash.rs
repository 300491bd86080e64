use trace::Revision;

use crate::finding::Part;
use crate::foreign::foreign_resource;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC9728_FROM_CHALLENGE, RFC9728_WELL_KNOWN};
use crate::wording::differ_by_trailing_slash;

rule! {
    /// # What it looks at
    /// A `resource` in the protected resource metadata that differs from the URL used by a slash at
    /// its end and by nothing else.
    ///
    /// # Why it matters
    /// The two are compared as text, so clients that follow the specification refuse the document.
    /// URL types that add a slash on printing are the usual cause, and then nobody finds it in the
    /// settings.
    ///
    /// # How to fix
    /// Set `resource` to the URL that users type, without or with the slash as they do, and keep it
    /// as text.
    ///
    /// # References
    /// RFC 9728 sections 3.3 and 6.
    "R01" "resource_trailing_slash" Error McpServer Likely since Some(Revision::R20250618),
    title: "The resource differs from the URL used by a slash at its end",
    variants: [
        TYPED: Error Client Likely,
    ],
    spec: [RFC9728_FROM_CHALLENGE, RFC9728_WELL_KNOWN],
    stops: [ForeignResource],
    looks_at: [ResourceMetadata, ResourceMetadataUrl],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(foreign) = foreign_resource(reading) else {
        return;
    };
    let used = reading.server_url;
    if !differ_by_trailing_slash(&foreign.resource, used) {
        return;
    }
    let finding = RULE
        .found(foreign.spec)
        .at(foreign.seen.seq, Part::body("/resource"))
        .expected(used)
        .actual(foreign.resource.clone());
    // The canonical form has no slash at its end, so when only the URL that was typed has one, that
    // is what to change.
    findings.add(if used.ends_with('/') && !foreign.resource.ends_with('/') {
        finding
            .variant(&TYPED)
            .message(
                "The URL of this run ends in a slash and the one in the metadata does not. They \
                 are compared as text, so clients stop here. Either the URL was typed with a slash \
                 too many, or the server is published with one.",
            )
            .fix(format!(
                "Use {} as the server's URL, or add the slash to resource in the metadata.",
                foreign.resource
            ))
    } else {
        finding
            .message(
                "They are compared as text, so clients that follow the specification stop here, \
                 and those that compare parsed URLs notice nothing.",
            )
            .fix(format!(
                "Set resource in the metadata to {used}. If the slash is not in the settings, a \
                 URL type adds it when it is printed: keep the value as text."
            ))
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Owner;
    use crate::sample::Run;

    #[test]
    fn says_whose_slash_it_is() {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["resource"] = json!("https://mcp.example/mcp/"));
        assert_eq!(run.finding("R01").owner, Owner::McpServer);
        let mut run = Run::healthy();
        run.server_url = "https://mcp.example/mcp/".into();
        assert_eq!(run.finding("R01").owner, Owner::Client);
    }

    #[test]
    fn is_silent_when_more_differs() {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["resource"] = json!("https://mcp.example/other/"));
        assert!(run.is_silent("R01"));
    }
}
