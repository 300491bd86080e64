use foldhash::HashSet;
use trace::{ActionKind, Grant};

use crate::finding::Part;
use crate::reading::{Reading, TokenUse, access_token, form, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9700_REVOKED;

rule! {
    /// # What it looks at
    /// Two refreshes that were sent at once with one refresh token, of which one was granted and
    /// the other refused, and whose new access token the MCP server then refuses. "Refresh twice at
    /// once" tries that.
    ///
    /// # Why it matters
    /// The authorization server cannot tell a thief from a client that is in a hurry, so it ends
    /// the whole grant. A client with several threads, windows or processes loses its user in that
    /// way, now and then.
    ///
    /// # How to fix
    /// Refresh in one place only, and have all others wait for it. A server may leave the replaced
    /// refresh token good for a few seconds.
    ///
    /// # References
    /// RFC 9700 section 4.14.2.
    "C04" "refreshes_end_grant" Note Client Likely since None,
    title: "Two refreshes at once end the grant",
    spec: [RFC9700_REVOKED],
    looks_at: [RefreshTwice],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let at_once = |seq: u32| reading.action_at(seq) == Some(ActionKind::RefreshTwice);
    let refreshes: Vec<_> = reading
        .tokens
        .iter()
        .filter(|(seen, grant)| *grant == Grant::RefreshToken && at_once(seen.seq))
        .map(|(seen, _)| (*seen, form(seen.request())))
        .collect();
    let refused = refreshes.iter().filter(|(seen, _)| {
        let status = seen.status();
        status.is_some_and(|status| (400..500).contains(&status))
    });
    let refused: HashSet<&str> = refused
        .filter_map(|(_, form)| value(form, "refresh_token"))
        .collect();
    let ended = refreshes.iter().find_map(|(granted, sent)| {
        let token = access_token(granted.response()?)?;
        let rival = refused.contains(value(sent, "refresh_token")?);
        match reading.use_of(&token, granted.seq) {
            TokenUse::Refused(call) => rival.then_some(call.seq),
            _ => None,
        }
    });
    let Some(call) = ended else { return };
    let finding = RULE
        .found(RFC9700_REVOKED)
        .at(call, Part::Status)
        .message(
            "One refresh brought a new access token, the other was refused for the same refresh \
             token, and now the new token is dead, too. Most likely the authorization server took \
             it for a theft and revoked the grant, as it should. The user has to log in again.",
        )
        .actual("401 for the token of the refresh that was granted")
        .fix(
            "Nothing has to change at the servers. In the client, refresh in one place at a time \
             and let all others wait for its tokens.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{ActionKind, Decision, Trace};

    use crate::finding::{Level, Owner};
    use crate::sample::{Answer, Run, call, decide, found_in, jwt, refresh, token_answer};

    /// One refresh is granted and one answered like this; then the new token is tried.
    fn twice(second: &Answer, tried: &Answer) -> Trace {
        let mut trace = Run::healthy_with_refresh().trace();
        let token = jwt(&json!({"jti": "of the one that was granted"}));
        let action = ActionKind::RefreshTwice;
        decide(&mut trace, Decision::Action { action });
        refresh(&mut trace, "refresh-2", &token_answer(&token, "refresh-3"));
        refresh(&mut trace, "refresh-2", second);
        call(&mut trace, tried, &token);
        trace
    }

    fn unauthorized() -> Answer {
        Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"")
    }

    #[test]
    fn the_token_of_the_one_that_was_granted_is_dead() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        let finding = found_in(&twice(&refused, &unauthorized()), "C04").unwrap();
        assert_eq!((finding.level, finding.owner), (Level::Note, Owner::Client));
    }

    #[test]
    fn is_silent_when_it_lives_and_when_both_were_granted() {
        let refused = Answer::json(400, json!({"error": "invalid_grant"}));
        let fine = Answer::json(
            200,
            json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": []}}),
        );
        assert_eq!(found_in(&twice(&refused, &fine), "C04"), None);
        let granted = token_answer("other", "refresh-4");
        assert_eq!(found_in(&twice(&granted, &unauthorized()), "C04"), None);
    }
}
