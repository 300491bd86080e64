use trace::{ActionKind, Grant};

use crate::finding::{Level, Part};
use crate::reading::{Reading, access_token, form, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_INVALIDATED;

rule! {
    /// # What it looks at
    /// A refresh token that was replaced by a new one and brings an access token all the same. "Use a refresh token
    /// again that was replaced" tries that.
    ///
    /// # Why it matters
    /// Rotation protects only if the old token is dead: then a stolen one shows itself at its second use. Some
    /// servers leave the old one good for a few seconds on purpose, for clients that lose an answer.
    ///
    /// # How to fix
    /// Invalidate the old refresh token when the new one is issued, and revoke the whole family when it is used
    /// again. Keep a grace period short.
    ///
    /// # References
    /// RFC 9700 section 4.14.2.
    "C03" "rotated_token_accepted" Warning AuthorizationServer since None,
    title: "A refresh token that was replaced still works",
    spec: [RFC9700_INVALIDATED],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let refreshes = reading.tokens.iter().filter(|(seen, grant)| {
        let at_once = reading.action_at(seen.seq) == Some(ActionKind::RefreshTwice);
        *grant == Grant::RefreshToken && !at_once
    });
    let mut replaced: Vec<(String, u64)> = Vec::new();
    for (seen, _) in refreshes {
        let Some(response) = seen
            .response()
            .filter(|response| access_token(response).is_some())
        else {
            continue;
        };
        let sent = form(seen.request());
        let Some(old) = value(&sent, "refresh_token") else {
            continue;
        };
        if let Some((_, since)) = replaced.iter().find(|(token, _)| token == old) {
            let age = seen.at.seconds().saturating_sub(*since);
            return findings.add(report(seen.seq, age));
        }
        let answer = object(response).unwrap_or_default();
        if text(&answer, "refresh_token").is_some_and(|new| new != old) {
            replaced.push((old.to_owned(), seen.at.seconds()));
        }
    }
}

fn report(seq: u32, age: u64) -> crate::Finding {
    const GRACE: u64 = 60;
    let finding = RULE
        .found(RFC9700_INVALIDATED)
        .at(seq, Part::Status)
        .expected("400 with invalid_grant")
        .actual(format!("200, {age} s after another refresh token had taken its place"))
        .fix(
            "Invalidate a refresh token when its successor is issued, and revoke both when it is used again. If a \
             grace period is meant, keep it to seconds.",
        );
    match age < GRACE {
        true => finding.likely().level(Level::Warning).message(
            "The old refresh token is not dead, so a copy of it would not show. It may be a grace period, which \
             some servers have for clients that lose an answer.",
        ),
        false => finding.message("The old refresh token is not dead, so a copy of it would never show."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{ActionKind, Decision};

    use crate::sample::{Answer, Run, access_jwt, decide, found_in, refresh, token_answer};

    fn other() -> Answer {
        token_answer(&access_jwt(json!("https://mcp.example/mcp")), "refresh-3")
    }

    #[test]
    fn the_old_one_brings_a_token() {
        let mut trace = Run::healthy_with_refresh().trace();
        refresh(&mut trace, "refresh-1", &other());
        assert!(found_in(&trace, "C03").unwrap().message.contains("grace period"));
    }

    #[test]
    fn is_silent_about_the_newest_a_refusal_and_two_at_once() {
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
