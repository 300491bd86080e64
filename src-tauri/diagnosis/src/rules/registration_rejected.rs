use serde_json::Value;
use trace::Document;

use crate::by_status::{Decided, by_status};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, oauth_error, object, text};
use crate::redirect_uris::{advice, to_a_firewall};
use crate::rule::{Findings, rule};
use crate::spec::{
    RFC7591_ERROR, RFC7591_INVALID_METADATA, RFC7591_INVALID_REDIRECT_URI, RFC8252_LOOPBACK,
};
use crate::wording::{answer_in_words, excerpt, list};

rule! {
    /// # What it looks at
    /// A registration request that is refused for what it says: with an error of RFC 7591, or with
    /// another status than 2xx that does not mean that registration is not offered at all.
    ///
    /// # Why it matters
    /// No client comes about, so there is no login. Authorization servers are particular about
    /// redirect URIs, the application type, grant types and scopes, and each about others.
    ///
    /// # How to fix
    /// Let the authorization server accept what a native client registers: a loopback redirect URI,
    /// `authorization_code` and `refresh_token`, `token_endpoint_auth_method` `none`. Or register a
    /// client by hand and use its client ID.
    ///
    /// # References
    /// RFC 7591 section 3.2.2; RFC 8252 section 7.3.
    "G03" "registration_rejected" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses to register the client",
    variants: [
        OWN_OPTION: Error Client Likely
            "The registration is refused because of this run's own {option}",
        REDIRECT_URI: Error AuthorizationServer Likely
            "The authorization server refuses to register the redirect URI",
        SCOPE_UNKNOWN: Error McpServer Likely
            "The MCP server advertises scopes that its authorization server does not let register",
        UNEXPLAINED: Error AuthorizationServer Likely,
        TOO_MANY: Error AuthorizationServer Likely
            "The authorization server limits the rate of registrations",
        FAILS: Error AuthorizationServer Likely
            "The authorization server fails on the registration",
        REDIRECTED: Error AuthorizationServer Likely "The registration endpoint redirects elsewhere",
        GATEWAY: Error Network Likely,
        IN_FRONT: Error Network Likely
            "What stands in front of the authorization server refuses the registration",
        EDITED: Error Client Likely,
        EDITED_REDIRECT_URI: Error Client Likely
            "The authorization server refuses to register the redirect URI",
        PROVIDER_SAYS_AUTHORIZATION_SERVER: Error AuthorizationServer Likely
            "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_MCP_SERVER: Error McpServer Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_CLIENT: Error Client Likely "{provider} refuses the request: {cause}",
        PROVIDER_SAYS_NOBODY: Note Nobody Likely "{provider} refuses the request: {cause}",
    ],
    spec: [RFC7591_ERROR, RFC7591_INVALID_REDIRECT_URI, RFC7591_INVALID_METADATA, RFC8252_LOOPBACK],
    follows: ["A08/commas_refused", "A08/characters", "A08/offline_access_refused", "M06/key_needed", "N03/default"],
    stops: [RegistrationRejected],
    looks_at: [Registration],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(&last) = reading.registrations.last() else {
        return;
    };
    let Some(response) = last.response() else {
        return;
    };
    let status = response.status;
    if (200..300).contains(&status) {
        return;
    }
    // Where nothing is, nobody refuses.
    if reading.endpoints_may_be_guessed() && matches!(status, 404 | 405) {
        return;
    }
    let answer = object(response).unwrap_or_default();
    let asked = serde_json::from_slice::<Document>(&last.request().body.bytes).unwrap_or_default();
    let error = text(&answer, "error").or_else(|| {
        // Some frameworks put the code into a member of their own.
        text(&answer, "code").filter(|code| CODES.contains(code))
    });
    let finding = match error {
        // A limit or a failure of the server has nothing to do with the request, whatever it says.
        Some(error) if is_code(error) && by_status(&response, WHO).is_none() => {
            unknown_scopes(reading, last, &answer, &asked)
                .unwrap_or_else(|| by_code(last, error, &answer, &asked))
        }
        _ => without_code(last, &asked),
    };
    if !last.exchange.edited {
        return findings.add(finding);
    }
    let message = format!(
        "{} The request was changed by hand, which may be why.",
        finding.message
    );
    let edited = if finding.is(&REDIRECT_URI) {
        &EDITED_REDIRECT_URI
    } else {
        &EDITED
    };
    findings.add(finding.variant(edited).message(message));
}

