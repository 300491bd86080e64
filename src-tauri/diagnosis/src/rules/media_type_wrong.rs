use trace::Purpose;

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object};
use crate::rule::{Findings, rule};
use crate::spec::{
    MCP_ANSWER, MCP_ANSWER_2026, OIDC_USERINFO_TYPE, RFC6749_TOKEN_JSON, RFC7591_CREATED,
    RFC7662_RESPONSE, RFC8414_RESPONSE, RFC9728_RESPONSE, Spec, mcp_answer,
};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The media type of answers that hold a JSON document a client relies on: the two metadata
    /// documents, the registration answer, the token answer, introspection and userinfo. It has to
    /// be `application/json`, or a type that ends in `+json`.
    ///
    /// # Why it matters
    /// Many clients look at the media type before they read the body, and say that the answer is
    /// not JSON although it is.
    ///
    /// # How to fix
    /// Send `Content-Type: application/json`.
    ///
    /// # References
    /// RFC 9728 section 3.2; RFC 8414 section 3.2; RFC 7591 section 3.2; RFC 6749 section 5.1.
    "B01" "media_type_wrong" Warning AuthorizationServer since None,
    title: "{document} is JSON and is announced as something else",
    variants: [
        BY_MCP_SERVER: Warning McpServer Certain "{document} is JSON and is announced as something else",
        EVENTS: Error McpServer Certain
            "{document} is an event stream and is announced as something else",
    ],
    spec: [RFC9728_RESPONSE, RFC8414_RESPONSE, RFC7591_CREATED, RFC6749_TOKEN_JSON, MCP_ANSWER,
        MCP_ANSWER_2026, RFC7662_RESPONSE, OIDC_USERINFO_TYPE],
    supersedes: [EVENTS "N05" anywhere],
    stops: [McpError],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: Vec<&str> = Vec::new();
    for seen in &reading.all {
        let Some((document, spec)) = document(reading, &seen.exchange.purpose) else {
            continue;
        };
        let Some(sent) = announced(*seen).filter(|_| !told.contains(&document)) else {
            continue;
        };
        told.push(document);
        let events = is_events(*seen);
        let variant = match seen.exchange.purpose {
            _ if events => &EVENTS,
            Purpose::ResourceMetadata { .. } | Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
                &BY_MCP_SERVER
            }
            _ => RULE.default_variant(),
        };
        let right = if events {
            "Content-Type: text/event-stream"
        } else {
            "Content-Type: application/json"
        };
        let finding = RULE
            .found(spec)
            .variant(variant)
            .title_with([document])
            .at(seen.seq, Part::response_header("Content-Type"))
            .message(if events {
                "Clients go by the media type, read the stream as JSON, and fail."
            } else {
                "This client reads the body all the same. Clients that go by the media type say that \
                 the answer is not JSON."
            })
            .expected(right)
            .actual(sent)
            .fix(format!("Send {right} with this answer."));
        findings.add(finding);
    }
}

fn document(reading: &Reading<'_>, purpose: &Purpose) -> Option<(&'static str, Spec)> {
    Some(match purpose {
        Purpose::ResourceMetadata { .. } => ("The protected resource metadata", RFC9728_RESPONSE),
        Purpose::ServerMetadata { .. } => ("The authorization server metadata", RFC8414_RESPONSE),
        Purpose::Registration => ("The registration answer", RFC7591_CREATED),
        Purpose::Token { .. } => ("The token answer", RFC6749_TOKEN_JSON),
        Purpose::Introspection { .. } => ("The introspection answer", RFC7662_RESPONSE),
        Purpose::Userinfo => ("The userinfo answer", OIDC_USERINFO_TYPE),
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
            ("The MCP server's answer", mcp_answer(reading.revision))
        }
        _ => return None,
    })
}

/// Whether the body of an answer of the MCP server is a stream of events, by how it begins.
fn is_events(seen: ExchangeRef<'_>) -> bool {
    let of_server = matches!(
        seen.exchange.purpose,
        Purpose::Challenge { .. } | Purpose::Mcp { .. }
    );
    let text = seen.response().and_then(|response| response.text());
    let begins = |text: &str| {
        ["data:", "event:", "id:", "retry:", ": "]
            .iter()
            .any(|field| text.starts_with(field))
    };
    of_server && text.is_some_and(begins)
}

/// The media type as it was sent, where the body is a JSON object and the type says otherwise.
fn announced(seen: ExchangeRef<'_>) -> Option<String> {
    let response = seen.response_with_body()?;
    if !(200..300).contains(&response.status) {
        return None;
    }
    seen.response_with_headers()?;
    let media = response.media_type();
    let sent: Vec<&str> = response.header_values("content-type").collect();
    // A field that comes twice is read as its first or its last value.
    if !sent.is_empty() && sent.iter().all(|value| is_json(value)) {
        return None;
    }
    if !is_events(seen) {
        object(response)?;
    } else if media.as_deref() == Some("text/event-stream") {
        return None;
    }
    Some(if sent.is_empty() {
        "no Content-Type".into()
    } else {
        excerpt(&format!("Content-Type: {}", list(&sent)))
    })
}

fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    media == "application/json" || media.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn announce(answer: &mut Answer, media: Option<&str>) {
        answer.drop_header("content-type");
        if let Some(media) = media {
            *answer = answer.clone().header("content-type", media);
        }
    }

    #[test]
    fn a_second_media_type_counts() {
        let announced = |second: &str| {
            let mut run = Run::healthy();
            run.token = run.token.clone().header("content-type", second);
            run
        };
        let found = announced("text/html").finding("B01");
        assert_eq!(
            found.actual.as_deref(),
            Some("Content-Type: application/json and text/html")
        );
        assert!(announced("application/json; charset=utf-8").is_silent("B01"));
    }

    #[test]
    fn each_document() {
        let mut run = Run::healthy();
        announce(&mut run.token, Some("text/plain"));
        assert_eq!(run.finding("B01").owner, Owner::AuthorizationServer);
        let mut run = Run::healthy();
        announce(&mut run.resource_tries[0].2, None);
        let found = run.finding("B01");
        assert_eq!(found.owner, Owner::McpServer);
        assert_eq!(found.actual.as_deref(), Some("no Content-Type"));
        let mut run = Run::healthy();
        announce(&mut run.server_tries[0].2, Some("text/html"));
        assert!(run.finding("B01").title.contains("authorization server"));
    }

    #[test]
    fn answers_of_the_mcp_server_have_one_of_two_types() {
        let mut run = Run::healthy();
        announce(&mut run.calls[1], None);
        assert_eq!(run.finding("B01").owner, Owner::McpServer);
        run.calls[1].body = "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n".into();
        run.stop(Phase::Mcp, StopCode::McpError);
        assert_eq!(run.finding("B01").variant, "events");
        run.stop = None;
        announce(&mut run.calls[1], Some("text/event-stream"));
        assert!(run.is_silent("B01"));
    }

    #[test]
    fn is_silent_about_json_in_any_spelling() {
        for media in [
            "Application/JSON; charset=utf-8",
            "application/json",
            "application/oauth-authorization-server+json",
        ] {
            let mut run = Run::healthy();
            announce(&mut run.server_tries[0].2, Some(media));
            assert!(run.is_silent("B01"), "{media}");
        }
    }
}
