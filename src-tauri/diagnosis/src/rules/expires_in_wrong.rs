use trace::Grant;

use crate::finding::Part;
use crate::reading::{Reading, access_jwt, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_EXPIRES_IN;

rule! {
    /// # What it looks at
    /// `expires_in` of a token answer next to `exp` and `iat` of the JWT access token in it.
    ///
    /// # Why it matters
    /// Clients plan their refresh by `expires_in`, servers go by `exp`. A client that is told of a
    /// longer life calls with a dead token, and one that cannot refresh on 401 fails every time.
    ///
    /// # How to fix
    /// Take both from the same lifetime.
    ///
    /// # References
    /// RFC 6749 section 5.1; RFC 7519 section 4.1.4.
    "J05" "expires_in_wrong" Warning AuthorizationServer since None,
    title: "expires_in promises a longer life than the access token has",
    spec: [RFC6749_EXPIRES_IN],
    looks_at: [JwtAccessToken],
}

/// Seconds of difference that rounding and a slow answer explain.
const TOLERANCE: u64 = 30;

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let issued = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant != Grant::TokenExchange);
    let wrong = issued.into_iter().find_map(|(seen, _)| {
        let response = seen.response()?;
        let jwt = access_jwt(response)?.ok()?;
        let told = object(response)?.get("expires_in")?.as_u64()?;
        // A life of no time at all is that of a token that expired when it was issued.
        let lives = jwt
            .seconds("exp")?
            .checked_sub(jwt.seconds("iat")?)
            .filter(|lives| *lives > 0)?;
        (told > lives.saturating_add(TOLERANCE)).then_some((seen.seq, told, lives))
    });
    let Some((seq, told, lives)) = wrong else {
        return;
    };
    let finding = RULE
        .found(RFC6749_EXPIRES_IN)
        .at(seq, Part::body("/expires_in"))
        .message("Clients that go by expires_in refresh too late, and get 401 until then.")
        .expected(format!(
            "expires_in {lives}, as exp and iat of the access token have it"
        ))
        .actual(format!("expires_in {told}"))
        .fix("Take expires_in and exp from the same lifetime.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::{AS, MCP, Run, jwt, token_answer};

    fn told(expires_in: u64) -> Run {
        let mut run = Run::healthy();
        let claims = json!({"iss": AS, "aud": MCP, "iat": 1_800_000_000, "exp": 1_800_000_300});
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.token
            .edit(|answer| answer["expires_in"] = expires_in.into());
        run
    }

    #[test]
    fn a_longer_promise() {
        assert_eq!(told(3600).found(), ["J05"]);
    }

    #[test]
    fn is_silent_about_a_shorter_one() {
        assert!(
            told(299).is_silent("J05") && told(0).is_silent("J05") && told(301).is_silent("J05")
        );
    }
}
