use trace::{Challenge, DocumentError, MetadataSource, Revision};

use crate::finding::Part;
use crate::members::has_credentials;
use crate::reading::{ExchangeRef, Reading, challenges};
use crate::rule::{Findings, rule};
use crate::spec::RFC9728_PARAMETER;
use crate::wording::{answer_in_words, excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// The parameters of the challenge: `resource` or another name where `resource_metadata` is
    /// meant, a `resource_metadata` that is not an absolute URL, and one where there is no document
    /// though a well-known URL has it.
    ///
    /// # Why it matters
    /// Clients read `resource_metadata` and nothing else, and they do not resolve a relative URL.
    /// Those that read the header only get no further, the others have to guess where the metadata
    /// is.
    ///
    /// # How to fix
    /// Send `WWW-Authenticate: Bearer
    /// resource_metadata="https://host/.well-known/oauth-protected-resource/path"` with the full
    /// URL of the metadata document, as it is seen from outside.
    ///
    /// # References
    /// RFC 9728 section 5.1; MCP authorization, "Protected Resource Metadata Discovery
    /// Requirements".
    "S09" "resource_metadata_parameter_wrong" Error McpServer since Some(Revision::R20250618),
    title: "The challenge does not say in resource_metadata where the metadata is",
    variants: [
        NOT_THERE: Warning McpServer Certain
            "The resource metadata is not where the challenge says",
        NO_ANSWER: Warning McpServer Likely
            "The resource metadata is not where the challenge says",
    ],
    spec: [RFC9728_PARAMETER],
    supersedes: ["D02"],
    stops: [NoResourceMetadata],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seen, wrong)) = wrong_parameter(reading) else {
        return not_there(reading, findings);
    };
    let (message, actual) = match &wrong {
        Wrong::Name { name, value } => (
            format!(
                "The challenge carries {name}, which clients do not know; they look for \
                 resource_metadata. {}",
                if is_http_url(value) {
                    "The URL in it is complete."
                } else {
                    "The URL in it is not complete either."
                }
            ),
            format!("{name}=\"{}\"", excerpt(value)),
        ),
        Wrong::Credentials { value } => (
            "resource_metadata has a user name or a password in its URL. Browsers and many clients \
             refuse such a URL, this one too; and everybody who calls the server gets to see it."
                .to_owned(),
            format!("resource_metadata=\"{}\"", excerpt(value)),
        ),
        Wrong::NotAbsolute { value } => (
            "resource_metadata is not an absolute URL, and clients do not resolve it against anything."
                .to_owned(),
            format!("resource_metadata=\"{}\"", excerpt(value)),
        ),
    };
    let url = trace::resource_metadata_urls(reading.server_url)
        .into_iter()
        .next();
    let expected = format!(
        "resource_metadata=\"{}\"",
        url.map_or_else(|| "<absolute URL>".into(), |(_, url)| url)
    );
    let finding = RULE
        .found(RFC9728_PARAMETER)
        .at(seen.seq, Part::response_header("WWW-Authenticate"))
        .message(message)
        .fix(format!(
            "Send WWW-Authenticate: Bearer {expected}, the full URL under which the document is \
             served."
        ))
        .expected(expected)
        .actual(actual);
    findings.add(finding);
}

/// The URL of the challenge has no document, and a well-known URL has.
fn not_there(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((found, _)) = reading.resource_metadata() else {
        return;
    };
    let mut tries = reading.resource_tries.iter();
    let failed = tries.find(|attempt| {
        let absent = matches!(attempt.document, Some(Err(DocumentError::Status(_))))
            || attempt.seen.response().is_none();
        attempt.source == MetadataSource::Header && attempt.seen.seq < found.seen.seq && absent
    });
    let Some(failed) = failed.filter(|_| found.source != MetadataSource::Header) else {
        return;
    };
    let variant = match failed.seen.response() {
        // What fails may be there at other times.
        Some(response) if response.status < 500 && response.status != 429 => &NOT_THERE,
        _ => &NO_ANSWER,
    };
    let url = failed.seen.request().url();
    let works = found.seen.request().url();
    let answer = answer_in_words(failed.seen.exchange);
    let finding = RULE
        .found(RFC9728_PARAMETER)
        .variant(variant)
        .at(failed.seen.seq, Part::Status)
        .message(
            "This client went on to the well-known URL and found the document there. Clients that \
             go by resource_metadata of the challenge alone stop here.",
        )
        .expected(format!("200 with the resource metadata at {url}"))
        .actual(format!("{url} → {answer}"))
        .fix(format!(
            "Write resource_metadata=\"{works}\" into the challenge, or serve the document at {url} \
             as well."
        ));
    findings.add(finding);
}

