use std::collections::HashMap;

use crate::conduct::{with_workaround, without_workaround};
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, bearer, challenge_error, is_about_more_than_the_token};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_UNAUTHORIZED, RFC6750_INVALID_TOKEN};

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded goes on with an access token that the MCP
    /// server refused: with 401, whether it has expired or was never good.
    ///
    /// # Why it matters
    /// A token that was refused stays refused. The client shows errors until the user logs in
    /// again, or calls in a loop.
    ///
    /// # How to fix
    /// In the client: after a 401 use the refresh token, or authorize afresh, before the next call;
    /// and refresh before `expires_in` has passed. The server has to answer 401 with
    /// `error="invalid_token"`, which is the sign for it.
    ///
    /// # References
    /// RFC 6750 section 3.1; MCP authorization, "Protected Resource Metadata Discovery
    /// Requirements".
    "K12" "refused_token_used_again" Error Client Likely since None,
    title: "The client goes on with a token that was refused",
    variants: [
        EXPIRED: Note Client Certain "The client uses a token after its time",
    ],
    spec: [RFC6750_INVALID_TOKEN, MCP_CLIENT_UNAUTHORIZED],
    looks_at: [AnotherClient, CallWithToken],
}

/// With so many calls, the token is no longer one of calls that were already on their way.
const AGAIN: usize = 2;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let mut refusals: HashMap<&str, usize> = HashMap::new();
    let mut first_refused = None;
    for call in &reading.calls {
        let Some(token) = bearer(call.request()) else {
            continue;
        };
        if call.status() != Some(401) || is_about_more_than_the_token(*call) {
            continue;
        }
        first_refused = first_refused.or(Some(*call));
        let times = refusals.entry(token).or_default();
        *times += 1;
        if *times > AGAIN {
            return findings.add(goes_on(*call, *times));
        }
    }
    let expired = first_refused.and_then(|call| Some((call, expired_for(reading, call)?)));
    if let Some((call, seconds)) = expired {
        let said = "The token answer said how long the token is good for, and the client calls \
                    with it after that. The 401 costs one call, and the client goes on from there.";
        let workaround = "giving tokens a longer life, where such calls are a burden";
        let finding = RULE
            .found(RFC6750_INVALID_TOKEN)
            .variant(&EXPIRED)
            .at(
                call.seq,
                Part::RequestHeader {
                    name: "Authorization".into(),
                },
            )
            .message(with_workaround(said, workaround))
            .expected("a refresh before the token expires")
            .actual(format!("a call {seconds} s after the token expired"))
            .fix("In the client: refresh before expires_in has passed.");
        findings.add(finding);
    }
}

fn goes_on(call: ExchangeRef<'_>, times: usize) -> crate::finding::Finding {
    let said = format!(
        "The MCP server refused this token {times} times, and the client neither refreshed it nor \
         asked for another one in between."
    );
    let message = match challenge_error(call).as_deref() {
        Some("invalid_token") => without_workaround(&said, "it says invalid_token already"),
        _ => with_workaround(
            &said,
            "saying error=\"invalid_token\" in the challenge, which tells clients that the token \
             is the cause",
        ),
    };
    RULE.found(MCP_CLIENT_UNAUTHORIZED)
        .at(
            call.seq,
            Part::RequestHeader {
                name: "Authorization".into(),
            },
        )
        .message(message)
        .expected("a refresh, or another login")
        .actual(format!("the same token, refused {times} times"))
        .fix("In the client: refresh the token after a 401, or authorize afresh.")
}

/// How many seconds before this call its token expired, by the answer that brought it.
fn expired_for(reading: &Reading<'_>, call: ExchangeRef<'_>) -> Option<u64> {
    let token = bearer(call.request())?;
    let (issued, lives) = reading.tokens.iter().rev().find_map(|(seen, _)| {
        let answer = crate::reading::object(seen.response()?)?;
        let is_it = crate::reading::text(&answer, "access_token") == Some(token);
        is_it.then(|| {
            (
                *seen,
                answer.get("expires_in").and_then(serde_json::Value::as_u64),
            )
        })
    })?;
    let age = call.time()?.since(issued.time()?).as_secs();
    age.checked_sub(lives?).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use crate::sample::{Answer, Run, call, found_in, watched};

    fn refused() -> Answer {
        Answer::bare(401).header("www-authenticate", "Bearer error=\"invalid_token\"")
    }

    #[test]
    fn three_refusals_are_one_too_many() {
        let mut trace = watched(&Run::of_another_client().trace());
        call(&mut trace, &refused(), "opaque");
        call(&mut trace, &refused(), "opaque");
        assert_eq!(found_in(&trace, "K12"), None);
        call(&mut trace, &refused(), "opaque");
        let finding = found_in(&trace, "K12").unwrap();
        assert!(finding.message.contains("3 times"), "{}", finding.message);
    }

    #[test]
    fn a_token_past_its_time_is_a_note() {
        let mut run = Run::of_another_client();
        run.token.edit(|answer| answer["expires_in"] = 1.into());
        let mut trace = watched(&run.trace());
        assert_eq!(found_in(&trace, "K12"), None);
        let refused = trace.entries.iter_mut().find(|entry| {
            entry.exchange().is_some_and(|it| {
                it.status() == Some(401) && it.request.header_value("authorization").is_some()
            })
        });
        let refused = std::sync::Arc::make_mut(refused.unwrap());
        refused.at = refused.at.plus(std::time::Duration::from_secs(60));
        assert_eq!(found_in(&trace, "K12").unwrap().variant, "expired");
    }
}
