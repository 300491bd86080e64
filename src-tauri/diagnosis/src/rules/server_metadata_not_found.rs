use trace::{DocumentError, Revision, StopCode, WellKnown, server_metadata_urls};

use crate::finding::{Finding, Part};
use crate::reading::{Reading, ServerTry};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_SERVER_METADATA, MCP_SERVER_METADATA_2025_06};
use crate::wording::{answer_in_words, identifier};
use cause::{Cause, Kind, cause, says_it_is_off};

mod cause;

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
    if let Some(lookup) = Lookup::of(reading) {
        findings.add(report(reading, &lookup));
    }
}

/// The search for the metadata of one issuer that came to nothing.
struct Lookup<'a> {
    issuer: &'a str,
    tries: Vec<&'a ServerTry<'a>>,
    /// Each URL where the metadata may be, with the answer that came there if it was tried.
    candidates: Vec<(String, Option<String>)>,
}

impl<'a> Lookup<'a> {
    /// `None` where there is metadata, where another rule tells why not, or where the search is not
    /// over.
    fn of(reading: &'a Reading<'a>) -> Option<Self> {
        let named = reading
            .issuer()
            .or_else(|| Some(reading.server_tries.last()?.issuer));
        // Before 2025-06-18 a server without metadata is in order: it has default endpoints.
        let in_order =
            reading.default_endpoints() && !reading.revision.at_least(Revision::R20250618);
        let issuer = named.filter(|_| !in_order)?;
        let tries: Vec<_> = reading
            .server_tries
            .iter()
            .filter(|attempt| attempt.issuer == issuer)
            .collect();
        if tries.iter().any(|attempt| is_told_elsewhere(attempt)) {
            return None;
        }
        let candidates: Vec<_> = server_metadata_urls(issuer)
            .into_iter()
            .map(|(well_known, url)| (url, answer_of(&tries, well_known)))
            .collect();
        let is_stopped = reading.stopped(StopCode::NoServerMetadata).is_some();
        let is_answered = tries
            .iter()
            .any(|attempt| attempt.seen.response().is_some());
        // When none of them answers, another rule reports the failed requests.
        if !(is_answered || candidates.is_empty() && is_stopped) {
            return None;
        }
        let lookup = Self {
            issuer,
            tries,
            candidates,
        };
        (is_stopped || lookup.all_tried()).then_some(lookup)
    }

    fn all_tried(&self) -> bool {
        self.candidates.iter().all(|(_, answer)| answer.is_some())
    }

    /// Each URL with its answer, one a line.
    fn answers(&self) -> String {
        if self.candidates.is_empty() {
            return format!(
                "{} is not an http or https URL, so there is nowhere to look",
                identifier(self.issuer)
            );
        }
        let lines: Vec<String> = self
            .candidates
            .iter()
            .map(|(url, answer)| format!("{url} → {}", answer.as_deref().unwrap_or("not tried")))
            .collect();
        lines.join("\n")
    }
}

/// The last answer at this place.
fn answer_of(tries: &[&ServerTry<'_>], well_known: WellKnown) -> Option<String> {
    let mut latest_first = tries.iter().rev();
    let attempt = latest_first.find(|attempt| attempt.well_known == well_known)?;
    Some(match &attempt.document {
        Some(Err(error)) if attempt.seen.status() == Some(200) => format!("200, but {error}"),
        _ => answer_in_words(attempt.seen.exchange),
    })
}

/// Whether there is a document, or another rule reports why there is none.
fn is_told_elsewhere(attempt: &ServerTry<'_>) -> bool {
    use DocumentError::{NotJson, WrongType};
    attempt.is_unread()
        || matches!(
            attempt.document,
            Some(Ok(_) | Err(NotJson { .. } | WrongType { .. }))
        )
}

fn report(reading: &Reading<'_>, lookup: &Lookup<'_>) -> Finding {
    let issuer = lookup.issuer;
    let spec = if reading.revision.at_least(Revision::R20251125) {
        MCP_SERVER_METADATA
    } else {
        MCP_SERVER_METADATA_2025_06
    };
    let finding = RULE
        .found(spec)
        .expected("a metadata document at one of the well-known URLs")
        .actual(lookup.answers());
    let finding = match lookup.tries.last() {
        Some(last) => finding.at(last.seen.seq, Part::Status),
        None => finding.on(naming_exchange(reading)),
    };
    if lookup.candidates.is_empty() {
        return no_url(finding.variant(&NO_URL), issuer);
    }
    if let Some(cause) = lookup.tries.iter().find_map(|attempt| cause(attempt)) {
        return caused(finding, cause);
    }
    if let Some(said) = lookup.tries.last().and_then(|last| says_it_is_off(last)) {
        return finding
            .variant(&SWITCHED_OFF)
            .message(format!(
                "Where the metadata should be, the authorization server says why there is none: \
                 {said}. Clients stop here."
            ))
            .fix(
                "Switch it on in the settings of the authorization server, or name another one in \
                 authorization_servers of the resource metadata.",
            );
    }
    if is_named_endpoint(issuer) {
        return finding
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
    let finding = finding.fix(format!(
        "Check authorization_servers of the resource metadata, in the settings of the MCP \
             server. It must be the issuer exactly as the authorization server's own metadata \
             spells it. If {issuer} is right, the authorization server has to serve its metadata \
             there."
    ));
    // 2025-06-18 and earlier look for one document only, so a server that has just the other one
    // looks the same.
    if !lookup.all_tried() {
        return finding.variant(&NOT_ALL_TRIED).message(format!(
            "The resource metadata says to authorize at {issuer}, but it answers with no metadata \
             where {} has it. Either the issuer is wrong, or the authorization server has only the \
             documents that were not tried.",
            reading.revision
        ));
    }
    finding.message(format!(
        "The resource metadata says to authorize at {issuer}, but none of its well-known URLs \
         answers with metadata. Clients stop here."
    ))
}

/// The exchange whose answer names the issuer.
fn naming_exchange(reading: &Reading<'_>) -> Option<u32> {
    let read = reading.resource_metadata().map(|(attempt, _)| attempt);
    let mut latest_first = reading.resource_tries.iter().rev();
    let attempt = read.or_else(|| latest_first.find(|attempt| attempt.is_unread()))?;
    Some(attempt.seen.seq)
}

fn no_url(finding: Finding, issuer: &str) -> Finding {
    finding
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
        )
}

fn caused(finding: Finding, cause: Cause) -> Finding {
    let finding = finding.variant(match cause.kind {
        Kind::NoAnswer => &NO_ANSWER,
        Kind::CutOff => &CUT_OFF,
        Kind::NotAnObject => &NO_OBJECT,
        Kind::OtherStatus(_) => &OTHER_STATUS,
        Kind::Refused => &REFUSED,
        Kind::Gone => &GONE,
        Kind::Guarded => &GUARDED,
        Kind::TooMany => &TOO_MANY,
        Kind::Fails => &FAILS,
        Kind::Redirected => &REDIRECTED,
        Kind::Gateway => &GATEWAY,
    });
    let finding = match cause.kind {
        Kind::OtherStatus(status) => finding.title_with([status.to_string().as_str()]),
        _ => finding,
    };
    finding
        .at(cause.seq, Part::Status)
        .message(cause.why)
        .fix(cause.fix)
}

/// An issuer that is the URL of an endpoint or of a document.
fn is_named_endpoint(issuer: &str) -> bool {
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
    path.contains("/.well-known/") || ENDS.iter().any(|end| path.ends_with(end))
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
