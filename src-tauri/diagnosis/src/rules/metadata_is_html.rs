use trace::{DocumentError, Response};

use crate::finding::Part;
use crate::providers::own_error;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{RFC8414_RESPONSE, RFC9728_RESPONSE, Spec};
use crate::wording::{answer_in_words, encoding, excerpt, is_html};

rule! {
    /// # What it looks at
    /// Well-known URLs that answer 200 with something that is not JSON, most often a web page.
    ///
    /// # Why it matters
    /// A single-page application's catch-all route answers every path with its page. Clients take
    /// the 200 for a document, fail with `Unexpected token '<'` and do not try the next URL.
    ///
    /// # How to fix
    /// Answer 404 for well-known URLs that are not served, or serve the document there with
    /// `application/json`.
    ///
    /// # References
    /// RFC 9728 section 3.2; RFC 8414 section 3.2.
    "D15" "metadata_is_html" Error McpServer since None,
    title: "A well-known URL answers 200 without metadata",
    variants: [
        IN_FRONT: Error Network Likely "{front} answers in place of the metadata",
        RESOURCE_METADATA: Error McpServer Likely
            "A well-known URL answers 200 with {what} instead of metadata",
        SERVER_METADATA: Error AuthorizationServer Likely
            "A well-known URL answers 200 with {what} instead of metadata",
        RESOURCE_METADATA_REDIRECTED: Warning McpServer Certain
            "A well-known URL redirects to {what} instead of answering 404",
        SERVER_METADATA_REDIRECTED: Warning AuthorizationServer Certain
            "A well-known URL redirects to {what} instead of answering 404",
    ],
    spec: [RFC9728_RESPONSE, RFC8414_RESPONSE],
    stops: [NoResourceMetadata, NoServerMetadata, InvalidResourceMetadata],
    looks_at: [MetadataRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let resource = reading
        .resource_tries
        .iter()
        .filter(|attempt| is_not_json(&attempt.document));
    let server = reading
        .server_tries
        .iter()
        .filter(|attempt| is_not_json(&attempt.document));
    let resource: Vec<_> = resource.map(|attempt| attempt.seen).collect();
    let server: Vec<_> = server.map(|attempt| attempt.seen).collect();
    let worked = reading.resource_metadata().is_some();
    let resource = redirected(
        reading,
        &resource,
        worked,
        &RESOURCE_METADATA_REDIRECTED,
        RFC9728_RESPONSE,
        findings,
    );
    report(
        &resource,
        worked,
        &RESOURCE_METADATA,
        RFC9728_RESPONSE,
        findings,
    );
    let worked = reading.server_metadata().is_some();
    let server = redirected(
        reading,
        &server,
        worked,
        &SERVER_METADATA_REDIRECTED,
        RFC8414_RESPONSE,
        findings,
    );
    report(
        &server,
        worked,
        &SERVER_METADATA,
        RFC8414_RESPONSE,
        findings,
    );
}

/// Tells of the first page that a redirect led to, where the metadata was found elsewhere. What the
/// well-known URL itself answered is the redirect. Returns the others.
fn redirected<'a>(
    reading: &Reading<'a>,
    wrong: &[ExchangeRef<'a>],
    worked: bool,
    variant: &'static Variant,
    spec: Spec,
    findings: &mut Findings,
) -> Vec<ExchangeRef<'a>> {
    let with_hop = |seen: &ExchangeRef<'a>| {
        let before = reading
            .all
            .iter()
            .rev()
            .find(|other| other.seq < seen.seq)?;
        let status = before.status()?;
        let led_here =
            (300..400).contains(&status) && before.exchange.purpose == seen.exchange.purpose;
        (worked && led_here).then_some((*before, status))
    };
    let (moved, others): (Vec<_>, Vec<_>) = wrong.iter().partition(|seen| with_hop(seen).is_some());
    if let Some((seen, (hop, status))) =
        moved.first().and_then(|seen| Some((seen, with_hop(seen)?)))
        && let Some(response) = seen.response()
    {
        let what = what(&response);
        let finding = RULE
            .found(spec)
            .variant(variant)
            .title_with([what])
            .at(hop.seq, Part::response_header("Location"))
            .message(format!(
                "{} is answered {status}, and the redirect leads to {what} for people. This client \
                 went on and found the metadata at the next place; some stop here.",
                hop.request().url()
            ))
            .expected("404 when there is no document at this URL")
            .actual(format!(
                "{status} to {}: {}",
                seen.request().url(),
                beginning(&response)
            ))
            .fix("Answer 404 at this URL, or with the document; leave /.well-known/ out of the redirects.");
        findings.add(finding);
    }
    others
}

fn what(response: &Response) -> &'static str {
    if is_html(response) {
        "a web page"
    } else {
        "something that is not JSON"
    }
}

fn is_not_json<T>(document: &Option<Result<T, DocumentError>>) -> bool {
    matches!(document, Some(Err(DocumentError::NotJson { .. })))
}

