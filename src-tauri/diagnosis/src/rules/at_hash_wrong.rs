use crate::finding::Part;
use crate::id_token::id_tokens;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::OIDC_AT_HASH;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `at_hash` of the ID token, where it has one, next to the hash of the access token that came
    /// with it.
    ///
    /// # Why it matters
    /// It ties the two tokens together. Clients that check it throw both away.
    ///
    /// # How to fix
    /// Hash the access token as it is sent, with the hash of the ID token's `alg`, and encode the
    /// left half of the hash in base64url without padding.
    ///
    /// # References
    /// OpenID Connect Core 1.0 section 3.1.3.6.
    "O03" "at_hash_wrong" Error AuthorizationServer since None,
    title: "The at_hash of the ID token is not that of the access token",
    spec: [OIDC_AT_HASH],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [IdToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let wrong = id_tokens(reading).into_iter().find_map(|token| {
        if token.at_hash_fits()? {
            return None;
        }
        let held = token.jwt.as_ref().ok()?.text("at_hash")?.to_owned();
        // Where the tokens were replaced it is known that they do not fit, and no more.
        let is_computed = token.seen.exchange.recorded.checked.at_hash.is_none();
        let expected = token.at_hash().filter(|_| is_computed);
        let expected = expected.unwrap_or_else(|| "of the access token".into());
        Some((token.seen.seq, expected, held))
    });
    let Some((seq, expected, held)) = wrong else {
        return;
    };
    let finding = RULE
        .found(OIDC_AT_HASH)
        .at(seq, Part::body("/id_token"))
        .message("Clients that check it take the access token for one that was put in its place.")
        .expected(format!("at_hash {expected}"))
        .actual(format!("at_hash {}", excerpt(&held)))
        .fix(
            "Compute at_hash from the very access token of the same answer, with the hash of the \
              ID token's alg.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{Run, id_token};

    fn hashed(hash: &str) -> Run {
        let mut run = Run::healthy();
        let token = id_token(|claims| claims["at_hash"] = hash.into());
        run.token.edit(|answer| {
            answer["access_token"] = "opaque".into();
            answer["id_token"] = token.into();
        });
        run
    }

    #[test]
    fn another_hash() {
        let finding = hashed("x").finding("O03");
        let right = finding.expected.unwrap();
        assert!(hashed(right.strip_prefix("at_hash ").unwrap()).is_silent("O03"));
    }

    #[test]
    fn is_silent_without_one() {
        let mut run = Run::healthy();
        run.token
            .edit(|answer| answer["id_token"] = id_token(|_| {}).into());
        assert!(run.is_silent("O03"));
    }
}
