use trace::{Decision, Purpose, SignatureCheck};

use crate::finding::Part;
use crate::key_sets::keys_before;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_JWKS;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// Whether the signature of a token is one of the key that its header names. "Check the tokens'
    /// signatures" tries it.
    ///
    /// # Why it matters
    /// Every server that checks the token refuses it.
    ///
    /// # How to fix
    /// Make sure that two keys never have the same `kid`: after a rotation, between instances,
    /// between tenants. Look at whether something on the way changes the token.
    ///
    /// # References
    /// RFC 8414 section 2; RFC 7515 section 5.2.
    "J04" "signature_wrong" Error AuthorizationServer since None,
    title: "The signature of a token does not fit the published key",
    variants: [
        OF_TOKEN: Error AuthorizationServer Certain
            "The signature of the {token} does not fit the published key",
    ],
    spec: [RFC8414_JWKS],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [SignatureCheck],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let invalid = reading
        .decisions
        .iter()
        .find_map(|(at, decision)| match decision {
            Decision::TokenChecked {
                token,
                alg,
                kid,
                signature: SignatureCheck::Invalid { why },
                ..
            } => Some((*at, *token, alg.as_deref(), kid.as_deref(), why)),
            _ => None,
        });
    let Some((at, token, alg, kid, why)) = invalid else {
        return;
    };
    let mut fetched = reading.sent_for(|purpose| *purpose == Purpose::Jwks);
    if fetched.any(|seen| seen.response().is_some_and(|response| !response.has_body())) {
        return;
    }
    let name = token.as_str().replace('_', " ");
    let finding = RULE
        .found(RFC8414_JWKS)
        .variant(&OF_TOKEN)
        .title_with([&name])
        .message(
            "Whoever checks it refuses the token. Two keys under one kid are the usual cause, or \
             an algorithm that is not that of the key.",
        )
        .expected(format!(
            "a signature by {} with {}",
            kid.map_or_else(
                || "a published key".into(),
                |kid| format!("the key {}", excerpt(kid))
            ),
            alg.map_or_else(|| "its algorithm".into(), excerpt)
        ))
        .actual(excerpt(why))
        .fix(
            "Sign with the key that is published under this kid, and give every new key a kid of \
              its own.",
        );
    findings.add(match keys_before(reading, at) {
        Some((seen, _)) => finding.at(seen.seq, Part::body("/keys")),
        None => finding.on(Some(at)),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::SignatureCheck;

    use super::super::jwks_key_missing::tests::checked;
    use crate::sample::found_in;

    fn invalid() -> SignatureCheck {
        SignatureCheck::Invalid {
            why: "it is not of this key".into(),
        }
    }

    #[test]
    fn a_key_that_did_not_sign() {
        let trace = checked(json!({"keys": [{"kid": "k1"}]}), invalid(), Vec::new());
        assert_eq!(
            found_in(&trace, "J04").unwrap().actual.as_deref(),
            Some("it is not of this key")
        );
    }

    #[test]
    fn is_silent_when_the_key_is_missing_or_fits() {
        let missing = checked(json!({"keys": [{"kid": "k2"}]}), invalid(), Vec::new());
        assert_eq!(found_in(&missing, "J04"), None);
        let valid = checked(
            json!({"keys": [{"kid": "k1"}]}),
            SignatureCheck::Valid,
            Vec::new(),
        );
        assert_eq!(found_in(&valid, "J04"), None);
    }
}
