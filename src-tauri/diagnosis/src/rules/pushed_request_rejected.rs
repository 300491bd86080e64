use trace::Purpose;

use crate::by_status::of_client_request;
use crate::finding::Part;
use crate::reading::{Reading, form, object, text, value};
use crate::redirect_uris::advice;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_INVALID_CLIENT, RFC9126_ERROR};
use crate::wording::{answer_in_words, error_in_words, excerpt};

rule! {
    /// # What it looks at
    /// A pushed authorization request that is refused: the error and what was sent.
    ///
    /// # Why it matters
    /// The browser is not even opened. What is wrong would be wrong at the authorization endpoint
    /// as well; there it would show on a page.
    ///
    /// # How to fix
    /// Go by the error code and the description. The client authenticates here as at the token
    /// endpoint.
    ///
    /// # References
    /// RFC 9126 sections 2.1 and 2.3.
    "P03" "pushed_request_rejected" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses the pushed authorization request",
    variants: [
        OWN_OPTION: Error Client Likely
            "The pushed request is refused because of this run's own {option}",
        BY_NETWORK: Error Network Likely
            "The pushed authorization request does not reach the authorization server",
    ],
    spec: [RFC9126_ERROR, RFC6749_INVALID_CLIENT],
    stops: [PushedAuthorizationRejected],
    looks_at: [PushedRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    // One that only wanted a nonce, and was sent again, is none that was refused.
    let last = reading
        .sent_for(|purpose| *purpose == Purpose::PushedAuthorization)
        .last();
    let Some((seen, response)) = last.and_then(|seen| Some((seen, seen.response_with_body()?)))
    else {
        return;
    };
    if (200..300).contains(&response.status) {
        return;
    }
    if let Some(decided) = of_client_request(seen.request(), &response, "the authorization server")
    {
        let finding = RULE.found(RFC9126_ERROR).at(seen.seq, Part::Status);
        let finding = if decided.is_of_network() {
            finding.variant(&BY_NETWORK)
        } else {
            finding
        };
        return findings.add(
            finding
                .message(decided.why)
                .expected("201 with a request_uri")
                .actual(answer_in_words(seen.exchange))
                .fix(decided.fix),
        );
    }
    let answer = object(response).unwrap_or_default();
    let error = text(&answer, "error").unwrap_or_default();
    let description = text(&answer, "error_description").unwrap_or_default();
    let sent = form(seen.request());
    let about_uri = description.to_ascii_lowercase().contains("redirect");
    let uri = value(sent, "redirect_uri").unwrap_or_default();
    let (spec, message, fix) = match error {
        "" if matches!(response.status, 404 | 405 | 501) => (
            RFC9126_ERROR,
            "The metadata names this endpoint, and no pushed request is taken there: it is the \
             wrong URL, or that part of the server is switched off."
                .to_owned(),
            "Take POST at pushed_authorization_request_endpoint, correct its URL in the metadata, \
             or leave it out there."
                .to_owned(),
        ),
        "" => (
            RFC9126_ERROR,
            "The refusal is not an OAuth error, so it does not say what is wrong.".to_owned(),
            "Check pushed_authorization_request_endpoint in the metadata, and answer errors with \
             error and error_description."
                .to_owned(),
        ),
        "invalid_client" => (
            RFC6749_INVALID_CLIENT,
            "The authorization server does not know the client, or does not accept the way it \
             authenticates here."
                .into(),
            "Let clients authenticate at this endpoint as at the token endpoint, public ones with \
             client_id alone."
                .into(),
        ),
        _ if about_uri => (
            RFC9126_ERROR,
            format!("It is about the redirect URI {}.", excerpt(uri)),
            advice(uri),
        ),
        "invalid_scope" => (
            RFC9126_ERROR,
            format!(
                "The request asks for {}, and the server does not know one of these or does not \
                 allow it.",
                excerpt(value(sent, "scope").unwrap_or("no scope"))
            ),
            "Allow these scopes for the client, or let the MCP server name others in its \
             challenge."
                .into(),
        ),
        _ => (
            RFC9126_ERROR,
            "A parameter is missing or is not accepted; the description says which, or the \
             server's log does."
                .into(),
            "Look into the authorization server's log for this request, and ignore unknown \
             parameters."
                .into(),
        ),
    };
    let finding = RULE
        .found(spec)
        .at(
            seen.seq,
            Part::body(if error.is_empty() { "" } else { "/error" }),
        )
        .message(message)
        .expected("201 with a request_uri")
        .actual(match error {
            "" => answer_in_words(seen.exchange),
            error => error_in_words(response.status, error, description),
        })
        .fix(fix);
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Owner;

    use super::super::pushed_status_not_created::tests::pushed;
    use crate::sample::{Answer, found_in};

    #[test]
    fn every_kind_of_refusal_has_its_advice() {
        let of = |body| found_in(&pushed(&Answer::json(400, body)), "P03").unwrap();
        assert!(
            of(json!({"error": "invalid_client"}))
                .message
                .contains("authenticates")
        );
        let described = "The redirect_uri is not registered";
        let uri = of(json!({"error": "invalid_request", "error_description": described}));
        assert!(uri.message.contains("http://127.0.0.1:1/callback"));
        assert!(
            of(json!({"error": "invalid_scope"}))
                .message
                .contains("no scope")
        );
        assert!(of(json!({"error": "server_error"})).fix.contains("log"));
        assert_eq!(of(json!({})).actual.as_deref(), Some("400: {}"));
    }

    #[test]
    fn the_status_decides_before_the_words() {
        let of = |status, body| found_in(&pushed(&Answer::json(status, body)), "P03").unwrap();
        let limited = of(429, json!({"error": "invalid_request"}));
        assert!(limited.message.contains("limit"), "{}", limited.message);
        assert_eq!(of(502, json!({})).owner, Owner::Network);
    }

    #[test]
    fn is_silent_about_success() {
        let body = json!({"request_uri": "urn:x", "expires_in": 60});
        assert_eq!(found_in(&pushed(&Answer::json(200, body)), "P03"), None);
    }
}
