use trace::{DocumentError, ResourceMetadata, Revision};

use crate::finding::Part;
use crate::reading::{Reading, ResourceTry};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_AUTHORIZATION_SERVERS, RFC9728_RESPONSE, RFC9728_WELL_KNOWN};

rule! {
    /// # What it looks at
    /// Protected resource metadata that is JSON and cannot be used: no `authorization_servers`, no
    /// `resource`, a member of the wrong type, an answer that ends in the middle.
    ///
    /// # Why it matters
    /// Clients find the document and still do not know where to authorize, or cannot tell that it
    /// is about this server.
    ///
    /// # How to fix
    /// Serve a JSON object with `resource`, the MCP server's URL as text, and
    /// `authorization_servers`, an array with the issuer of at least one authorization server.
    ///
    /// # References
    /// MCP authorization, "Authorization Server Location"; RFC 9728 sections 2 and 3.2.
    "N04" "resource_metadata_unusable" Error McpServer since Some(Revision::R20250618),
    title: "The resource metadata cannot be used",
    variants: [
        NO_AUTHORIZATION_SERVER: Error McpServer Certain
            "The resource metadata names no authorization server",
        NO_RESOURCE: Error McpServer Certain
            "The resource metadata does not say which resource it is about",
        CUT_OFF: Error Network Likely,
    ],
    spec: [MCP_AUTHORIZATION_SERVERS, RFC9728_RESPONSE, RFC9728_WELL_KNOWN],
    stops: [InvalidResourceMetadata],
    looks_at: [ResourceMetadataRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let tries = &reading.resource_tries;
    let usable = |attempt: &&ResourceTry<'_>| {
        let document = attempt.document.as_ref();
        document.is_some_and(|read| read.as_ref().is_ok_and(is_usable))
    };
    if tries.iter().any(|attempt| usable(&attempt)) {
        return;
    }
    for attempt in tries {
        let finding = match &attempt.document {
            Some(Ok(document)) if document.authorization_servers.is_empty() => RULE
                .found(MCP_AUTHORIZATION_SERVERS)
                .at(attempt.seen.seq, Part::body("/authorization_servers"))
                .variant(&NO_AUTHORIZATION_SERVER)
                .message("Clients find the metadata and still do not know where to authorize.")
                .expected("\"authorization_servers\": [\"<issuer>\"]")
                .actual("no authorization_servers, or an empty list")
                .fix("Add authorization_servers with the issuer of the authorization server."),
            Some(Ok(_)) => RULE
                .found(RFC9728_WELL_KNOWN)
                .at(attempt.seen.seq, Part::body("/resource"))
                .variant(&NO_RESOURCE)
                .message(
                    "Clients have to compare resource with the URL they use, and there is \
                          none.",
                )
                .expected(format!("\"resource\": \"{}\"", reading.server_url))
                .actual("no resource")
                .fix(format!("Add resource with {}.", reading.server_url)),
            Some(Err(error @ DocumentError::WrongType { field, .. })) => RULE
                .found(RFC9728_RESPONSE)
                .at(attempt.seen.seq, Part::body(&format!("/{field}")))
                .message(
                    "A member has a type that clients do not expect, so they cannot read the \
                          document.",
                )
                .actual(error.to_string())
                .fix(format!("Correct {field} in the resource metadata.")),
            Some(Err(error @ DocumentError::NotAnObject { .. })) => RULE
                .found(RFC9728_RESPONSE)
                .at(attempt.seen.seq, Part::body(""))
                .message("The document is JSON, but no object, so clients cannot read it.")
                .actual(error.to_string())
                .fix("Serve one JSON object."),
            Some(Err(DocumentError::Incomplete)) => RULE
                .found(RFC9728_RESPONSE)
                .at(attempt.seen.seq, Part::body(""))
                .variant(&CUT_OFF)
                .message(
                    "The answer ends in the middle. The server or a proxy cut it off, or the \
                     document is longer than the size limit of this run.",
                )
                .actual("an answer that is not complete")
                .fix(
                    "Look at what is in front of the MCP server, and at the limit in the \
                      settings.",
                ),
            _ => continue,
        };
        findings.add(finding);
        return;
    }
}

fn is_usable(document: &ResourceMetadata) -> bool {
    document.resource.is_some() && !document.authorization_servers.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trace::{Phase, StopCode};

    use crate::finding::Part;
    use crate::sample::{Answer, Run};

    fn with_metadata(metadata: Value) -> Run {
        let mut run = Run::healthy();
        run.resource_tries[0].2 = Answer::json(200, metadata);
        run.stop(Phase::ResourceMetadata, StopCode::InvalidResourceMetadata);
        run
    }

    #[test]
    fn names_the_member() {
        let part = |metadata| with_metadata(metadata).finding("N04").part.unwrap();
        let url = "https://mcp.example/mcp";
        assert_eq!(
            part(json!({"resource": url})),
            Part::body("/authorization_servers")
        );
        assert_eq!(
            part(json!({"authorization_servers": ["https://as.example"]})),
            Part::body("/resource")
        );
        assert_eq!(part(json!({"resource": 7})), Part::body("/resource"));
        assert_eq!(part(json!([])), Part::body(""));
    }

    #[test]
    fn is_silent_about_a_document_that_is_not_there() {
        let mut run = Run::healthy();
        run.resource_tries[0].2 = Answer::bare(404);
        assert!(run.is_silent("N04"));
    }
}
