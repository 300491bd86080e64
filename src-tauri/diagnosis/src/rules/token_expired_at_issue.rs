use trace::Grant;

use crate::finding::Part;
use crate::members::LAST_MOMENT;
use crate::reading::{Reading, access_jwt};
use crate::rule::{Findings, rule};
use crate::spec::RFC7519_EXPIRY;

rule! {
    /// # What it looks at
    /// The `exp` of a JWT access token next to its own `iat`, and next to the time when it came.
    ///
    /// # Why it matters
    /// A token that has expired when it is issued is refused at its first use, right after a login
    /// that worked. Milliseconds in place of seconds, or a lifetime of zero, are the usual causes.
    ///
    /// # How to fix
    /// Set `exp` to the time of issue plus the lifetime, in seconds since 1970, and set the
    /// server's clock.
    ///
    /// # References
    /// RFC 7519 section 4.1.4; RFC 9068 section 2.2.
    "J02" "token_expired_at_issue" Error AuthorizationServer since None,
    title: "The access token had expired when it was issued",
    variants: [
        BY_OUR_CLOCK: Error AuthorizationServer Likely,
    ],
    spec: [RFC7519_EXPIRY],
    looks_at: [JwtAccessToken],
}

/// Seconds that two clocks may differ.
const SKEW: u64 = 5;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let issued = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant != Grant::TokenExchange);
    let expired = issued.into_iter().find_map(|(seen, _)| {
        let jwt = access_jwt(seen.response()?)?.ok()?;
        // An iat in milliseconds is wrong itself, and says nothing of exp.
        let is_moment = |iat: &u64| (*iat as f64) < LAST_MOMENT;
        let (exp, iat) = (jwt.seconds("exp")?, jwt.seconds("iat").filter(is_moment));
        // Without a time only the token itself can tell.
        let now = seen.time().map_or(0, |at| at.seconds());
        let by_itself = iat.is_some_and(|iat| exp <= iat);
        (by_itself || exp.saturating_add(SKEW) <= now).then_some((
            seen.seq,
            exp,
            iat.filter(|_| by_itself),
            now,
        ))
    });
    let Some((seq, exp, iat, now)) = expired else {
        return;
    };
    let finding = RULE
        .found(RFC7519_EXPIRY)
        .at(seq, Part::body("/access_token"))
        .fix(
            "Set exp to iat plus the lifetime in seconds, and check the clock of the \
              authorization server.",
        );
    findings.add(match iat {
        Some(iat) => finding
            .message(
                "Its exp is not after its own iat, so it was never valid, whatever expires_in \
                      says.",
            )
            .expected(format!("exp after iat {iat}"))
            .actual(format!("exp {exp}, {} s before", iat - exp)),
        None => finding
            .variant(&BY_OUR_CLOCK)
            .message(
                "By this machine's clock it had expired when it came. If the clocks differ, \
                 servers may still take it, or refuse other tokens.",
            )
            .expected(format!("exp after {now}"))
            .actual(format!("exp {exp}, {} s before", now - exp)),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Certainty;
    use crate::sample::{AS, MCP, Run, jwt, token_answer};

    fn lived(iat: u64, exp: u64) -> Run {
        let mut run = Run::healthy();
        let claims = json!({"iss": AS, "aud": MCP, "iat": iat, "exp": exp});
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.token.edit(|answer| {
            answer.as_object_mut().unwrap().remove("expires_in");
        });
        run
    }

    #[test]
    fn is_certain_by_its_own_times_and_likely_by_the_clock() {
        let finding = lived(1_800_000_000, 1_799_999_940).finding("J02");
        assert_eq!(finding.certainty, Certainty::Certain);
        assert!(finding.actual.unwrap().ends_with("60 s before"));
        assert_eq!(
            lived(1_700_000_000, 1_700_003_600).finding("J02").certainty,
            Certainty::Likely
        );
    }

    #[test]
    fn is_silent_about_a_short_life() {
        assert!(lived(1_800_000_000, 1_800_000_002).is_silent("J02"));
        assert!(lived(1_800_000_000, u64::MAX).is_silent("J02"));
    }
}