/// A refusal for scopes that the MCP server names and the authorization server does not list.
fn unknown_scopes(
    reading: &Reading<'_>,
    seen: ExchangeRef<'_>,
    answer: &Document,
    asked: &Document,
) -> Option<Finding> {
    let description = text(answer, "error_description").unwrap_or_default();
    let error = text(answer, "error").unwrap_or_default();
    let of_scope = error == "invalid_scope" || description.to_ascii_lowercase().contains("scope");
    let unknown = reading.unknown_scopes(text(asked, "scope")?);
    if !of_scope || unknown.is_empty() {
        return None;
    }
    let names = excerpt(&list(&unknown));
    let finding = RULE
        .found(RFC7591_INVALID_METADATA)
        .at(seen.seq, Part::body("/error"))
        .variant(&SCOPE_UNKNOWN)
        .message(format!(
            "This client registers for what the MCP server names. The authorization server's own \
             scopes_supported lacks {names}."
        ))
        .expected("201 with a client_id")
        .actual(excerpt(&format!("{error}: {description}")))
        .fix(format!(
            "Take {names} out of the MCP server's scopes_supported and challenge, or have them \
             defined at the authorization server."
        ));
    Some(finding)
}

fn by_code(seen: ExchangeRef<'_>, error: &str, answer: &Document, asked: &Document) -> Finding {
    let said = seen.response().and_then(oauth_error);
    let (place, description) = match &said {
        Some(said) => ("/error", said.description.as_deref()),
        None => ("/code", text(answer, "message")),
    };
    let description = description.unwrap_or_default();
    // The one status that says nothing besides the code.
    let status = seen.status().filter(|status| *status != 400);
    let status = status.map_or_else(String::new, |status| format!("{status}: "));
    let actual = match description {
        "" => format!("{status}{error}, without a description"),
        description => format!("{status}{error}: {}", excerpt(description)),
    };
    if error == "invalid_redirect_uri" {
        let uris = redirect_uris(asked);
        if is_taken_for_web(description, asked) {
            return RULE
                .found(RFC8252_LOOPBACK)
                .at(seen.seq, Part::body("/error"))
                .variant(&REDIRECT_URI)
                .message(
                    "The registration has no application_type, as clients of revisions before \
                     2026-07-28 may send none. The authorization server takes the client for a web \
                     client then, and refuses its loopback redirect URI.",
                )
                .expected(format!("a client for {}", list(&uris)))
                .actual(excerpt(&actual))
                .fix(
                    "Let clients that send no application_type register http redirect URIs with a \
                     loopback host, such as http://127.0.0.1/callback with any port. Newer clients \
                     send application_type native.",
                );
        }
        return RULE
            .found(RFC7591_INVALID_REDIRECT_URI)
            .at(seen.seq, Part::body(place))
            .variant(&REDIRECT_URI)
            .message(
                "No client was registered, because of a redirect URI. A native client listens on a \
                 port that the system hands out, so it can only register a loopback URI.",
            )
            .expected(format!("a client for {}", list(&uris)))
            .actual(excerpt(&actual))
            .fix(advice(uris.first().copied().unwrap_or_default()));
    }
    let spec = match error {
        "invalid_client_metadata" => RFC7591_INVALID_METADATA,
        _ => RFC7591_ERROR,
    };
    let named = named(description, asked);
    let sent: Vec<String> = named
        .iter()
        .map(|(name, value)| excerpt(&format!("{name} {value}")))
        .collect();
    let (message, fix) = match sent.as_slice() {
        [] => (
            "No client was registered, because the authorization server does not accept something \
             in the request."
                .to_owned(),
            "Look into the authorization server's log and its registration policy, and let it \
             accept a native public client. Or register a client by hand and give its client ID to \
             this run."
                .to_owned(),
        ),
        sent => (
            format!("No client was registered. The request says {}.", list(sent)),
            format!(
                "Accept {} at the authorization server{}. Or register a client by hand and give \
                 its client ID to this run.",
                list(&named.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
                hint(&named)
            ),
        ),
    };
    RULE.found(spec)
        .at(seen.seq, Part::body(place))
        .message(message)
        .expected("201 with a client_id")
        .actual(actual)
        .fix(fix)
}

/// Whether the server says that it takes a client for a web client that did not say what it is.
fn is_taken_for_web(description: &str, asked: &Document) -> bool {
    let said = description.to_ascii_lowercase();
    !asked.contains_key("application_type")
        && (said.contains("web client") || said.contains("application_type"))
}

/// The error codes of RFC 7591.
const CODES: [&str; 4] = [
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_software_statement",
    "unapproved_software_statement",
];

/// Who should have answered.
const WHO: &str = "the authorization server";

/// Whether an error is a code, as RFC 7591 has them, and not words such as "Bad Request".
fn is_code(error: &str) -> bool {
    let of_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !error.is_empty() && error.chars().all(of_code)
}

fn without_code(seen: ExchangeRef<'_>, asked: &Document) -> Finding {
    let finding = RULE
        .found(RFC7591_ERROR)
        .at(seen.seq, Part::Status)
        .expected("201 with a client_id, or 400 with error and error_description")
        .actual(answer_in_words(seen.exchange));
    let response = seen.response();
    if let Some(decided) = response.and_then(|response| by_status(&response, WHO)) {
        let variant = match decided.kind {
            Decided::TooMany => &TOO_MANY,
            Decided::Fails | Decided::HostUnknown => &FAILS,
            Decided::Redirected => &REDIRECTED,
            Decided::Gateway => &GATEWAY,
            Decided::InFront | Decided::ToLogin => &IN_FRONT,
        };
        let uris = redirect_uris(asked);
        let dislikes = uris
            .first()
            .filter(|_| decided.kind == Decided::InFront)
            .and_then(|uri| to_a_firewall(uri));
        let (more, way_around) = dislikes.unwrap_or_default();
        return finding
            .variant(variant)
            .message(format!("{} {more}", decided.why).trim_end())
            .fix(format!("{} {way_around}", decided.fix).trim_end());
    }
    finding
        .variant(&UNEXPLAINED)
        .message(
            "The refusal has no error code of RFC 7591; its own words are all there is. Something in \
             front of the authorization server may have refused it as well.",
        )
        .fix(
            "Do what the answer's own words ask for. Answer with error and error_description, and \
             accept what a native public client registers.",
        )
}

fn redirect_uris(asked: &Document) -> Vec<&str> {
    let uris = asked.get("redirect_uris").and_then(Value::as_array);
    uris.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The members of the request that the description names, with what they hold.
fn named<'d>(description: &str, asked: &'d Document) -> Vec<(&'d str, &'d Value)> {
    let description = description.to_ascii_lowercase().replace([' ', '-'], "_");
    asked
        .iter()
        .filter(|(name, _)| description.contains(name.trim_end_matches('s')))
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

fn hint(named: &[(&str, &Value)]) -> &'static str {
    let names = |wanted: &str| named.iter().any(|(name, _)| *name == wanted);
    if names("application_type") {
        ": native is what a client with a loopback redirect URI is"
    } else if names("token_endpoint_auth_method") {
        ": a native client cannot keep a secret, so none has to be possible"
    } else if names("scope") {
        ": these are the scopes that the MCP server asks for"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn answered(answer: Answer) -> Run {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 = answer;
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        run
    }

    #[test]
    fn a_redirect_uri_is_named_with_what_to_register() {
        let error = json!({"error": "invalid_redirect_uri", "error_description": "not allowed"});
        let finding = answered(Answer::json(400, error)).finding("G03");
        assert!(
            finding.fix.contains("http://localhost:49152/callback"),
            "{}",
            finding.fix
        );
        assert_eq!(
            finding.actual.as_deref(),
            Some("invalid_redirect_uri: not allowed")
        );
    }

    #[test]
    fn a_client_that_does_not_say_what_it_is_may_be_taken_for_a_web_client() {
        let error = json!({
            "error": "invalid_redirect_uri",
            "error_description": "web clients require https redirect URIs",
        });
        let unsaid = answered(Answer::json(400, error.clone())).finding("G03");
        assert!(
            unsaid.message.contains("no application_type"),
            "{unsaid:#?}"
        );
        let mut run = answered(Answer::json(400, error));
        run.registration.as_mut().unwrap().0["application_type"] = json!("native");
        let native = run.finding("G03");
        assert!(
            !native.message.contains("no application_type"),
            "{native:#?}"
        );
    }

    #[test]
    fn scopes_that_the_server_does_not_list_are_the_mcp_server_s() {
        let error = json!({
            "error": "invalid_client_metadata",
            "error_description": "scope must only contain supported values",
        });
        let mut run = answered(Answer::json(400, error));
        run.registration.as_mut().unwrap().0["scope"] = json!("mcp admin");
        let scopes = |answer: &mut Answer, scopes: serde_json::Value| {
            answer.edit(|document| document["scopes_supported"] = scopes);
        };
        scopes(&mut run.resource_tries[0].2, json!(["mcp", "admin"]));
        scopes(&mut run.server_tries[0].2, json!(["mcp"]));
        let unknown = run.finding("G03");
        assert_eq!(
            (unknown.owner, unknown.variant.as_str()),
            (Owner::McpServer, "scope_unknown")
        );
        scopes(&mut run.server_tries[0].2, json!(["mcp", "admin"]));
        assert_eq!(run.finding("G03").owner, Owner::AuthorizationServer);
    }

    #[test]
    fn what_the_description_names_is_quoted_from_the_request() {
        let error = json!({
            "error": "invalid_client_metadata",
            "error_description": "token endpoint auth method not supported",
        });
        let finding = answered(Answer::json(400, error)).finding("G03");
        assert!(
            finding
                .message
                .contains("token_endpoint_auth_method \"none\""),
            "{}",
            finding.message
        );
        assert!(finding.fix.contains("cannot keep a secret"));
    }

    #[test]
    fn a_refusal_without_a_code_is_quoted() {
        let body = json!({"statusCode": 400, "error": "Bad Request", "message": "no such tenant"});
        let finding = answered(Answer::json(400, body)).finding("G03");
        assert_eq!(finding.variant, "unexplained");
        assert!(finding.actual.unwrap().contains("no such tenant"));
        let limit = json!({"error": "invalid_client_metadata"});
        let limit = answered(Answer::json(429, limit).header("retry-after", "120"));
        assert!(limit.finding("G03").fix.contains("120"));
    }

    #[test]
    fn a_code_in_a_member_of_its_own_is_read() {
        let body = json!({"code": "invalid_redirect_uri", "message": "Only HTTPS URLs"});
        let finding = answered(Answer::json(400, body)).finding("G03");
        assert_eq!(finding.variant, "redirect_uri");
        let actual = finding.actual.as_deref();
        assert_eq!(actual, Some("invalid_redirect_uri: Only HTTPS URLs"));
        let other = json!({"code": "rest_forbidden", "message": "Sorry"});
        let other = answered(Answer::json(400, other)).finding("G03");
        assert_eq!(other.variant, "unexplained");
    }

    #[test]
    fn a_firewall_that_may_dislike_the_redirect_uri() {
        let page = Answer::html(503, "Just a moment...").header("cf-ray", "1");
        let finding = answered(page).finding("G03");
        assert!(finding.fix.contains("--redirect-host localhost"));
    }

    #[test]
    fn every_other_refusal_is_told_too() {
        for status in [302, 400, 429, 500, 502] {
            let run = answered(Answer::bare(status));
            assert_eq!(run.found(), ["G03"], "{status}");
        }
        assert_eq!(
            answered(Answer::html(502, "Bad gateway"))
                .finding("G03")
                .owner,
            Owner::Network
        );
    }

    #[test]
    fn is_silent_where_registration_is_not_offered_and_where_it_works() {
        assert!(answered(Answer::bare(404)).is_silent("G03"));
        assert!(Run::healthy().is_silent("G03"));
    }
}
