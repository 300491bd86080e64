use crate::finding::Part;
use crate::reading::Reading;
use crate::refused_refresh::{RefusedRefresh, refused_refreshes, says_that_the_token_is_dead};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_INVALID_GRANT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A refresh request whose error is not `invalid_grant`, while its description says that the
    /// refresh token is invalid, expired, revoked or unknown.
    ///
    /// # Why it matters
    /// Clients go by the code, not by the description. `invalid_grant` makes them forget the token
    /// and let the user log in again; any other code makes them keep the dead token, and the user
    /// is stuck.
    ///
    /// # How to fix
    /// Answer the same case with `invalid_grant`.
    ///
    /// # References
    /// RFC 6749 section 5.2.
    "T05" "refresh_invalid_request" Error AuthorizationServer since None,
    title: "A dead refresh token is not answered invalid_grant",
    spec: [RFC6749_INVALID_GRANT],
    supersedes: ["T41"],
    stops: [TokenRejected],
    looks_at: [RefusedRefresh],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(refused) = mislabelled(reading) else {
        return;
    };
    let error = excerpt(&refused.error);
    let finding = RULE
        .found(RFC6749_INVALID_GRANT)
        .at(refused.seen.seq, Part::body("/error"))
        .message(format!(
            "The description itself says that the refresh token is no longer good. After \
             invalid_grant clients forget it and authorize afresh; after {error} they keep it, and \
             the user is stuck."
        ))
        .expected("invalid_grant")
        .actual(format!("{error}: {}", excerpt(&refused.description)))
        .fix(
            "Answer invalid_grant when the refresh token is invalid, expired, revoked or \
              unknown.",
        );
    findings.add(finding);
}

/// The first refresh that was refused so.
fn mislabelled<'a>(reading: &Reading<'a>) -> Option<RefusedRefresh<'a>> {
    refused_refreshes(reading).into_iter().find(|refused| {
        let elsewhere = [
            "invalid_grant",
            "invalid_client",
            "unauthorized_client",
            "unsupported_grant_type",
        ];
        !elsewhere.contains(&refused.error.as_str())
            && says_that_the_token_is_dead(&refused.description)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    fn refused(error: &str, description: &str) -> Run {
        let mut run = Run::healthy_with_refresh();
        run.refresh = Some(Answer::json(
            400,
            json!({"error": error, "error_description": description}),
        ));
        run
    }

    #[test]
    fn the_description_makes_it_certain() {
        let run = refused(
            "invalid_request",
            "The refresh token is invalid or has expired",
        );
        assert_eq!(run.finding("T05").certainty, Certainty::Certain);
        assert!(run.is_silent("S11"));
    }

    #[test]
    fn is_silent_for_the_right_code_and_for_a_wrong_request() {
        assert!(refused("invalid_grant", "The refresh token has expired").is_silent("T05"));
        assert!(refused("invalid_request", "Token request failed").is_silent("T05"));
        assert!(!says_that_the_token_is_dead(
            "Missing required parameter refresh_token is invalid"
        ));
        assert!(!says_that_the_token_is_dead("The client is unknown"));
    }
}
