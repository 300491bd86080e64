use trace::Grant;

use crate::finding::Part;
use crate::reading::{Reading, access_jwt, form, value};
use crate::rule::{Findings, rule};
use crate::spec::ID_JAG_TYPE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The `typ` in the header of an ID-JAG that an identity provider issued.
    ///
    /// # Why it matters
    /// The authorization server has to refuse an assertion of another type, so that no other JWT of
    /// the identity provider can be passed off as one.
    ///
    /// # How to fix
    /// Set `typ` to `oauth-id-jag+jwt`.
    ///
    /// # References
    /// MCP, Enterprise-Managed Authorization; RFC 8725 section 3.11.
    "X02" "id_jag_type_wrong" Error AuthorizationServer since None,
    title: "The identity provider's assertion is not marked as an ID-JAG",
    spec: [ID_JAG_TYPE],
    stops: [InvalidTokenResponse],
    looks_at: [TokenExchange],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let exchanges = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::TokenExchange);
    let wrong = exchanges.into_iter().find_map(|(seen, _)| {
        let sent = form(seen.request());
        value(sent, "requested_token_type").filter(|kind| kind.ends_with(":id-jag"))?;
        let jwt = access_jwt(seen.response()?)?.ok()?;
        let typ = jwt
            .header
            .get("typ")
            .and_then(|typ| typ.as_str())
            .unwrap_or_default()
            .to_owned();
        let media = typ.strip_prefix("application/").unwrap_or(&typ);
        (!media.eq_ignore_ascii_case("oauth-id-jag+jwt")).then_some((seen.seq, typ))
    });
    let Some((seq, typ)) = wrong else { return };
    let finding = RULE
        .found(ID_JAG_TYPE)
        .at(seq, Part::body("/access_token"))
        .message("Authorization servers that check the type refuse it with invalid_grant.")
        .expected("typ oauth-id-jag+jwt")
        .actual(match typ.as_str() {
            "" => "no typ".into(),
            typ => format!("typ {}", excerpt(typ)),
        })
        .fix(
            "Let the identity provider set typ to oauth-id-jag+jwt in the header of the assertion.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use super::super::issued_token_type_missing::tests::exchanged;
    use crate::sample::found_in;

    #[test]
    fn another_type() {
        assert_eq!(
            found_in(&exchanged("JWT", |_| {}), "X02")
                .unwrap()
                .actual
                .as_deref(),
            Some("typ JWT")
        );
    }

    #[test]
    fn is_silent_about_the_right_one_in_either_form() {
        assert_eq!(
            found_in(&exchanged("oauth-id-jag+jwt", |_| {}), "X02"),
            None
        );
        assert_eq!(
            found_in(&exchanged("application/oauth-id-jag+jwt", |_| {}), "X02"),
            None
        );
    }
}
