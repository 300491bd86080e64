use std::collections::{HashMap, HashSet};

use trace::{ActionKind, Grant, Timestamp};

use crate::code_exchange::ClientAuthentication;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_INVALIDATED;

rule! {
    /// # What it looks at
    /// A refresh token that was replaced by a new one and brings an access token all the same. "Use
    /// a refresh token again that was replaced" tries that. "Refresh twice at once" tries whether
    /// two requests at the same time both get tokens for one refresh token.
    ///
    /// # Why it matters
    /// Rotation protects only if the old token is dead: then a stolen one shows itself at its
    /// second use. Some servers leave the old one good for a few seconds on purpose, for clients
    /// that lose an answer.
    ///
    /// # How to fix
    /// Invalidate the old refresh token when the new one is issued, and revoke the whole family
    /// when it is used again. Keep a grace period short.
    ///
    /// # References
    /// RFC 9700 section 4.14.2.
    "C03" "rotated_token_accepted" Warning AuthorizationServer since None,
    title: "A refresh token that was replaced still works",
    variants: [
        GRACE_PERIOD: Warning AuthorizationServer Likely,
        AT_ONCE: Warning AuthorizationServer Likely
            "Two refreshes at once with one refresh token are both granted",
        AT_ONCE_CONFIDENTIAL: Note AuthorizationServer Likely
            "Two refreshes at once with one refresh token are both granted",
    ],
    spec: [RFC9700_INVALIDATED],
    looks_at: [RotatedAgain],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let refreshes = reading.tokens.iter().filter(|(seen, grant)| {
        let at_once = reading.action_at(seen.seq) == Some(ActionKind::RefreshTwice);
        *grant == Grant::RefreshToken && !at_once
    });
    let mut replaced: HashMap<String, Option<Timestamp>> = HashMap::new();
    for (seen, _) in refreshes {
        let Some(response) = seen
            .response()
            .filter(|response| access_token(*response).is_some())
        else {
            continue;
        };
        let sent = form(seen.request());
        let Some(old) = value(sent, "refresh_token") else {
            continue;
        };
        if let Some(since) = replaced.get(old) {
            let age = seen
                .time()
                .zip(*since)
                .map(|(at, since)| at.since(since).as_secs());
            return findings.add(report(seen.seq, age));
        }
        let answer = object(response).unwrap_or_default();
        if text(&answer, "refresh_token").is_some_and(|new| new != old) {
            replaced.insert(old.to_owned(), seen.time());
        }
    }
    if let Some(later) = granted_twice(reading) {
        findings.add(at_once(later));
    }
}

/// The second of two refreshes that were sent at once with one refresh token, when both brought a
/// new one.
fn granted_twice<'a>(reading: &Reading<'a>) -> Option<ExchangeRef<'a>> {
    let at_once =
        |seen: &ExchangeRef<'_>| reading.action_at(seen.seq) == Some(ActionKind::RefreshTwice);
    let mut granted: HashSet<String> = HashSet::new();
    let mut refreshes = reading.tokens.iter().map(|(seen, _)| *seen).filter(at_once);
    refreshes.find(|seen| {
        let sent = form(seen.request());
        let Some(old) = value(sent, "refresh_token") else {
            return false;
        };
        let answer = seen
            .response()
            .filter(|response| access_token(*response).is_some());
        let answer = answer.and_then(object).unwrap_or_default();
        let rotated = text(&answer, "refresh_token").is_some_and(|new| new != old);
        let again = granted.contains(old);
        granted.extend(rotated.then(|| old.to_owned()));
        rotated && again
    })
}

