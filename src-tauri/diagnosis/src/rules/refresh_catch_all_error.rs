use crate::finding::Part;
use crate::reading::{Reading, form};
use crate::refused_refresh::{RefusedRefresh, refused_refreshes, says_that_the_token_is_dead};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_INVALID_GRANT;
use crate::wording::{error_in_words, excerpt};

rule! {
    /// # What it looks at
    /// A refresh request that is answered with an error other than `invalid_grant`
    /// (`invalid_request`, as a rule) and a description that names no parameter: "Token request
    /// failed".
    ///
    /// # Why it matters
    /// On `invalid_grant` a client forgets its tokens and lets the user log in again. On any other
    /// error it must believe that its request was wrong; it keeps the dead refresh token and sends
    /// it again and again, and the user is stuck until they delete the connection.
    ///
    /// # How to fix
    /// Answer `invalid_grant` whenever the refresh token is unknown, expired, revoked or someone
    /// else's. A handler that turns every exception into `invalid_request` is the usual cause.
    ///
    /// # References
    /// RFC 6749 sections 5.2 and 6.
    "S11" "refresh_catch_all_error" Error AuthorizationServer Likely since None,
    title: "A refresh fails with an error that says nothing",
    variants: [
        AT_ONCE: Error AuthorizationServer Likely
            "A refresh is refused for another one that is said to be under way",
    ],
    spec: [RFC6749_INVALID_GRANT],
    supersedes: ["T41"],
    stops: [TokenRejected],
    looks_at: [RefusedRefresh],
}

/// Errors that say enough: a client can act on them.
const TELLING: [&str; 9] = [
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "temporarily_unavailable",
    "use_dpop_nonce",
];

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(refused) = catch_all(reading).filter(|refused| refused.seen.request().has_body())
    else {
        return;
    };
    let error = excerpt(&refused.error);
    let actual = error_in_words(refused.status, &refused.error, &refused.description);
    let finding = RULE
        .found(RFC6749_INVALID_GRANT)
        .at(refused.seen.seq, Part::body("/error"))
        .message(format!(
            "The request is a well-formed refresh, so most likely the refresh token is dead and \
             the server has one answer for everything. Clients cannot recover: after invalid_grant \
             they would forget the tokens and authorize afresh, after {error} they try the same \
             again. The server may also dislike something in the request that it does not name."
        ))
        .expected(
            "invalid_grant when the refresh token is no longer good, or a description that names \
             the parameter",
        )
        .actual(actual)
        .fix(
            "Answer invalid_grant for a refresh token that is unknown, expired, revoked or issued \
             to another client.",
        );
    findings.add(if is_of_two_at_once(&refused) {
        finding
            .variant(&AT_ONCE)
            .message(
                "By its words the authorization server is at another refresh with the same token. \
                 This client has sent one alone: the lock of an earlier request was not let go, or a \
                 proxy sent the request twice. Clients that refresh from several places meet the \
                 same.",
            )
            .expected("200 with an access token")
            .fix(
                "End the lock with the request that holds it, and answer a second refresh with the \
                 same token within some seconds like the first one.",
            )
    } else {
        finding
    });
}

/// Whether a refusal speaks of two refreshes at once.
fn is_of_two_at_once(refused: &RefusedRefresh<'_>) -> bool {
    const WORDS: [&str; 4] = [
        "concurrent",
        "in progress",
        "being rotated",
        "being refreshed",
    ];
    let description = refused.description.to_ascii_lowercase();
    WORDS.iter().any(|words| description.contains(words))
}

/// The first refresh that was refused so.
fn catch_all<'a>(reading: &Reading<'a>) -> Option<RefusedRefresh<'a>> {
    refused_refreshes(reading).into_iter().find(|refused| {
        let description = refused.description.to_ascii_lowercase();
        let names_parameter = form(refused.seen.request()).iter().any(|pair| {
            pair.name != "scope" && description.contains(&pair.name.to_ascii_lowercase())
        });
        let tells = [
            "parameter",
            "missing",
            "required",
            "unsupported",
            "malformed",
        ];
        let says_something = names_parameter
            || TELLING.contains(&refused.error.as_str())
            || tells.iter().any(|word| description.contains(word))
            || says_that_the_token_is_dead(&refused.description);
        // Of a request that was changed by hand nothing can be said, nor of a server that is down.
        !(says_something || refused.seen.exchange.edited || refused.status >= 500)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    fn refused(status: u16, error: &str, description: &str) -> Run {
        let mut run = Run::healthy_with_refresh();
        run.refresh = Some(Answer::json(
            status,
            json!({"error": error, "error_description": description}),
        ));
        run
    }

    #[test]
    fn a_catch_all_is_likely_a_dead_token() {
        let finding = refused(400, "invalid_request", "Token request failed").finding("S11");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(
            finding.actual.as_deref(),
            Some("400: invalid_request: Token request failed")
        );
    }

    #[test]
    fn is_silent_when_the_error_tells_something() {
        assert!(refused(400, "invalid_request", "The client_id is not known").is_silent("S11"));
        assert!(refused(400, "invalid_request", "A required field is absent").is_silent("S11"));
        assert!(refused(400, "invalid_request", "The refresh token is invalid").is_silent("S11"));
        assert!(refused(401, "invalid_client", "No").is_silent("S11"));
        assert!(refused(400, "invalid_grant", "").is_silent("S11"));
        assert!(refused(500, "error", "Oops").is_silent("S11"));
    }

    #[test]
    fn two_refreshes_at_once_are_another_matter() {
        let said = |description| refused(409, "conflict", description).finding("S11").variant;
        assert_eq!(
            said("token is being rotated by a concurrent request"),
            "at_once"
        );
        assert_eq!(said("no"), "default");
    }
}
