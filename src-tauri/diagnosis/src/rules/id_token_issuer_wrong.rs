use crate::finding::Part;
use crate::id_token::id_tokens;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::OIDC_ISSUER;
use crate::wording::{excerpt, same_but_for};

rule! {
    /// # What it looks at
    /// `iss` of the ID token next to `issuer` of the metadata.
    ///
    /// # Why it matters
    /// They are compared as text. Clients throw an ID token of another issuer away, even if only a
    /// slash differs.
    ///
    /// # How to fix
    /// Take both from the same setting.
    ///
    /// # References
    /// OpenID Connect Core 1.0 section 3.1.3.7.
    "O04" "id_token_issuer_wrong" Error AuthorizationServer since None,
    title: "The ID token names another issuer",
    spec: [OIDC_ISSUER],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [IdToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let foreign = id_tokens(reading).into_iter().find_map(|token| {
        let iss = token
            .jwt
            .as_ref()
            .ok()?
            .text("iss")
            .unwrap_or_default()
            .to_owned();
        let (_, metadata) = reading.server_metadata_before(token.seen.seq)?;
        let issuer = metadata.issuer.clone()?;
        (iss != issuer).then_some((token.seen.seq, iss, issuer))
    });
    let Some((seq, iss, issuer)) = foreign else {
        return;
    };
    let finding = RULE
        .found(OIDC_ISSUER)
        .at(seq, Part::body("/id_token"))
        .message(match same_but_for(&iss, &issuer) {
            Some(difference) => {
                format!(
                    "The two differ only in {difference}, but they are compared as text. \
                         Clients throw it away."
                )
            }
            None => "Clients of OpenID Connect throw such an ID token away. The access token is \
                     not concerned."
                .into(),
        })
        .expected(format!("iss {issuer}"))
        .actual(match iss.as_str() {
            "" => "no iss".into(),
            iss => format!("iss {}", excerpt(iss)),
        })
        .fix(format!(
            "Write {issuer} into iss of every token, the text that the metadata has as \
                      issuer."
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::{AS, Run, id_token};

    fn issued(iss: &str) -> Run {
        let mut run = Run::healthy();
        let token = id_token(|claims| claims["iss"] = iss.into());
        run.token.edit(|answer| answer["id_token"] = token.into());
        run
    }

    #[test]
    fn another_issuer_and_a_slash() {
        assert!(
            issued("https://other.example")
                .finding("O04")
                .message
                .contains("not concerned")
        );
        assert!(
            issued("https://as.example/")
                .finding("O04")
                .message
                .contains("a slash at the end")
        );
    }

    #[test]
    fn is_silent_about_the_right_one() {
        assert!(issued(AS).is_silent("O04"));
    }
}
