use std::fmt::Write as _;

use trace::{DocumentError, MetadataSource, Purpose, Revision, StopCode, origin_of};

use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, ResourceTry};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_DISCOVERY, MCP_RESOURCE_METADATA};
use crate::wording::answer_in_words;

rule! {
    /// # What it looks at
    /// A 401 of the MCP server, and protected resource metadata that is nowhere: not at the URL of
    /// the challenge, not at the well-known URLs.
    ///
    /// # Why it matters
    /// The metadata is how a client learns where to authorize. Without it clients of 2025-06-18 and
    /// later stop.
    ///
    /// # How to fix
    /// Serve the metadata at `/.well-known/oauth-protected-resource` followed by the path of the
    /// MCP endpoint, without asking for a token there, and name that URL in the challenge.
    ///
    /// # References
    /// MCP authorization, "Protected Resource Metadata Discovery Requirements"; RFC 9728 sections 3
    /// and 5.1.
    "N03" "resource_metadata_not_found" Error McpServer since Some(Revision::R20250618),
    title: "The MCP server wants a token and does not say where to get one",
    variants: [
        OLDEST: Warning McpServer Likely,
        CHALLENGE_NOT_SEEN: Error McpServer Likely,
        FAILS: Error McpServer Likely
            "The MCP server wants a token, and fails where it says where to get one",
    ],
    spec: [MCP_DISCOVERY, MCP_RESOURCE_METADATA],
    follows: ["S09", "D40/default", "D15/resource_metadata", "B02/coding_by_mcp_server", "N01"],
    stops: [NoResourceMetadata],
    looks_at: [ResourceMetadataRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let given_up = reading.stopped(StopCode::NoResourceMetadata).is_some()
        || reading.default_endpoints()
        || !reading.server_tries.is_empty();
    let tries = &reading.resource_tries;
    let Some(last) = tries
        .last()
        .filter(|_| given_up && reading.unauthorized().is_some())
    else {
        return;
    };
    let revision = reading.discovery_revision();
    let demanded = revision.at_least(Revision::R20250618);
    let absent = |attempt: &ResourceTry<'_>| is_absent(reading, attempt);
    if !demanded || !tries.iter().any(absent) || tries.iter().any(is_there) {
        return;
    }
    let shown = |seen: ExchangeRef<'_>| {
        let answer = answer_in_words(seen.exchange);
        format!("{} → {answer}", seen.request().url)
    };
    // Where a redirect was followed, it is what the well-known URL answers.
    let moved: Vec<ExchangeRef<'_>> = reading
        .all
        .iter()
        .filter(|seen| matches!(seen.exchange.purpose, Purpose::ResourceMetadata { .. }))
        .filter(|seen| matches!(seen.status(), Some(300..=399)))
        .copied()
        .collect();
    let ends = tries.iter().map(|attempt| attempt.seen);
    let ends = ends.filter(|seen| !moved.iter().any(|hop| hop.seq == seen.seq));
    let lines: Vec<String> = moved.iter().copied().chain(ends).map(shown).collect();
    let guarded = tries
        .iter()
        .any(|attempt| matches!(attempt.seen.status(), Some(401 | 403)));
    let newer = revision.at_least(Revision::R20251125);
    let mut message = String::from(
        "The call is answered 401, but none of the places where the resource metadata may be has \
         it. Clients do not know where to authorize and stop.",
    );
    // What fails may have the document at other times.
    let says_no = |status: u16| (400..500).contains(&status) && status != 429;
    let named = tries.iter().find(|attempt| {
        attempt.source == MetadataSource::Header && attempt.seen.status().is_some_and(says_no)
    });
    let named = named.map(|attempt| attempt.seen.request().url().to_owned());
    let unprefixed = named
        .as_deref()
        .and_then(|named| lost_prefix(reading.server_url, named));
    if let Some(prefix) = &unprefixed {
        let _ = write!(
            message,
            " The challenge names a URL without {prefix}, which stands before the path of the URL \
             used: the MCP server does not know that it is mounted below {prefix}."
        );
    } else if named.is_some() {
        message.push_str(" The challenge names a URL where no document is.");
    }
    if guarded {
        message.push_str(
            " The well-known URL itself is answered 401 or 403: the check for a token must leave \
             it out.",
        );
    }
    if !moved.is_empty() {
        message.push_str(
            " A redirect leads away from the well-known URL, to a place without the document.",
        );
    }
    let fails = tries.iter().any(|attempt| {
        let status = attempt.seen.status();
        status.is_none_or(|status| status == 429 || status >= 500)
    });
    if fails {
        message.push_str(
            " It may be there all the same: one of these requests fails or is not answered.",
        );
    }
    // As a server of 2025-03-26 it may be all right.
    let unread = reading
        .server_tries
        .iter()
        .any(|attempt| attempt.is_unread());
    let oldest = !reading.revision.at_least(Revision::R20250618)
        && (unread || reading.server_metadata().is_some());
    if oldest {
        message = "Clients of 2025-06-18 and later stop here. There is authorization server \
                   metadata at the MCP server's own origin, as 2025-03-26 has it, and this run \
                   goes on with that."
            .into();
    }
    // The challenge may name another place, at another server.
    let hidden = reading.unauthorized().is_some_and(|call| {
        let challenge = call.exchange.response_header("www-authenticate");
        !challenge.is_recorded()
    });
    if hidden {
        message.push_str(
            " The recording does not hold the header fields of the 401, which may name another \
             place.",
        );
    }
    let finding = RULE
        .found(if newer {
            MCP_DISCOVERY
        } else {
            MCP_RESOURCE_METADATA
        })
        .at(last.seen.seq, Part::Status)
        .variant(match (oldest, hidden, fails) {
            (true, ..) => &OLDEST,
            (false, true, _) => &CHALLENGE_NOT_SEEN,
            (false, false, true) => &FAILS,
            (false, false, false) => RULE.default_variant(),
        })
        .message(message)
        .expected("a JSON document at one of these URLs")
        .actual(lines.join("\n"))
        .fix(if fails {
            "Look into the log of the MCP server, and of what is in front of it, for these requests. \
             The protected resource metadata has to be served at its well-known URL, open to \
             everyone."
                .to_owned()
        } else {
            change(reading.server_url, named.as_deref(), unprefixed.as_deref())
        });
    findings.add(finding);
}