fn report(
    wrong: &[ExchangeRef<'_>],
    worked: bool,
    variant: &'static Variant,
    spec: Spec,
    findings: &mut Findings,
) {
    let Some(first) = wrong.first() else { return };
    let Some(response) = first.response() else {
        return;
    };
    if let Some(front) = own_error(&response) {
        return findings.add(
            RULE.found(spec)
                .variant(&IN_FRONT)
                .title_with([front])
                .at(first.seq, Part::body(""))
                .message(format!(
                    "{front} answers with a page of its own, and the request does not reach the \
                     server. Clients stop here with a JSON error."
                ))
                .expected("a JSON object, or 404 when there is none at this URL")
                .actual(answer_in_words(first.exchange))
                .fix(format!(
                    "Let requests to /.well-known/ pass {front} as they are."
                )),
        );
    }
    let what = what(&response);
    let urls: Vec<&str> = wrong.iter().map(|seen| seen.request().url()).collect();
    let consequence = if worked {
        "This client went on and found the metadata elsewhere; many stop here with a JSON error."
    } else {
        "Clients stop here with a JSON error."
    };
    let finding = RULE
        .found(spec)
        .variant(variant)
        .title_with([what])
        .at(first.seq, Part::body(""))
        .message(format!(
            "200 means that the document is there, but what comes is {what}, as a catch-all route \
             sends it. {consequence}"
        ))
        .expected("a JSON object, or 404 when there is none at this URL")
        .actual(format!("{}: {}", urls.join(", "), beginning(&response)))
        .fix(
            "Let the catch-all route leave out /.well-known/: answer 404 there for what is not \
             served, and JSON for what is.",
        );
    findings.add(finding);
}

fn beginning(response: &Response) -> String {
    let media = response
        .media_type()
        .unwrap_or_else(|| "no content-type".into());
    match response.body.text() {
        Some(text) if !text.trim().is_empty() => format!("{media}, {}", excerpt(text)),
        Some(_) => format!("{media}, an empty body"),
        None => {
            let bytes = &response.body.bytes;
            format!("{media}, {} bytes{}", bytes.len(), encoding(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use trace::{MetadataSource, WellKnown};

    use crate::finding::{Level, Owner};
    use crate::sample::{Answer, Run};

    #[test]
    fn one_finding_for_each_of_the_two_servers() {
        let mut run = Run::healthy();
        let path = (
            MetadataSource::PathInserted,
            "https://mcp.example/x".into(),
            Answer::html(200, "App"),
        );
        run.resource_tries.insert(0, path);
        let oauth = (
            WellKnown::OauthInserted,
            "https://as.example/x".into(),
            Answer::html(200, "App"),
        );
        run.server_tries.insert(0, oauth);
        let mut found = crate::diagnose(&run.trace());
        found.retain(|finding| finding.code == "D15");
        let owners: Vec<_> = found.iter().map(|finding| finding.owner).collect();
        assert_eq!(owners, [Owner::McpServer, Owner::AuthorizationServer]);
        assert!(found.iter().all(|finding| finding.level == Level::Error));
        assert!(found[0].message.contains("went on"));
    }

    #[test]
    fn a_redirect_to_a_page_is_a_warning_where_the_next_place_has_the_document() {
        let mut run = Run::healthy();
        let place = WellKnown::OauthInserted;
        let page = (
            place,
            "https://as.example/docs".into(),
            Answer::html(200, "Docs"),
        );
        run.server_tries.insert(0, page);
        let moved = Answer::bare(302).header("location", "/docs");
        run.server_tries
            .insert(0, (place, "https://as.example/x".into(), moved));
        let finding = run.finding("D15");
        assert_eq!(
            (finding.level, finding.owner),
            (Level::Warning, Owner::AuthorizationServer)
        );
        assert!(
            finding
                .actual
                .unwrap()
                .starts_with("302 to https://as.example/docs")
        );
        run.server_tries.truncate(2);
        assert_eq!(run.finding("D15").level, Level::Error);
    }

    #[test]
    fn is_silent_about_a_web_page_that_says_404() {
        let mut run = Run::healthy();
        let path = (
            MetadataSource::PathInserted,
            "https://mcp.example/x".into(),
            Answer::html(404, "No"),
        );
        run.resource_tries.insert(0, path);
        assert!(run.is_silent("D15"));
    }

    #[test]
    fn a_page_of_what_is_in_front_is_told_as_that() {
        let mut run = Run::healthy();
        for (_, _, answer) in &mut run.resource_tries {
            *answer = Answer::html(200, "You are about to visit a tunnel")
                .header("ngrok-error-code", "ERR_NGROK_6024");
        }
        let finding = run.finding("D15");
        assert_eq!(finding.owner, Owner::Network);
        assert!(finding.title.contains("ngrok"), "{}", finding.title);
    }
}
