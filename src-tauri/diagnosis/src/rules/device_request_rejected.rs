use trace::Purpose;

use crate::by_status::of_client_request;
use crate::finding::Part;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC8628_ERROR;
use crate::wording::{answer_in_words, excerpt};

rule! {
    /// # What it looks at
    /// A device authorization request that is refused.
    ///
    /// # Why it matters
    /// There is no code to show, so nobody can approve anything.
    ///
    /// # How to fix
    /// Allow the device grant for the client: a registration has to list it in `grant_types`. For
    /// other errors go by the code and the description.
    ///
    /// # References
    /// RFC 8628 sections 3.1 and 3.2.
    "DV3" "device_request_rejected" Error AuthorizationServer Likely since None,
    title: "The authorization server refuses the device authorization request",
    variants: [
        OWN_OPTION: Error Client Likely
            "The device request is refused because of this run's own {option}",
        BY_NETWORK: Error Network Likely
            "The device authorization request does not reach the authorization server",
        WITH_SUCCESS: Error AuthorizationServer Likely
            "The device authorization request is refused with a success status",
    ],
    spec: [RFC8628_ERROR],
    stops: [AuthorizationError],
    looks_at: [Device],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let last = reading
        .sent_for(|purpose| *purpose == Purpose::DeviceAuthorization)
        .last();
    let Some((seen, response)) = last.and_then(|seen| Some((seen, seen.response_with_body()?)))
    else {
        return;
    };
    let answer = object(response).unwrap_or_default();
    let error = text(&answer, "error").unwrap_or_default();
    let with_success = (200..300).contains(&response.status);
    if with_success && error.is_empty() {
        return;
    }
    if let Some(decided) = of_client_request(seen.request(), &response, "the authorization server")
    {
        let finding = RULE.found(RFC8628_ERROR).at(seen.seq, Part::Status);
        let finding = if decided.is_of_network() {
            finding.variant(&BY_NETWORK)
        } else {
            finding
        };
        return findings.add(
            finding
                .message(decided.why)
                .expected("200 with device_code, user_code and verification_uri")
                .actual(answer_in_words(seen.exchange))
                .fix(decided.fix),
        );
    }
    let (message, fix) = match error {
        "unauthorized_client" | "unsupported_grant_type" => (
            "The client is known, but not for the device grant.",
            "Allow urn:ietf:params:oauth:grant-type:device_code for this client at the \
             authorization server.",
        ),
        "invalid_client" => (
            "The authorization server does not know the client, or does not accept the way it \
             authenticates here.",
            "Compare the client with what the authorization server has, and let it authenticate \
             here as at the token endpoint.",
        ),
        "invalid_scope" => (
            "The authorization server does not know one of the scopes, or does not allow it to \
             this client.",
            "Allow these scopes for the client, or let the MCP server name others in its \
             challenge.",
        ),
        "" => (
            "The refusal is not an OAuth error, so it does not say what is wrong. The URL may be that \
             of a page.",
            "Check device_authorization_endpoint in the metadata, and answer errors as the token \
             endpoint does.",
        ),
        _ => (
            "Something in the request is missing or is not accepted.",
            "Look into the authorization server's log for this request, and ignore unknown \
             parameters.",
        ),
    };
    let finding = RULE.found(RFC8628_ERROR);
    let finding = if with_success {
        finding.variant(&WITH_SUCCESS)
    } else {
        finding
    };
    let finding = finding
        .at(
            seen.seq,
            Part::body(if error.is_empty() { "" } else { "/error" }),
        )
        .message(message)
        .expected("200 with device_code, user_code and verification_uri")
        .actual(match (error, text(&answer, "error_description")) {
            ("", _) => answer_in_words(seen.exchange),
            (error, None) => format!("{}: {}", response.status, excerpt(error)),
            (error, Some(description)) => {
                format!(
                    "{}: {}: {}",
                    response.status,
                    excerpt(error),
                    excerpt(description)
                )
            }
        })
        .fix(fix);
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::device_answer_incomplete::tests::{device, whole};
    use crate::sample::{Answer, found_in};

    #[test]
    fn each_error_has_its_advice() {
        for error in [
            "unauthorized_client",
            "invalid_client",
            "invalid_scope",
            "odd",
        ] {
            let finding =
                found_in(&device(&Answer::json(400, json!({"error": error}))), "DV3").unwrap();
            assert_eq!(finding.actual, Some(format!("400: {error}")));
        }
        let page = found_in(&device(&Answer::html(404, "Not found")), "DV3").unwrap();
        assert_eq!(
            page.actual.as_deref(),
            Some("404 with a web page that says: Not found")
        );
    }

    #[test]
    fn the_status_decides_before_the_words() {
        let of = |status| found_in(&device(&Answer::json(status, json!({}))), "DV3").unwrap();
        assert!(of(429).message.contains("limit"));
        assert_eq!(of(504).owner, crate::finding::Owner::Network);
    }

    #[test]
    fn is_silent_about_success() {
        assert_eq!(found_in(&device(&Answer::json(200, whole())), "DV3"), None);
    }

    #[test]
    fn an_error_with_a_status_of_success() {
        let answer = Answer::json(200, json!({"error": "invalid_client"}));
        let finding = found_in(&device(&answer), "DV3").unwrap();
        assert_eq!(finding.variant, "with_success");
        assert_eq!(found_in(&device(&answer), "DV1"), None);
    }
}
