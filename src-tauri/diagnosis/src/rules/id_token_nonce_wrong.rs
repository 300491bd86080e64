use crate::finding::Part;
use crate::id_token::id_tokens;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::OIDC_NONCE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The `nonce` of the ID token next to that of the authorization request.
    ///
    /// # Why it matters
    /// The nonce ties the ID token to this login. Clients that speak OpenID Connect throw an ID
    /// token without it, or with another, away: it may be a replayed one.
    ///
    /// # How to fix
    /// Keep the nonce with the code, and put it into the ID token unchanged.
    ///
    /// # References
    /// OpenID Connect Core 1.0 section 3.1.3.7.
    "O01" "id_token_nonce_wrong" Error AuthorizationServer since None,
    title: "The ID token does not hold the nonce of this authorization request",
    spec: [OIDC_NONCE],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [IdToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let wrong = id_tokens(reading).into_iter().find_map(|token| {
        let sent = token.nonce(reading)?;
        let held = token.jwt.as_ref().ok()?.text("nonce").map(str::to_owned);
        (held.as_deref() != Some(&sent)).then_some((token.seen.seq, sent, held))
    });
    let Some((seq, sent, held)) = wrong else {
        return;
    };
    let finding = RULE
        .found(OIDC_NONCE)
        .at(seq, Part::body("/id_token"))
        .message(
            "Clients of OpenID Connect throw such an ID token away. The access token is not \
                  concerned.",
        )
        .expected(format!("nonce {}", excerpt(&sent)))
        .actual(held.map_or_else(
            || "no nonce".into(),
            |held| format!("nonce {}", excerpt(&held)),
        ))
        .fix("Put the nonce of the authorization request into the ID token, unchanged.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{Run, id_token};

    fn held(nonce: Option<&str>) -> Run {
        let mut run = Run::healthy();
        run.ask("nonce", Some("n-1"));
        let token = id_token(|claims| claims["nonce"] = nonce.into());
        run.token.edit(|answer| answer["id_token"] = token.into());
        run
    }

    #[test]
    fn another_and_none() {
        assert_eq!(
            held(Some("n-2")).finding("O01").actual.as_deref(),
            Some("nonce n-2")
        );
        assert_eq!(
            held(None).finding("O01").actual.as_deref(),
            Some("no nonce")
        );
    }

    #[test]
    fn is_silent_about_the_right_one_and_when_none_was_sent() {
        assert_eq!(held(Some("n-1")).found(), [""; 0]);
        let mut run = held(None);
        run.ask("nonce", None);
        assert!(run.is_silent("O01"));
    }
}
