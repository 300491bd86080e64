use trace::{DocumentError, ResourceMetadata, Revision};

use crate::finding::{Level, Part};
use crate::members::{Form, Member, problems};
use crate::reading::{Reading, ResourceTry, object};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_AUTHORIZATION_SERVERS, RFC9728_RESPONSE, RFC9728_WELL_KNOWN};
use crate::wording::excerpt;

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
        OWN_OPTION: Error Client Likely
            "The resource metadata is cut off by this run's own {option}",
        NO_AUTHORIZATION_SERVER: Error McpServer Certain
            "The resource metadata names no authorization server",
        NO_RESOURCE: Error McpServer Certain
            "The resource metadata does not say which resource it is about",
        CUT_OFF: Error Network Likely,
        MEMBER: Warning McpServer Certain
            "{member} in the resource metadata is not valid",
    ],
    spec: [MCP_AUTHORIZATION_SERVERS, RFC9728_RESPONSE, RFC9728_WELL_KNOWN],
    follows: [CUT_OFF "B02/coding_by_mcp_server"],
    stops: [InvalidResourceMetadata, NoResourceMetadata],
    looks_at: [ResourceMetadataRequest],
}

const fn member(name: &'static str, form: Form) -> Member {
    Member {
        name,
        form,
        required: false,
        holds: None,
        level: Level::Warning,
        spec: RFC9728_RESPONSE,
    }
}

/// What of a document that can be used is not valid. The members without which it cannot
/// be used are looked at one by one.
const TABLE: &[Member] = &[
    Member {
        holds: Some("header"),
        ..member("bearer_methods_supported", Form::Texts)
    },
    member("scopes_supported", Form::Texts),
    member("jwks_uri", Form::SecureUrl),
    member("resource_name", Form::Text),
    member("resource_documentation", Form::Url),
    member("resource_policy_uri", Form::Url),
    member("resource_tos_uri", Form::Url),
    member("resource_signing_alg_values_supported", Form::Algorithms),
    member("authorization_details_types_supported", Form::Texts),
    member("dpop_signing_alg_values_supported", Form::Algorithms),
    member("dpop_bound_access_tokens_required", Form::Flag),
    member("tls_client_certificate_bound_access_tokens", Form::Flag),
    member("signed_metadata", Form::Jwt),
];

fn members(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, _)) = reading.resource_metadata() else {
        return;
    };
    let document = attempt.seen.response_with_body().and_then(object);
    for problem in problems(TABLE, &document.unwrap_or_default()) {
        let message = match problem.name {
            "bearer_methods_supported" => {
                "MCP clients send the token in the Authorization header and nowhere else. One that \
                 goes by this list stops here."
            }
            _ => {
                "This client reads the document leniently. Clients that check it against the \
                 specification refuse all of it."
            }
        };
        let finding = RULE
            .found(problem.spec)
            .variant(&MEMBER)
            .title_with([problem.name])
            .at(attempt.seen.seq, Part::body(&format!("/{}", problem.name)))
            .message(message)
            .fix(format!(
                "In the resource metadata, write {} instead of {}.",
                problem.expected, problem.actual
            ))
            .expected(problem.expected)
            .actual(problem.actual);
        findings.add(finding);
    }
}

/// What a pasted text need not name.
fn server<'a>(reading: &Reading<'a>) -> &'a str {
    match reading.server_url {
        "" => "the URL of the MCP server, as clients are given it",
        url => url,
    }
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    members(reading, findings);
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
                .message(if of_server(attempt) {
                    format!(
                        "What is served at {} is the metadata of an authorization server: it has \
                         issuer and token_endpoint. Clients look for that of the MCP server there, \
                         and do not know where to authorize.",
                        excerpt(attempt.seen.request().url())
                    )
                } else {
                    "Clients find the metadata and still do not know where to authorize.".into()
                })
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
                .expected(format!("\"resource\": \"{}\"", server(reading)))
                .actual("no resource")
                .fix(format!("Add resource with {}.", server(reading))),
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

/// Whether the other one of the two documents was served.
fn of_server(attempt: &ResourceTry<'_>) -> bool {
    let document = attempt.seen.response_with_body().and_then(object);
    document.is_some_and(|it| it.contains_key("issuer") && it.contains_key("token_endpoint"))
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
    fn the_metadata_of_the_authorization_server_in_its_place() {
        let server =
            json!({"issuer": "https://as.example", "token_endpoint": "https://as.example/t"});
        let message = |metadata| with_metadata(metadata).finding("N04").message;
        assert!(message(server).contains("metadata of an authorization server"));
        assert!(!message(json!({"resource": "https://mcp.example/mcp"})).contains("issuer"));
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
    fn members_that_strict_clients_mind() {
        let with = |member: &str, value: Value| {
            let mut run = Run::healthy();
            run.resource_tries[0]
                .2
                .edit(|document| document[member] = value);
            run
        };
        let methods = with("bearer_methods_supported", json!(["query"]));
        assert!(methods.finding("N04").title.starts_with("bearer_methods"));
        assert!(!with("jwks_uri", json!(7)).is_silent("N04"));
        assert!(with("bearer_methods_supported", json!(["body", "header"])).is_silent("N04"));
        assert!(with("x_vendor", json!(7)).is_silent("N04"));
    }

    #[test]
    fn is_silent_about_a_document_that_is_not_there() {
        let mut run = Run::healthy();
        run.resource_tries[0].2 = Answer::bare(404);
        assert!(run.is_silent("N04"));
    }
}
