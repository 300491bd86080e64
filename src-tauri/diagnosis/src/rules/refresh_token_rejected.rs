use trace::{Decision, Grant};

use crate::finding::Part;
use crate::reading::{Reading, access_token};
use crate::refused_refresh::refused_refreshes;
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_INVALID_GRANT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A refresh request that is answered `invalid_grant`.
    ///
    /// # Why it matters
    /// It is the right answer to a refresh token that is unknown, expired, revoked or used before.
    /// A client forgets its tokens and authorizes afresh, and the user logs in once more.
    ///
    /// # How to fix
    /// Nothing, when it happens now and then. When users have to log in all the time, look at the
    /// lifetime of refresh tokens, and at rotation: two refreshes at once make the loser's token a
    /// replay.
    ///
    /// # References
    /// RFC 6749 sections 5.2 and 6.
    "S12" "refresh_token_rejected" Note Nobody since None,
    title: "The refresh token is no longer good, and the server says so as it should",
    spec: [RFC6749_INVALID_GRANT],
    follows: ["T41"],
    looks_at: [Refresh],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut refused = refused_refreshes(reading);
    refused.retain(|refused| {
        // Of a refresh token that was used up or revoked on purpose it was to be expected.
        let on_purpose = reading.killed_on_the_way(0, refused.seen.seq);
        refused.error == "invalid_grant" && !on_purpose
    });
    let Some(refused) = refused.first() else {
        return;
    };
    let after = refused.seen.seq;
    let forgotten = reading.decisions.iter().any(|(seq, decision)| {
        *seq > after && matches!(decision, Decision::TokensForgotten { .. })
    });
    let afresh = reading.tokens.iter().any(|(seen, grant)| {
        *grant == Grant::AuthorizationCode
            && seen.seq > after
            && seen.response().and_then(access_token).is_some()
    });
    let message = match (forgotten, afresh) {
        (_, true) => {
            "As expected, the tokens were forgotten and a new authorization brought new ones."
        }
        (true, false) => {
            "As expected, the tokens were forgotten; the next step is to authorize afresh."
        }
        (false, false) => "A client forgets its tokens now and authorizes afresh.",
    };
    let finding = RULE
        .found(RFC6749_INVALID_GRANT)
        .at(after, Part::body("/error"))
        .message(message)
        .actual(match refused.description.as_str() {
            "" => "invalid_grant".into(),
            description => format!("invalid_grant: {}", excerpt(description)),
        })
        .fix(
            "Nothing has to change. If it happens often, look at the lifetime and the rotation of \
             refresh tokens.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Decision;

    use crate::finding::{Level, Owner};
    use crate::sample::{Answer, Run};

    #[test]
    fn is_a_note_about_nobody() {
        let mut run = Run::healthy_with_refresh();
        run.refresh = Some(Answer::json(400, json!({"error": "invalid_grant"})));
        run.decisions = vec![Decision::TokensForgotten {
            why: "invalid_grant".into(),
        }];
        let finding = run.finding("S12");
        assert_eq!((finding.level, finding.owner), (Level::Note, Owner::Nobody));
        assert!(finding.message.contains("were forgotten"));
    }

    #[test]
    fn is_silent_when_a_code_is_refused() {
        let mut run = Run::healthy();
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        assert!(run.is_silent("S12"));
    }
}
