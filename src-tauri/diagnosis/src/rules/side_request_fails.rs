use trace::Purpose;

use crate::by_status::of_client_request;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, challenges, oauth_error, object};
use crate::rule::{Findings, rule};
use crate::spec::{OIDC_USERINFO_SUB, RFC7662_ACTIVE, Spec};
use crate::step_up::{granted, lacks_scope, without, words};
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
        SCOPE_WANTED: Warning Client Likely "{endpoint} wants a scope that was not asked for",
        SCOPE_IS_THERE: Warning AuthorizationServer Likely
            "{endpoint} wants a scope that the token has",
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
        let finding = failed(seen, spec).or_else(|| lacks(reading, seen, spec));
        if let Some(finding) = finding.filter(|_| !told.contains(&name)) {
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

/// A refusal for want of scope, which whoever asked for the token can mend.
fn lacks(reading: &Reading<'_>, seen: ExchangeRef<'_>, spec: Spec) -> Option<Finding> {
    if seen.exchange.purpose != Purpose::Userinfo || !lacks_scope(seen) {
        return None;
    }
    let all = challenges(seen.response()?).ok()?;
    let wanted = all
        .iter()
        .find_map(|challenge| challenge.parameter("scope"))
        .filter(|scope| !scope.trim().is_empty())
        .unwrap_or("openid");
    let wanted = words(wanted);
    let asked = reading.scope_asked_for(seen.seq).unwrap_or_default();
    let granted = granted(reading, seen).unwrap_or_else(|| asked.clone());
    let lacking = without(&wanted, &granted);
    let finding = RULE
        .found(spec)
        .at(seen.seq, Part::response_header("WWW-Authenticate"))
        .expected("200 with a JSON object")
        .actual(excerpt(&format!(
            "403: insufficient_scope, scope \"{}\"",
            wanted.join(" ")
        )));
    if lacking.is_empty() {
        return Some(
            finding
                .variant(&SCOPE_IS_THERE)
                .message(format!(
                    "The token was granted {}, and the endpoint refuses it for want of that.",
                    excerpt(&wanted.join(" "))
                ))
                .fix("Let the userinfo endpoint go by the scope that the token was granted."),
        );
    }
    let lacking = excerpt(&lacking.join(" "));
    let all = excerpt(format!("{asked} {lacking}").trim());
    Some(
        finding
            .variant(&SCOPE_WANTED)
            .message(format!(
                "The endpoint is there for clients that ask for {lacking} at the login, and this one \
                 did not. Calls to the MCP server do not need it."
            ))
            .fix(format!(
                "Ask for {lacking} too, if you need to know who the user is: --scope \"{all}\"."
            )),
    )
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
    fn userinfo_that_wants_a_scope() {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
        let refused = Answer::bare(403).header("www-authenticate", challenge);
        let with = |scope: &str| {
            let mut run = Run::healthy();
            run.ask("scope", Some(scope));
            let mut trace = run.trace();
            let request = Request::new("GET", format!("{AS}/userinfo"));
            push_to_server(&mut trace, Purpose::Userinfo, request, &refused);
            found_in(&trace, "N07").unwrap()
        };
        let finding = with("mcp");
        assert_eq!(finding.variant, "scope_wanted");
        assert!(
            finding.fix.contains("--scope \"mcp openid\""),
            "{}",
            finding.fix
        );
        assert_eq!(with("mcp openid").variant, "scope_is_there");
        assert_eq!(asked(Purpose::Userinfo, &Answer::bare(403)), None);
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
