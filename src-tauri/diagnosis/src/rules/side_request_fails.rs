use trace::Purpose;

use crate::by_status::of_client_request;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, oauth_error, object};
use crate::rule::{Findings, rule};
use crate::spec::{OIDC_USERINFO_SUB, RFC7662_ACTIVE, Spec};
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// Requests besides the flow that bring no answer: introspection and userinfo. What the status
    /// shows (a limit, a gateway, a failure, a redirect), and answers that are no JSON object.
    ///
    /// # Why it matters
    /// The flow does not need them. An MCP server that asks about each token does: it refuses all
    /// calls while introspection fails.
    ///
    /// # How to fix
    /// It depends on the status, and the finding says which way. That a public client may not
    /// introspect, and that a token for the MCP server is not good for userinfo, is as it should
    /// be.
    ///
    /// # References
    /// RFC 7662 sections 2.2 and 2.3; OpenID Connect Core 1.0 section 5.3.
    "N07" "side_request_fails" Warning AuthorizationServer Likely since None,
    title: "{endpoint} does not serve the request",
    variants: [
        BY_NETWORK: Warning Network Likely "{endpoint} is not reached",
        WITH_SUCCESS: Warning AuthorizationServer Certain
            "{endpoint} reports an error with a success status",
        NO_OBJECT: Warning AuthorizationServer Certain
            "{endpoint} answers with something that is not a JSON object",
        KIND_NOT_SUPPORTED: Note AuthorizationServer Certain
            "{endpoint} does not serve tokens of this kind",
    ],
    spec: [RFC7662_ACTIVE, OIDC_USERINFO_SUB],
    looks_at: [SideRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: Vec<&str> = Vec::new();
    for seen in reading.sent_for(|purpose| endpoint(purpose).is_some()) {
        let Some((name, spec)) = endpoint(&seen.exchange.purpose) else {
            continue;
        };
        if let Some(finding) = failed(seen, spec).filter(|_| !told.contains(&name)) {
            told.push(name);
            findings.add(finding.title_with([name]));
        }
    }
}

fn endpoint(purpose: &Purpose) -> Option<(&'static str, Spec)> {
    match purpose {
        Purpose::Introspection { .. } => Some(("The introspection endpoint", RFC7662_ACTIVE)),
        Purpose::Userinfo => Some(("The userinfo endpoint", OIDC_USERINFO_SUB)),
        _ => None,
    }
}

/// Errors that say that this client may not ask, or not with this token, or has to ask once more.
const AS_IT_SHOULD_BE: [&str; 7] = [
    "use_dpop_nonce",
    "invalid_client",
    "unauthorized_client",
    "access_denied",
    "invalid_token",
    "invalid_scope",
    "insufficient_scope",
];

