use trace::{DocumentError, FailureKind, Revision, StopCode, server_metadata_urls};

use crate::by_status::{Decided, by_status};
use crate::finding::Part;
use crate::providers::words;
use crate::reading::{Reading, ServerTry};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{MCP_SERVER_METADATA, MCP_SERVER_METADATA_2025_06};
use crate::wording::{answer_in_words, excerpt, identifier, in_its_own_words};

rule! {
    /// # What it looks at
    /// The authorization server that the protected resource metadata names, and the answers at
    /// every well-known URL where its metadata may be.
    ///
    /// # Why it matters
    /// Without metadata a client knows no endpoint to authorize at, so nothing goes on. The usual
    /// cause is not the authorization server but the name of it in the MCP server's settings:
    /// another tenant, a domain that was renamed, an endpoint instead of the issuer.
    ///
    /// # How to fix
    /// Put the issuer of your authorization server into the MCP server's settings, exactly as its
    /// own metadata spells it, and open one of the listed URLs in a browser: it must answer 200
    /// with JSON.
    ///
    /// # References
    /// MCP authorization, "Authorization Server Metadata Discovery"; RFC 8414 section 3.1; OpenID
    /// Connect Discovery 1.0 section 4.
    "S01" "server_metadata_not_found" Error McpServer Likely since Some(Revision::R20250618),
    title: "The authorization server named in the resource metadata serves no metadata",
    variants: [
        OWN_OPTION: Error Client Likely
            "No metadata is found because of this run's own {option}",
        NOT_ALL_TRIED: Error McpServer Likely,
        NAMES_ENDPOINT: Error McpServer Likely
            "authorization_servers names an endpoint where the issuer has to be",
        NO_ANSWER: Error AuthorizationServer Likely
            "The authorization server does not answer where its metadata is",
        FAILS: Error AuthorizationServer Likely
            "The authorization server fails where its metadata is",
        TOO_MANY: Error AuthorizationServer Likely
            "The authorization server limits the rate of requests for its metadata",
        GUARDED: Error AuthorizationServer Likely
            "The authorization server's metadata is behind a login",
        REDIRECTED: Error AuthorizationServer Likely
            "The authorization server's metadata redirects elsewhere",
        GATEWAY: Error Network Likely
            "A gateway answers in place of the authorization server's metadata",
        SWITCHED_OFF: Error AuthorizationServer Likely
            "The authorization server says that it is switched off where its metadata is",
        CUT_OFF: Error Network Likely "The authorization server metadata ends in the middle",
        OTHER_STATUS: Error AuthorizationServer Likely
            "The authorization server metadata comes with status {status} instead of 200",
        REFUSED: Error AuthorizationServer Likely
            "The authorization server refuses the request for its metadata",
        GONE: Error AuthorizationServer Likely
            "The authorization server says that its metadata is gone",
        NO_URL: Error McpServer Certain
            "authorization_servers names something that is not an http or https URL",
        NO_OBJECT: Error AuthorizationServer Certain
            "The authorization server metadata is not a JSON object",
    ],
    spec: [MCP_SERVER_METADATA, MCP_SERVER_METADATA_2025_06],
    follows: ["N01"],
    stops: [NoServerMetadata],
    looks_at: [AuthorizationServer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let named = reading
        .issuer()
        .or_else(|| Some(reading.server_tries.last()?.issuer));
    // Before 2025-06-18 a server without metadata is in order: it has default endpoints.
    let in_order = reading.default_endpoints() && !reading.revision.at_least(Revision::R20250618);
    let Some(issuer) = named.filter(|_| !in_order) else {
        return;
    };
    let tries: Vec<_> = reading
        .server_tries
        .iter()
        .filter(|attempt| attempt.issuer == issuer)
        .collect();
    if tries.iter().any(|attempt| is_told_elsewhere(attempt)) {
        return;
    }
    let candidates = server_metadata_urls(issuer);
    let stopped = reading.stopped(StopCode::NoServerMetadata);
    let answered = tries
        .iter()
        .any(|attempt| attempt.seen.response().is_some());
    // All of them without an answer is the network's matter, and another rule's.
    if !(answered || candidates.is_empty() && stopped.is_some()) {
        return;
    }
    let answer_of = |well_known| {
        let attempt = tries
            .iter()
            .rev()
            .find(|attempt| attempt.well_known == well_known)?;
        Some(match &attempt.document {
            Some(Err(error)) if attempt.seen.status() == Some(200) => format!("200, but {error}"),
            _ => answer_in_words(attempt.seen.exchange),
        })
    };
    if stopped.is_none()
        && candidates
            .iter()
            .any(|(well_known, _)| answer_of(*well_known).is_none())
    {
        return;
    }
    let lines: Vec<String> = candidates
        .iter()
        .map(|(well_known, url)| {
            let answer = answer_of(*well_known).unwrap_or_else(|| "not tried".into());
            format!("{url} → {answer}")
        })
        .collect();
    let spec = if reading.revision.at_least(Revision::R20251125) {
        MCP_SERVER_METADATA
    } else {
        MCP_SERVER_METADATA_2025_06
    };
    let actual = if lines.is_empty() {
        format!(
            "{} is not an http or https URL, so there is nowhere to look",
            identifier(issuer)
        )
    } else {
        lines.join("\n")
    };
    let mut finding = RULE
        .found(spec)
        .message(format!(
            "The resource metadata says to authorize at {issuer}, but none of its well-known URLs \
             answers with metadata. Clients stop here."
        ))
        .expected("a metadata document at one of the well-known URLs")
        .actual(actual)
        .fix(format!(
            "Check the authorization server in the MCP server's settings. It must be the \
                 issuer exactly as the authorization server's own metadata spells it. If {issuer} \
                 is right, the authorization server has to serve its metadata there."
        ));
    // 2025-06-18 and earlier look for one document only, so a server that has just the other one
    // looks the same.
    if candidates
        .iter()
        .any(|(well_known, _)| answer_of(*well_known).is_none())
        && !candidates.is_empty()
    {
        finding = finding.variant(&NOT_ALL_TRIED).message(format!(
            "The resource metadata says to authorize at {issuer}, but it answers with no metadata \
             where {} has it. Either the issuer is wrong, or the authorization server has only the \
             documents that were not tried.",
            reading.revision
        ));
    }
    finding = match tries.last() {
        Some(last) => finding.at(last.seen.seq, Part::Status),
        None => {
            let read = reading.resource_metadata().map(|(attempt, _)| attempt);
            let unread = || {
                reading
                    .resource_tries
                    .iter()
                    .rev()
                    .find(|attempt| attempt.is_unread())
            };
            finding.on(read.or_else(unread).map(|attempt| attempt.seen.seq))
        }
    };
    if candidates.is_empty() {
        finding = finding
            .variant(&NO_URL)
            .message(if issuer.is_empty() {
                "The entry of authorization_servers is empty. Clients build the address of the \
                 metadata from it, and stop."
            } else {
                "Clients build the address of the metadata from what authorization_servers names, \
                 and here there is nothing to build it from. They stop."
            })
            .fix(
                "Write the issuer of the authorization server into authorization_servers of the \
                 resource metadata: an absolute https URL, exactly as its own metadata has it.",
            );
    } else if let Some(cause) = tries.iter().find_map(|attempt| cause(attempt)) {
        let status = tries.iter().find(|attempt| attempt.seen.seq == cause.seq);
        let status = status.and_then(|attempt| attempt.seen.status());
        finding = if cause.variant.name == OTHER_STATUS.name {
            finding
                .variant(cause.variant)
                .title_with([status.unwrap_or_default().to_string().as_str()])
        } else {
            finding.variant(cause.variant)
        };
        finding = finding
            .at(cause.seq, Part::Status)
            .message(cause.why)
            .fix(cause.fix);
    } else if let Some(said) = tries.last().and_then(|attempt| says_it_is_off(attempt)) {
        finding = finding
            .variant(&SWITCHED_OFF)
            .message(format!(
                "Where the metadata should be, the authorization server says why there is none: \
                 {said}. Clients stop here."
            ))
            .fix(
                "Switch it on in the settings of the authorization server, or name another one in \
                 authorization_servers of the resource metadata.",
            );
    } else if let Some(issuer) = named_endpoint(issuer) {
        finding = finding
            .variant(&NAMES_ENDPOINT)
            .message(format!(
                "{issuer} is where something of the authorization server is. Its issuer is a URL \
                 above that, and clients look for the metadata by the issuer."
            ))
            .fix(
                "Write the issuer into authorization_servers of the resource metadata, exactly as \
                 the authorization server's own metadata has it in issuer.",
            );
    }
    findings.add(finding);
}

/// There is a document, or one that another rule is about.
fn is_told_elsewhere(attempt: &ServerTry<'_>) -> bool {
    use DocumentError::{NotJson, WrongType};
    attempt.is_unread()
        || matches!(
            attempt.document,
            Some(Ok(_) | Err(NotJson { .. } | WrongType { .. }))
        )
}

/// What an answer says of why there is no document, where it says more than that there is none.
struct Cause {
    variant: &'static Variant,
    seq: u32,
    why: String,
    fix: String,
}

fn cause(attempt: &ServerTry<'_>) -> Option<Cause> {
    const WHO: &str = "the authorization server";
    let url = attempt.seen.request().url();
    let caused = |variant, why: String, fix: String| {
        let seq = attempt.seen.seq;
        Some(Cause {
            variant,
            seq,
            why,
            fix,
        })
    };
    let Some(response) = attempt.seen.response() else {
        let failure = attempt.seen.exchange.failure()?;
        // Who named the host is another rule's matter.
        if !matches!(failure.kind, FailureKind::Reset | FailureKind::Timeout) {
            return None;
        }
        return caused(
            &NO_ANSWER,
            format!(
                "It answers elsewhere, but not at {url}: {}. Either it fails there itself, or a \
                 proxy in front of it does.",
                excerpt(&failure.message)
            ),
            format!("Look into the log of the authorization server for a GET of {url}."),
        );
    };
    match (&attempt.document, response.status) {
        (Some(Err(DocumentError::Incomplete)), _) => {
            return caused(
                &CUT_OFF,
                "The connection ended before the document did. The server or a proxy cut it off, or \
                 it is longer than the size limit of this run."
                    .into(),
                "Look at what is in front of the authorization server, and at the limit in the \
                 settings."
                    .into(),
            );
        }
        (Some(Err(error @ DocumentError::NotAnObject { .. })), _) => {
            return caused(
                &NO_OBJECT,
                format!("The document is JSON, but clients cannot read it: {error}."),
                format!("Serve one JSON object with issuer and the endpoints at {url}."),
            );
        }
        (_, status @ (201 | 203 | 206)) => {
            return caused(
                &OTHER_STATUS,
                format!(
                    "What comes there comes with {status}. Clients take metadata from a \
                     200 alone."
                ),
                format!("Answer {url} with status 200."),
            );
        }
        (_, status @ (400 | 405 | 406 | 415 | 422)) if by_status(&response, WHO).is_none() => {
            return caused(
                &REFUSED,
                format!(
                    "{url} is answered {status}, and not 404: something is there that does not take \
                     the request. A check of the host or of the method, or a proxy in front, may \
                     refuse it."
                ),
                format!(
                    "Let {url} answer a GET with 200 and the metadata, and look into the log of the \
                     authorization server for the request."
                ),
            );
        }
        (_, 410) => {
            return caused(
                &GONE,
                format!(
                    "{url} is answered 410, and not 404: the server says that the document was there \
                     and was taken away for good. Clients stop here."
                ),
                format!(
                    "Serve the metadata at {url} again. If the authorization server has moved, write \
                     its new issuer into authorization_servers of the resource metadata."
                ),
            );
        }
        (_, 401 | 403 | 407) if by_status(&response, WHO).is_none() => {
            return caused(
                &GUARDED,
                format!(
                    "{url} is answered {}. The document is for everyone: clients read it before \
                     there is anything to log in with. A gateway in front may ask for the login.",
                    response.status
                ),
                format!("Let everybody read {url} without a login."),
            );
        }
        _ => {}
    }
    let decided = by_status(&response, WHO)?;
    let variant = match decided.kind {
        Decided::TooMany => &TOO_MANY,
        Decided::Fails | Decided::HostUnknown => &FAILS,
        Decided::Redirected => &REDIRECTED,
        Decided::ToLogin => &GUARDED,
        Decided::Gateway | Decided::InFront => &GATEWAY,
    };
    caused(variant, decided.why, decided.fix)
}

/// The words of a JSON answer that say that what was asked for is switched off. A page may say such
/// things of scripts or cookies.
fn says_it_is_off(attempt: &ServerTry<'_>) -> Option<String> {
    const WORDS: [&str; 5] = [
        "not enabled",
        "disabled",
        "not activated",
        "switched off",
        "turned off",
    ];
    let response = attempt.seen.response_with_body()?;
    response.object()?;
    let said = words(attempt.seen);
    let is_off = WORDS.iter().any(|word| said.contains(word));
    is_off.then(|| in_its_own_words(&response))
}

/// An issuer that is the URL of an endpoint or of a document.
fn named_endpoint(issuer: &str) -> Option<&str> {
    const ENDS: [&str; 8] = [
        "/authorize",
        "/authorization",
        "/auth",
        "/token",
        "/register",
        "/registration",
        "/jwks",
        "/introspect",
    ];
    let path = issuer.trim_end_matches('/');
    (path.contains("/.well-known/") || ENDS.iter().any(|end| path.ends_with(end))).then_some(issuer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{FailureKind, Phase, StopCode, WellKnown};

    use crate::finding::{Certainty, Owner};
    use crate::sample::{AS, Answer, Run};

    fn without_metadata(issuer: &str) -> Run {
        let mut run = Run::healthy();
        run.issuer = issuer.into();
        let not_found = || Answer::json(404, json!({"error": "not_found"}));
        run.server_tries = trace::server_metadata_urls(issuer)
            .into_iter()
            .map(|(well_known, url)| (well_known, url, not_found()))
            .collect();
        run.stop(Phase::ServerMetadata, StopCode::NoServerMetadata);
        run
    }

    #[test]
    fn lists_every_candidate_with_its_answer() {
        let finding = without_metadata(AS).finding("S01");
        let actual = finding.actual.unwrap();
        assert_eq!(actual.lines().count(), 2);
        assert!(
            actual.contains("/.well-known/openid-configuration → 404"),
            "{actual}"
        );
    }

    #[test]
    fn a_document_that_was_not_looked_for_may_explain_it() {
        let mut run = without_metadata(AS);
        run.server_tries.truncate(1);
        let finding = run.finding("S01");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert!(finding.actual.unwrap().ends_with("→ not tried"));
    }

    #[test]
    fn a_document_under_another_status_and_a_name_that_is_no_url() {
        let answered = |answer: Answer| {
            let mut run = without_metadata(AS);
            run.server_tries[0].2 = answer;
            run.finding("S01")
        };
        let created = answered(Answer::json(201, json!({"issuer": AS})));
        assert_eq!(created.variant, "other_status");
        assert!(created.title.contains("201"));
        let refused = answered(Answer::bare(405));
        assert_eq!(refused.variant, "refused");
        assert_eq!(refused.owner, Owner::AuthorizationServer);
        assert_eq!(answered(Answer::bare(404)).owner, Owner::McpServer);
        let gone = answered(Answer::bare(410));
        assert_eq!(
            (gone.variant.as_str(), gone.owner),
            ("gone", Owner::AuthorizationServer)
        );
        let urn = without_metadata("urn:example:as").finding("S01");
        assert_eq!(
            (urn.variant.as_str(), urn.owner),
            ("no_url", Owner::McpServer)
        );
    }

    #[test]
    fn who_has_to_act_follows_what_the_answers_say() {
        let answered = |answer: Answer| {
            let mut run = without_metadata(AS);
            run.server_tries[0].2 = answer;
            run.finding("S01")
        };
        for (answer, owner, variant) in [
            (Answer::bare(500), Owner::AuthorizationServer, "fails"),
            (Answer::bare(429), Owner::AuthorizationServer, "too_many"),
            (Answer::bare(401), Owner::AuthorizationServer, "guarded"),
            (Answer::bare(502), Owner::Network, "gateway"),
            (
                Answer::json(200, json!([])),
                Owner::AuthorizationServer,
                "no_object",
            ),
            (
                Answer::failed(FailureKind::Reset),
                Owner::AuthorizationServer,
                "no_answer",
            ),
            (
                Answer::bare(302).header("location", "/login"),
                Owner::AuthorizationServer,
                "guarded",
            ),
            (Answer::bare(404), Owner::McpServer, "default"),
        ] {
            let finding = answered(answer);
            assert_eq!((finding.owner, finding.variant.as_str()), (owner, variant));
        }
        let endpoint = without_metadata("https://as.example/oauth/authorize").finding("S01");
        assert_eq!(endpoint.variant, "names_endpoint");
    }

    #[test]
    fn knows_where_the_authkit_domain_is_shown() {
        let finding = without_metadata("https://tall-tree-12-staging.authkit.app").finding("S01");
        assert!(finding.fix.contains("WorkOS dashboard"));
    }

    #[test]
    fn an_issuer_that_is_no_url_has_nowhere_to_look() {
        let finding = without_metadata("accounts.example").finding("S01");
        assert!(finding.actual.unwrap().contains("not an http or https URL"));
    }

    #[test]
    fn is_silent_while_candidates_are_left_when_one_answers_and_when_nothing_answered_at_all() {
        let mut run = without_metadata(AS);
        run.server_tries.truncate(1);
        run.stop = Some((Phase::ServerMetadata, StopCode::Cancelled));
        assert!(run.is_silent("S01"));
        let mut run = Run::healthy();
        let first = (
            WellKnown::OauthInserted,
            run.server_tries[0].1.clone(),
            Answer::bare(404),
        );
        run.server_tries.insert(0, first);
        assert!(run.is_silent("S01"));
        let mut run = without_metadata(AS);
        for attempt in &mut run.server_tries {
            attempt.2 = Answer::failed(FailureKind::Refused);
        }
        assert!(run.is_silent("S01"));
    }

    #[test]
    fn an_answer_that_says_it_is_off_is_told_by_its_words() {
        let mut run = without_metadata(AS);
        let said = "The OAuth server is not enabled";
        for (_, _, answer) in &mut run.server_tries {
            *answer = Answer::json(404, json!({"code": 404, "msg": said}));
        }
        let off = run.finding("S01");
        assert_eq!(off.owner, Owner::AuthorizationServer);
        assert!(off.message.contains(said), "{}", off.message);
        for (_, _, answer) in &mut run.server_tries {
            *answer = Answer::html(404, "<p>JavaScript is disabled</p>");
        }
        assert_eq!(run.finding("S01").owner, Owner::McpServer);
    }
}