/// What is wrong with a challenge's way of saying where the metadata is.
enum Wrong {
    Name { name: String, value: String },
    NotAbsolute { value: String },
    Credentials { value: String },
}

/// The first 401 whose challenge means to say where the metadata is, and says it wrongly.
fn wrong_parameter<'a>(reading: &Reading<'a>) -> Option<(ExchangeRef<'a>, Wrong)> {
    if !reading.discovery_revision().at_least(Revision::R20250618) {
        return None;
    }
    let seen = reading.unauthorized()?;
    let all = challenges(seen.response()?).ok()?;
    if let Some(value) = all
        .iter()
        .find_map(|challenge| challenge.parameter("resource_metadata"))
    {
        let value = value.to_owned();
        return if !is_http_url(&value) {
            Some((seen, Wrong::NotAbsolute { value }))
        } else if has_credentials(&value) {
            Some((seen, Wrong::Credentials { value }))
        } else {
            None
        };
    }
    let misnamed = all.iter().find_map(misnamed)?;
    Some((seen, misnamed))
}

fn misnamed(challenge: &Challenge) -> Option<Wrong> {
    let meant = |name: &str| {
        let name = name.to_ascii_lowercase().replace('-', "_");
        name == "resource" || name.contains("metadata") || name == "oauth_protected_resource"
    };
    let holds_it = |value: &str| value.contains("/.well-known/oauth-protected-resource");
    let mut parameters = challenge.parameters.iter();
    let (name, value) = parameters.find(|(name, value)| meant(name) || holds_it(value))?;
    Some(Wrong::Name {
        name: name.clone(),
        value: value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use trace::MetadataSource;

    use crate::sample::{Answer, Run};

    #[test]
    fn a_url_of_the_challenge_without_a_document_is_told_though_another_has_it() {
        let mut run = Run::healthy();
        let there = run.resource_tries[0].2.clone();
        run.resource_tries[0].2 = Answer::bare(404);
        assert!(run.is_silent("S09"));
        run.resource_tries.push((
            MetadataSource::PathInserted,
            "https://mcp.example/.well-known/oauth-protected-resource/mcp".into(),
            there,
        ));
        let finding = run.finding("S09");
        assert_eq!(finding.variant, "not_there");
        assert!(finding.actual.unwrap().contains("→ 404"));
    }

    fn challenged(value: &str) -> Run {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run.challenge.header("WWW-Authenticate", value);
        run
    }

    #[test]
    fn names_the_parameter_received_and_the_one_expected() {
        let finding = challenged(r#"Bearer resource="/.well-known/oauth-protected-resource/mcp""#)
            .finding("S09");
        assert_eq!(
            finding.actual.as_deref(),
            Some(r#"resource="/.well-known/oauth-protected-resource/mcp""#)
        );
        let expected =
            r#"resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp""#;
        assert_eq!(finding.expected.as_deref(), Some(expected));
        assert!(finding.message.contains("not complete either"));
    }

    #[test]
    fn a_relative_resource_metadata_is_wrong_too() {
        let run = challenged(r#"Bearer resource_metadata="/.well-known/oauth-protected-resource""#);
        assert!(run.finding("S09").message.contains("not an absolute URL"));
    }

    #[test]
    fn a_password_in_the_url_is_told() {
        let with = |host: &str| {
            let url = format!("https://{host}/.well-known/oauth-protected-resource/mcp");
            challenged(&format!("Bearer resource_metadata=\"{url}\""))
        };
        let finding = with("a:b@mcp.example").finding("S09");
        assert!(finding.message.contains("password"), "{}", finding.message);
        assert!(with("mcp.example").is_silent("S09"));
    }

    #[test]
    fn is_silent_about_an_additional_parameter_and_about_none() {
        let both = r#"Bearer resource="https://mcp.example/mcp", resource_metadata="https://mcp.example/x""#;
        assert!(challenged(both).is_silent("S09"));
        assert!(challenged("Bearer").is_silent("S09"));
    }
}