/// What to change, where the challenge names this URL or none.
fn change(server_url: &str, named: Option<&str>, unprefixed: Option<&str>) -> String {
    let well_known = trace::resource_metadata_urls(server_url).into_iter().next();
    match (named, unprefixed, well_known) {
        (Some(_), Some(prefix), Some((_, url))) => format!(
            "Give the MCP server its URL with {prefix} in it, and serve the protected resource \
             metadata at {url}, open to everyone."
        ),
        (Some(named), ..) if origin_of(named) == origin_of(server_url) => format!(
            "Serve the protected resource metadata at {named}, open to everyone: this path begins at \
             the root of the host, also where the MCP server is mounted below a path."
        ),
        _ => "Serve the protected resource metadata at its well-known URL, open to everyone, and \
              name that URL in resource_metadata of the challenge."
            .into(),
    }
}

/// What the path of the MCP server begins with, where the URL of the challenge is the well-known
/// one for the rest of it: the server calls itself by a path without what is mounted before it.
fn lost_prefix(server_url: &str, named: &str) -> Option<String> {
    if origin_of(named) != origin_of(server_url) {
        return None;
    }
    let (_, path) = server_url.split_once("://")?.1.split_once('/')?;
    let (_, known) = named.split_once("/.well-known/oauth-protected-resource")?;
    let path = format!("/{}", path.trim_end_matches('/'));
    let prefix = path.strip_suffix(known.trim_end_matches('/'))?;
    (!prefix.is_empty() && known.len() > 1).then(|| prefix.to_owned())
}

/// An answer came, and it says that there is no document; or none came, from a server that answers
/// otherwise. A web page in its place is another rule's matter, and so is a server that never
/// answers.
fn is_absent(reading: &Reading<'_>, attempt: &ResourceTry<'_>) -> bool {
    match &attempt.document {
        Some(document) => matches!(document, Err(DocumentError::Status(_))),
        None => {
            let origin = origin_of(&attempt.seen.request().url);
            let mut later = reading
                .all
                .iter()
                .filter(|seen| seen.seq > attempt.seen.seq);
            later.any(|seen| seen.response().is_some() && origin_of(&seen.request().url) == origin)
        }
    }
}