fn failed(seen: ExchangeRef<'_>, spec: Spec) -> Option<Finding> {
    let response = seen.response_with_body()?;
    let finding = RULE
        .found(spec)
        .at(seen.seq, Part::Status)
        .expected("200 with a JSON object")
        .actual(answer_in_words(seen.exchange));
    if let Some(decided) = of_client_request(seen.request(), &response, "the authorization server")
    {
        let finding = if decided.is_of_network() {
            finding.variant(&BY_NETWORK)
        } else {
            finding
        };
        return Some(finding.message(decided.why).fix(decided.fix));
    }
    // Userinfo may also come as a signed or encrypted token, and so may introspection (RFC 9701).
    let is_token = response
        .media_type()
        .is_some_and(|media| media == "application/jwt" || media.ends_with("+jwt"));
    if let Some(error) = oauth_error(response).filter(|_| (200..300).contains(&response.status)) {
        return Some(
            finding
                .variant(&WITH_SUCCESS)
                .at(seen.seq, Part::body("/error"))
                .message(
                    "The status says that all went well, and the body that it did not. Clients go \
                     by the status and then miss what they asked for.",
                )
                .actual(excerpt(&format!("{}: {}", response.status, error.words())))
                .fix("Answer errors with an error status: 400, or 401 with a challenge."),
        );
    }
    let error = oauth_error(response);
    let error = error.as_ref().map(|error| error.error.as_str());
    match response.status {
        200..=299 if is_token || object(response).is_some() => None,
        // Without the headers it may be a token.
        200..=299 if seen.response_with_headers().is_none() => None,
        200..=299 => Some(
            finding
                .variant(&NO_OBJECT)
                .at(seen.seq, Part::body(""))
                .message(
                    "The URL in the metadata is most likely that of a page, or the server answers \
                     every path with one.",
                )
                .fix("Write the URL that answers with JSON into the metadata."),
        ),
        // That a client may not ask, or not with this token, is as it should be.
        401 | 403 => None,
        400..=499 if error.is_some_and(|error| AS_IT_SHOULD_BE.contains(&error)) => None,
        400..=499 if error == Some("unsupported_token_type") => Some(
            finding
                .variant(&KIND_NOT_SUPPORTED)
                .message(
                    "The server issues tokens that can be read and checked without it, and answers \
                     about others alone. An MCP server that asks here about each token refuses all \
                     of them.",
                )
                .fix(
                    "Nothing has to change where the MCP server checks signatures. Where it asks \
                     here, issue opaque tokens for it.",
                ),
        ),
        400..=499 if error.is_some() => Some(
            finding
                .message("The request is refused, and the answer says why.")
                .fix("Do what the answer says, or look into the server's log."),
        ),
        _ => Some(
            finding
                .message(
                    "The request is refused, and the status does not say why. The URL in the \
                     metadata may be another one.",
                )
                .fix("Correct the URL in the metadata, and look into the server's log."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Request, TokenKind};

    use crate::finding::{Finding, Level};
    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

    fn asked(purpose: Purpose, answer: &Answer) -> Option<Finding> {
        let mut trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/asked"));
        push_to_server(&mut trace, purpose, request, answer);
        found_in(&trace, "N07")
    }

    fn introspected(answer: &Answer) -> Option<Finding> {
        let token = TokenKind::AccessToken;
        asked(Purpose::Introspection { token }, answer)
    }

    #[test]
    fn each_way_to_fail() {
        for (answer, variant) in [
            (Answer::bare(429), "default"),
            (Answer::bare(500), "default"),
            (Answer::bare(404), "default"),
            (Answer::bare(502), "by_network"),
            (Answer::html(200, "Console"), "no_object"),
        ] {
            assert_eq!(
                introspected(&answer).unwrap().variant,
                variant,
                "{}",
                answer.status
            );
            assert_eq!(asked(Purpose::Userinfo, &answer).unwrap().variant, variant);
        }
    }

    #[test]
    fn what_the_answer_says_is_believed() {
        let kind = Answer::json(400, json!({"error": "unsupported_token_type"}));
        assert_eq!(introspected(&kind).unwrap().level, Level::Note);
        let other = Answer::json(400, json!({"error": "invalid_request"}));
        let told = introspected(&other).unwrap();
        assert!(told.message.contains("says why"), "{}", told.message);
    }

    #[test]
    fn is_silent_about_answers() {
        assert_eq!(
            introspected(&Answer::json(200, json!({"active": false}))),
            None
        );
        let mut token = Answer::bare(200).header("content-type", "application/jwt");
        token.body = "a.b.c".into();
        assert_eq!(asked(Purpose::Userinfo, &token), None);
        let refused = Answer::json(401, json!({"error": "invalid_client"}));
        assert_eq!(introspected(&refused), None);
        let nonce = Answer::json(400, json!({"error": "use_dpop_nonce"}));
        assert_eq!(introspected(&nonce), None);
        let scope = Answer::json(400, json!({"error": "invalid_scope"}));
        assert_eq!(asked(Purpose::Userinfo, &scope), None);
    }

    #[test]
    fn an_error_with_a_status_of_success() {
        let answer = Answer::json(200, json!({"error": "invalid_client"}));
        assert_eq!(introspected(&answer).unwrap().variant, "with_success");
        let mut token = Answer::bare(200).header("content-type", "application/x+jwt");
        token.body = "a.b.c".into();
        assert_eq!(introspected(&token), None);
    }
}