fn at_once(later: ExchangeRef<'_>) -> Finding {
    let public = ClientAuthentication::of(later.request()) == ClientAuthentication::None
        && later.request().header_value("dpop").is_none();
    RULE.found(RFC9700_INVALIDATED)
        .variant(if public {
            &AT_ONCE
        } else {
            &AT_ONCE_CONFIDENTIAL
        })
        .at(later.seq, Part::Status)
        .message(if public {
            "The client does not authenticate, so a copy of its refresh token would not show \
                 if it is used at the same moment. Most likely it is a grace period, which many \
                 servers have for clients that refresh in two places at once."
        } else {
            "The client proves who it is, so there is little to fear. Most likely it is a \
                 grace period, which many servers have for clients that refresh in two places at \
                 once."
        })
        .expected("one 200, and 400 with invalid_grant")
        .actual("200 for both, each with a refresh token of its own")
        .fix(
            "Make the exchange of a refresh token one step that only one request can win. If a \
             grace period is meant, keep it to seconds, and answer both with the same successor.",
        )
}

fn report(seq: u32, age: Option<u64>) -> Finding {
    const GRACE: u64 = 60;
    let finding = RULE
        .found(RFC9700_INVALIDATED)
        .at(seq, Part::Status)
        .expected("400 with invalid_grant")
        .actual(match age {
            Some(age) => format!("200, {age} s after another refresh token had taken its place"),
            None => "200, after another refresh token had taken its place".into(),
        })
        .fix(
            "Invalidate a refresh token when its successor is issued, and revoke both when it is \
             used again. If a grace period is meant, keep it to seconds.",
        );
    match age {
        Some(GRACE..) => finding.message(
            "The old refresh token is not dead, so a copy of it would \
                                          never show.",
        ),
        _ => finding.variant(&GRACE_PERIOD).message(
            "The old refresh token is not dead, so a copy of it would not show. It may be a grace \
             period, which some servers have for clients that lose an answer.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{ActionKind, Decision, Trace};

    use crate::finding::{Certainty, Level};
    use crate::sample::{Answer, Run, access_jwt, decide, found_in, refresh, token_answer};

    fn other() -> Answer {
        token_answer(&access_jwt(json!("https://mcp.example/mcp")), "refresh-3")
    }

    #[test]
    fn the_old_one_brings_a_token() {
        let mut trace = Run::healthy_with_refresh().trace();
        refresh(&mut trace, "refresh-1", &other());
        assert!(
            found_in(&trace, "C03")
                .unwrap()
                .message
                .contains("grace period")
        );
    }

    /// Two refreshes at once with one refresh token, and these answers.
    fn twice(answers: [Answer; 2]) -> Trace {
        let mut trace = Run::healthy_with_refresh().trace();
        let action = ActionKind::RefreshTwice;
        decide(&mut trace, Decision::Action { action });
        for answer in answers {
            refresh(&mut trace, "refresh-2", &answer);
        }
        trace
    }

    #[test]
    fn two_at_once_are_both_granted() {
        let finding = found_in(&twice([other(), other()]), "C03").unwrap();
        assert_eq!(
            (finding.level, finding.certainty),
            (Level::Warning, Certainty::Likely)
        );
        assert!(
            finding.message.contains("grace period"),
            "{}",
            finding.message
        );
    }

    #[test]
    fn is_silent_about_two_at_once_of_which_one_is_granted_or_that_are_not_replaced() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        assert_eq!(found_in(&twice([other(), refused]), "C03"), None);
        let mut kept = other();
        kept.edit(|answer| answer["refresh_token"] = "refresh-2".into());
        assert_eq!(found_in(&twice([kept.clone(), kept]), "C03"), None);
    }

    #[test]
    fn is_silent_about_the_newest_a_refusal_and_one_more_in_an_action_of_two() {
        let mut trace = Run::healthy_with_refresh().trace();
        refresh(&mut trace, "refresh-2", &other());
        refresh(
            &mut trace,
            "refresh-1",
            &Answer::json(400, json!({"error": "invalid_grant"})),
        );
        let action = ActionKind::RefreshTwice;
        decide(&mut trace, Decision::Action { action });
        refresh(&mut trace, "refresh-1", &other());
        assert_eq!(found_in(&trace, "C03"), None);
    }
}