/// There is a document, whether or not it can be used.
fn is_there(attempt: &ResourceTry<'_>) -> bool {
    use DocumentError::{Incomplete, NotAnObject, WrongType};
    // What was not recorded may be there.
    if attempt.is_unread() {
        return true;
    }
    matches!(
        attempt.document,
        Some(Ok(_) | Err(Incomplete | NotAnObject { .. } | WrongType { .. }))
    )
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, MetadataSource, Phase, Revision, StopCode};

    use crate::finding::{Certainty, Level};
    use crate::sample::{Answer, Run};

    fn without_metadata(revision: Revision) -> Run {
        let mut run = Run::healthy_at(revision);
        let attempt = |source, url: &str, status| (source, url.to_owned(), Answer::bare(status));
        run.resource_tries = vec![
            attempt(
                MetadataSource::PathInserted,
                "https://mcp.example/.well-known/oauth-protected-resource/mcp",
                404,
            ),
            attempt(
                MetadataSource::Root,
                "https://mcp.example/.well-known/oauth-protected-resource",
                401,
            ),
        ];
        run.stop(Phase::ResourceMetadata, StopCode::NoResourceMetadata);
        run
    }

    #[test]
    fn lists_the_attempts() {
        let finding = without_metadata(Revision::R20251125).finding("N03");
        assert_eq!(finding.actual.unwrap().lines().count(), 2);
        assert!(finding.message.contains("must leave it out"));
    }

    #[test]
    fn a_url_of_the_challenge_without_a_document_tells_what_is_mounted_where() {
        let named = |url: &str, server: &str| {
            let mut run = without_metadata(Revision::R20251125);
            let attempt = (MetadataSource::Header, url.to_owned(), Answer::bare(404));
            run.resource_tries.insert(0, attempt);
            let mut trace = run.trace();
            server.clone_into(&mut trace.server_url);
            crate::sample::found_in(&trace, "N03").expect("the metadata is nowhere")
        };
        let at = "https://mcp.example/.well-known/oauth-protected-resource";
        let short = named(&format!("{at}/mcp"), "https://mcp.example/api/v1/mcp");
        assert!(short.message.contains("mounted below /api/v1"));
        assert!(short.fix.contains(&format!("{at}/api/v1/mcp, open")));
        let whole = named(&format!("{at}/mcp"), "https://mcp.example/mcp");
        assert!(whole.message.contains("names a URL where no document is"));
        assert!(whole.fix.contains(&format!("{at}/mcp, open")));
        for elsewhere in [
            "https://other.example/.well-known/oauth-protected-resource/mcp",
            at,
        ] {
            let other = named(elsewhere, "https://mcp.example/api/mcp");
            assert!(!other.message.contains("mounted below"), "{elsewhere}");
        }
        let without = without_metadata(Revision::R20251125).finding("N03");
        assert!(without.fix.contains("name that URL in resource_metadata"));
    }

    #[test]
    fn what_fails_may_be_there() {
        let mut run = without_metadata(Revision::R20251125);
        assert_eq!(run.finding("N03").certainty, Certainty::Certain);
        for status in [429, 500, 503] {
            run.resource_tries[0].2 = Answer::bare(status);
            assert_eq!(run.finding("N03").variant, "fails", "{status}");
        }
    }

    #[test]
    fn a_challenge_that_was_not_recorded_may_name_another_place() {
        let mut trace = without_metadata(Revision::R20251125).trace();
        for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
            if let trace::EntryKind::Exchange(exchange) = &mut entry.kind
                && let trace::Outcome::Response(response) = &mut exchange.outcome
            {
                response.headers.clear();
                exchange.recorded.response_headers = trace::Recorded::NotRecorded;
            }
        }
        let found = crate::diagnose(&trace);
        let finding = found.iter().find(|finding| finding.code == "N03");
        let finding = finding.expect("the metadata is nowhere");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert!(finding.message.contains("does not hold the header fields"));
    }

    #[test]
    fn going_on_as_in_the_oldest_revision_does_not_excuse_it() {
        let mut run = without_metadata(Revision::R20250326);
        assert_eq!(run.finding("N03").level, Level::Error);
        run.stop = None;
        assert_eq!(run.finding("N03").level, Level::Warning);
        run.server_tries[0].2 = Answer::bare(404);
        run.registration.as_mut().unwrap().1 = Answer::bare(404);
        run.stop(Phase::Registration, StopCode::NoRegistration);
        run.decisions = vec![];
        assert_eq!(run.finding("N03").level, Level::Error);
    }

    #[test]
    fn a_server_that_answers_everywhere_but_there_counts_and_one_that_never_answers_does_not() {
        let mut run = Run::healthy_at(Revision::R20250326);
        let url = "https://mcp.example/.well-known/oauth-protected-resource";
        let reset = Answer::failed(FailureKind::Reset);
        run.resource_tries = vec![(MetadataSource::Root, url.into(), reset)];
        assert_eq!(run.finding("N03").level, Level::Warning);
        run.stop(Phase::ResourceMetadata, StopCode::NoResourceMetadata);
        assert_eq!(run.found(), ["N01"]);
    }

    #[test]
    fn is_silent_where_there_need_not_be_any_and_where_it_is_found() {
        let mut run = Run::healthy_at(Revision::R20250326);
        run.stop(Phase::ResourceMetadata, StopCode::NoResourceMetadata);
        assert!(run.is_silent("N03"));
        let mut run = without_metadata(Revision::R20251125);
        run.resource_tries
            .push(Run::healthy().resource_tries.remove(0));
        assert!(run.is_silent("N03"));
    }
}
