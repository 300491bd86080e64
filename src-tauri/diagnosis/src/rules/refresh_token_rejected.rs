use trace::{ActionKind, Decision, Grant, StopCode};

use crate::by_status::{Decided, by_status};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, oauth_error, object, text, value};
use crate::refused_refresh::refused_refreshes;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_INVALID_GRANT, RFC6749_TOKEN_ERROR};
use crate::wording::{answer_in_words, error_in_words, excerpt};

rule! {
    /// # What it looks at
    /// A refresh request that is answered `invalid_grant`; and one that is refused for the client,
    /// the grant or the scope, although the login of the same client worked.
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
    variants: [
        FRESH: Warning AuthorizationServer Likely
            "A refresh token that was issued a moment ago is refused",
        OTHER_REASON: Warning AuthorizationServer Likely
            "The authorization server refuses to refresh: {error}",
        NOT_SERVED: Warning AuthorizationServer Likely "A refresh fails with {status}",
    ],
    spec: [RFC6749_INVALID_GRANT, RFC6749_TOKEN_ERROR],
    follows: ["T41", "T46/nothing_to_refresh"],
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
        return other_reason(reading, findings);
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
        .at(after, Part::body("/error"));
    let finding = if is_fresh(reading, refused.seen) {
        finding.variant(&FRESH).message(
            "The login of this run brought this refresh token, nothing has used it, and the access \
             token beside it is still good. Most likely refresh tokens are not stored, or not for \
             this client, so users have to log in whenever an access token expires.",
        )
    } else {
        finding.message(message)
    };
    let fresh = finding.is(&FRESH);
    let finding = finding
        .actual(match refused.description.as_str() {
            "" => "invalid_grant".into(),
            description => format!("invalid_grant: {}", excerpt(description)),
        })
        .fix(if fresh {
            "Store each refresh token with its client before it is answered, where all instances \
             look it up, and let it live longer than the access token."
        } else {
            "Nothing has to change. If it happens often, look at the lifetime and the rotation of \
             refresh tokens."
        });
    findings.add(finding);
}

/// A refresh that the server cannot serve for now, by its own words, where the flow went on
/// without.
fn not_served(reading: &Reading<'_>) -> Option<Finding> {
    let (seen, decided) = reading.tokens.iter().find_map(|(seen, grant)| {
        let response = seen.response().filter(|_| *grant == Grant::RefreshToken)?;
        let error = oauth_error(response)?.error;
        let for_now = ["server_error", "temporarily_unavailable"].contains(&error.as_str());
        let decided = by_status(&response, "the authorization server");
        let decided = decided.filter(|decided| decided.kind == Decided::Fails && for_now)?;
        (!seen.exchange.edited).then_some((*seen, decided))
    })?;
    let status = seen.status()?.to_string();
    let wait = seen
        .response()
        .and_then(|response| response.header_value("retry-after"));
    let wait = wait.map(|wait| format!(" Retry-After says {}.", excerpt(wait)));
    Some(
        RULE.found(RFC6749_TOKEN_ERROR)
            .variant(&NOT_SERVED)
            .title_with([status.as_str()])
            .at(seen.seq, Part::Status)
            .message(format!(
                "{} Clients that cannot refresh have their users log in again, or stop.{}",
                decided.why,
                wait.unwrap_or_default()
            ))
            .expected("200 with an access token, or invalid_grant")
            .actual(answer_in_words(seen.exchange))
            .fix(decided.fix),
    )
}

/// What a client that has just got tokens is told when it may not refresh them.
const OF_THE_CLIENT: [(&str, &str); 9] = [
    (
        "invalid_target",
        "The resource of the refresh is the one that the login was granted for.",
    ),
    (
        "interaction_required",
        "The provider wants the user at the login again, for a policy such as a second factor.",
    ),
    (
        "consent_required",
        "The provider wants the user to agree again.",
    ),
    (
        "login_required",
        "The provider wants the user to log in again.",
    ),
    (
        "invalid_client",
        "The same client, authenticated in the same way, got its tokens a moment before.",
    ),
    (
        "unauthorized_client",
        "The client gets refresh tokens and is not allowed to use them.",
    ),
    (
        "unsupported_grant_type",
        "Refresh tokens are issued, but the grant type refresh_token is not accepted.",
    ),
    (
        "invalid_scope",
        "The scope of the refresh is the one that was granted, or is left out.",
    ),
    (
        "access_denied",
        "A rule or policy that let the login pass does not let the refresh pass.",
    ),
];

