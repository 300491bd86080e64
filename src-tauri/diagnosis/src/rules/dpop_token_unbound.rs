use trace::Grant;

use crate::finding::Part;
use crate::proof::thumbprint_of;
use crate::reading::{Reading, access_jwt, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC9449_JKT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A JWT access token that came with `token_type` DPoP: its `cnf.jkt` next to the thumbprint of
    /// the key that the request's proof has. A token that is not a JWT cannot be checked.
    ///
    /// # Why it matters
    /// The MCP server learns from the token which key belongs to it. Without that it cannot check
    /// the binding: it refuses the token, or takes it from anyone.
    ///
    /// # How to fix
    /// Put the SHA-256 thumbprint (RFC 7638) of the proof's key into the token as `cnf.jkt`.
    ///
    /// # References
    /// RFC 9449 section 6.1.
    "DP2" "dpop_token_unbound" Error AuthorizationServer Likely since None,
    title: "The access token does not say which key it is bound to",
    variants: [
        OTHER_KEY: Error AuthorizationServer Certain "The access token is bound to another key",
    ],
    spec: [RFC9449_JKT],
    looks_at: [TokenAnswer, Dpop],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let issued = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant != Grant::TokenExchange);
    let unbound = issued.into_iter().find_map(|(seen, _)| {
        let response = seen.response()?;
        let key = thumbprint_of(seen.request().get())?;
        let answer = object(response)?;
        let bound =
            text(&answer, "token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
        let jwt = access_jwt(response)?.ok().filter(|_| bound)?;
        let jkt = jwt
            .claims
            .get("cnf")
            .and_then(|cnf| cnf.get("jkt"))
            .and_then(|jkt| jkt.as_str());
        (jkt != Some(&key)).then(|| (seen.seq, key, jkt.map(str::to_owned)))
    });
    let Some((seq, key, jkt)) = unbound else {
        return;
    };
    let finding = RULE
        .found(RFC9449_JKT)
        .at(seq, Part::body("/access_token"))
        .expected(format!("cnf.jkt {key}"))
        .fix("Put the thumbprint of the key in the DPoP proof into the access token as cnf.jkt.");
    findings.add(match jkt {
        None => finding
            .message(
                "token_type says DPoP, but the token has no cnf.jkt, so a server that reads it \
                 cannot check who may use it. The binding may also be kept where introspection \
                 alone tells it.",
            )
            .actual("no cnf.jkt"),
        Some(other) => finding
            .variant(&OTHER_KEY)
            .message(
                "The key of the proof is not the one in the token, so the MCP server has to \
                      refuse every call.",
            )
            .actual(format!("cnf.jkt {}", excerpt(&other))),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::dpop_ignored::tests::bound;
    use crate::proof::thumbprint_of;
    use crate::sample::{dpop_proof, found_in};

    #[test]
    fn no_key_and_another_key() {
        let none = found_in(&bound("DPoP", json!(null)), "DP2").unwrap();
        assert_eq!(none.actual.as_deref(), Some("no cnf.jkt"));
        let other = found_in(&bound("DPoP", json!({"jkt": "other"})), "DP2").unwrap();
        assert!(other.title.contains("another key"));
    }

    #[test]
    fn is_silent_about_the_right_key_and_bearer_tokens() {
        let request = trace::Request::new("POST", "").header("dpop", dpop_proof());
        let key = thumbprint_of(&request).unwrap();
        assert_eq!(found_in(&bound("DPoP", json!({"jkt": key})), "DP2"), None);
        assert_eq!(found_in(&bound("Bearer", json!(null)), "DP2"), None);
    }
}