/// A refresh that is refused for something else than the token, while the login works. Where the
/// flow ends by it, the refused request is told as such.
fn other_reason(reading: &Reading<'_>, findings: &mut Findings) {
    if reading.stopped(StopCode::TokenRejected).is_some() {
        return;
    }
    let refused = refused_refreshes(reading).into_iter().find_map(|refused| {
        let known = OF_THE_CLIENT
            .iter()
            .find(|(error, _)| *error == refused.error)?;
        let by_hand = refused.seen.exchange.edited || refused.status >= 500;
        (!by_hand).then_some((refused, known.1))
    });
    let Some((refused, means)) = refused else {
        return not_served(reading)
            .into_iter()
            .for_each(|one| findings.add(one));
    };
    let error = excerpt(&refused.error);
    let finding = RULE
        .found(RFC6749_TOKEN_ERROR)
        .variant(&OTHER_REASON)
        .title_with([&error])
        .at(refused.seen.seq, Part::body("/error"))
        .message(format!(
            "{means} Clients take this error for one of their own and do not log in again by \
             themselves, so users are stuck once the access token has expired."
        ))
        .expected("200 with an access token, or invalid_grant")
        .actual(error_in_words(
            refused.status,
            &refused.error,
            &refused.description,
        ))
        .fix(
            "Allow refresh_token for this client at the authorization server, and let it \
             authenticate at a refresh as it did for the code.",
        );
    findings.add(finding);
}

/// Whether the refresh was asked for by the user right after a login of this run brought the
/// token, and not because the access token was refused.
fn is_fresh(reading: &Reading<'_>, refused: ExchangeRef<'_>) -> bool {
    let asked = matches!(
        reading.action_at(refused.seq),
        Some(ActionKind::Refresh | ActionKind::Rotate)
    );
    let Some(sent) = value(form(refused.request()), "refresh_token") else {
        return false;
    };
    let issued = reading.tokens.iter().find(|(seen, _)| {
        let answer = seen.response().and_then(object);
        answer.is_some_and(|answer| text(&answer, "refresh_token") == Some(sent))
    });
    let used_before = reading.tokens.iter().any(|(seen, _)| {
        seen.seq < refused.seq && value(form(seen.request()), "refresh_token") == Some(sent)
    });
    asked && issued.is_some() && !used_before
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{ActionKind, Decision};

    use crate::finding::{Level, Owner};
    use crate::sample::{Answer, Run, found_in};

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
    fn a_token_that_was_just_issued_is_another_matter() {
        let mut run = Run::healthy_with_refresh();
        run.refresh = Some(Answer::json(400, json!({"error": "invalid_grant"})));
        let action = ActionKind::Refresh;
        run.decisions = vec![Decision::Action { action }];
        let mut trace = run.trace();
        let found = |trace: &trace::Trace| found_in(trace, "S12").unwrap();
        assert_eq!(found(&trace).variant, "default");
        // The action before the request.
        let at = trace.entries.iter().position(|entry| {
            entry.exchange().is_some_and(|seen| {
                let grant = trace::Grant::RefreshToken;
                seen.purpose == trace::Purpose::Token { grant }
            })
        });
        let at = at.expect("a refresh");
        let wanted = Decision::Action { action };
        let decision = trace
            .entries
            .iter()
            .position(|entry| entry.decision() == Some(&wanted));
        let decision = trace.entries.remove(decision.expect("the action"));
        trace.entries.insert(at.min(trace.entries.len()), decision);
        for (seq, entry) in trace.entries.iter_mut().enumerate() {
            std::sync::Arc::make_mut(entry).seq = seq as u32 + 1;
        }
        assert_eq!(found(&trace).variant, "fresh");
    }

    #[test]
    fn a_refresh_that_is_refused_for_the_client_is_told() {
        let mut run = Run::healthy_with_refresh();
        let body = json!({"error": "invalid_client", "error_description": "client was deleted"});
        run.refresh = Some(Answer::json(401, body));
        let finding = run.finding("S12");
        assert_eq!(finding.variant, "other_reason");
        assert!(finding.actual.unwrap().contains("client was deleted"));
        run.refresh = Some(Answer::json(503, json!({"error": "invalid_client"})));
        assert!(run.is_silent("S12"));
    }

    #[test]
    fn a_server_that_cannot_serve_it_for_now_is_told() {
        let mut run = Run::healthy_with_refresh();
        let body = json!({"error": "temporarily_unavailable"});
        run.refresh = Some(Answer::json(503, body).header("retry-after", "40"));
        let finding = run.finding("S12");
        assert_eq!(finding.variant, "not_served");
        assert!(finding.message.contains("40"), "{}", finding.message);
    }

    #[test]
    fn is_silent_when_a_code_is_refused() {
        let mut run = Run::healthy();
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        assert!(run.is_silent("S12"));
    }
}
