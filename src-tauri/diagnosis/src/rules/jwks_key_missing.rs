use serde_json::Value;
use trace::Decision;

use crate::finding::Part;
use crate::key_sets::keys_before;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::RFC8414_JWKS;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The `kid` of a token's header next to the keys at `jwks_uri`. "Check the tokens' signatures"
    /// fetches them.
    ///
    /// # Why it matters
    /// Servers and clients find the key by its `kid`. Without it they refuse every token.
    ///
    /// # How to fix
    /// Publish the key that signs at `jwks_uri`, before it is used, and keep the old one there
    /// until its last token has expired. Look at caches in between, and whether all instances sign
    /// with the same key.
    ///
    /// # References
    /// RFC 8414 section 2; RFC 7517 section 4.5.
    "J01" "jwks_key_missing" Error AuthorizationServer since None,
    title: "The key that signed a token is not published",
    variants: [
        NOT_FOR_IT: Warning AuthorizationServer Certain
            "The key that signed a token is published for something else",
        UNREADABLE: Error AuthorizationServer Certain
            "The key that signed a token is published so that nobody can read it",
    ],
    spec: [RFC8414_JWKS],
    supersedes: ["J04", "O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [SignatureCheck],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let unknown = reading.decisions.iter().find_map(|(at, decision)| {
        let Decision::TokenChecked { token, kid, .. } = decision else {
            return None;
        };
        let kid = kid.as_ref()?;
        let (seen, keys) = keys_before(reading, *at)?;
        let named: Vec<String> = keys
            .iter()
            .filter_map(|key| Some(key.get("kid")?.as_str()?.to_owned()))
            .collect();
        // A key without a name may be any.
        let known = named.len() < keys.len() || named.contains(kid);
        (!known).then_some((seen, *token, kid, named))
    });
    let Some((seen, token, kid, named)) = unknown else {
        return not_for_it(reading, findings);
    };
    let finding = RULE
        .found(RFC8414_JWKS)
        .at(seen.seq, Part::body("/keys"))
        .message(format!(
            "The {} names a key that is not among those at jwks_uri, so nobody can check its \
             signature.",
            token.as_str().replace('_', " ")
        ))
        .expected(format!("a key with kid {}", excerpt(kid)))
        .actual(match named.as_slice() {
            [] => "no keys".into(),
            named => excerpt(&format!("only {}", list(named))),
        })
        .fix(
            "Publish the key that signs at jwks_uri, and make all instances sign with a key that \
              is there.",
        );
    findings.add(finding);
}

/// A key whose members say that it is not for a signature like that of the token.
fn not_for_it(reading: &Reading<'_>, findings: &mut Findings) {
    let told = reading.decisions.iter().find_map(|(at, decision)| {
        let Decision::TokenChecked {
            kid: Some(kid),
            alg: Some(alg),
            ..
        } = decision
        else {
            return None;
        };
        let (seen, keys) = keys_before(reading, *at)?;
        let mut of_kid = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| key.get("kid").and_then(Value::as_str) == Some(kid.as_str()));
        let (index, key) = of_kid.next().filter(|_| of_kid.next().is_none())?;
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        let verifies = key
            .get("key_ops")
            .and_then(Value::as_array)
            .is_none_or(|all| all.is_empty() || all.iter().any(|one| one == "verify"));
        let (name, expected) = if let Some(broken) = broken(key, alg) {
            broken
        } else if member("use").is_some_and(|of| of != "sig") {
            ("use", "\"use\": \"sig\"".to_owned())
        } else if member("alg").is_some_and(|of| of != alg) {
            ("alg", format!("\"alg\": \"{}\"", excerpt(alg)))
        } else if !verifies {
            ("key_ops", "\"verify\" in key_ops".to_owned())
        } else {
            return None;
        };
        let actual = excerpt(&format!("\"{name}\": {}", key.get(name)?));
        Some((seen, index, kid, name, expected, actual))
    });
    let Some((seen, index, kid, name, expected, actual)) = told else {
        return;
    };
    if matches!(name, "kty" | "n" | "e" | "x" | "y") {
        return findings.add(
            RULE.found(RFC8414_JWKS)
                .variant(&UNREADABLE)
                .at(seen.seq, Part::body(&format!("/keys/{index}/{name}")))
                .message(format!(
                    "The key {} is there, and its {name} is not what a key of this kind has. So \
                     nobody can check the signature, and MCP servers refuse every token.",
                    excerpt(kid)
                ))
                .fix(format!("Publish the key with {expected}."))
                .expected(expected)
                .actual(actual),
        );
    }
    findings.add(
        RULE.found(RFC8414_JWKS)
            .variant(&NOT_FOR_IT)
            .at(seen.seq, Part::body(&format!("/keys/{index}/{name}")))
            .message(format!(
                "Servers that look at {name} pass over the key {} and find none for the token.",
                excerpt(kid)
            ))
            .fix(format!(
                "Publish the key with {expected}, or leave {name} out."
            ))
            .expected(expected)
            .actual(actual),
    );
}

/// A member without which a key for this algorithm cannot be read (RFC 7518 section 6): its name,
/// and what it has to be.
fn broken(key: &trace::Document, alg: &str) -> Option<(&'static str, String)> {
    let (kty, members): (&str, &[&'static str]) = match alg.get(..2)? {
        "RS" | "PS" => ("RSA", &["n", "e"]),
        "ES" => ("EC", &["x", "y"]),
        "Ed" => ("OKP", &["x"]),
        _ => return None,
    };
    // A member that is missing is told of the key set.
    if key.get("kty")?.as_str()? != kty {
        return Some(("kty", format!("\"kty\": \"{kty}\" (in these letters)")));
    }
    let is_base64url = |text: &str| {
        let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !text.is_empty() && text.bytes().all(is_of_it)
    };
    let mut members = members.iter().copied();
    let odd = members.find(|name| {
        let value = key.get(*name).and_then(Value::as_str);
        value.is_some_and(|text| !is_base64url(text))
    })?;
    Some((odd, format!("{odd} in base64url without padding")))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use trace::{ClaimProblem, Decision, Purpose, Request, SignatureCheck, TokenKind, Trace};

    use crate::sample::{AS, Answer, Run, decide, found_in, push_to_server};

    pub fn checked(keys: Value, signature: SignatureCheck, problems: Vec<ClaimProblem>) -> Trace {
        let mut trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/jwks"));
        push_to_server(&mut trace, Purpose::Jwks, request, &Answer::json(200, keys));
        let checked = Decision::TokenChecked {
            token: TokenKind::AccessToken,
            alg: Some("ES256".into()),
            kid: Some("k1".into()),
            signature,
            problems,
        };
        decide(&mut trace, checked);
        trace
    }

    fn not_checked() -> SignatureCheck {
        SignatureCheck::NotChecked {
            why: "no key".into(),
        }
    }

    #[test]
    fn another_key_and_none() {
        let other = checked(
            json!({"keys": [{"kty": "EC", "kid": "k2"}]}),
            not_checked(),
            Vec::new(),
        );
        assert_eq!(
            found_in(&other, "J01").unwrap().actual.as_deref(),
            Some("only k2")
        );
        let none = checked(json!({"keys": []}), not_checked(), Vec::new());
        assert!(found_in(&none, "J01").is_some());
    }

    #[test]
    fn a_key_that_nobody_can_read() {
        let published = |key| {
            let trace = checked(json!({"keys": [key]}), not_checked(), Vec::new());
            found_in(&trace, "J01").map(|finding| finding.variant)
        };
        let unreadable = Some("unreadable".to_owned());
        let key = json!({"kid": "k1", "kty": "ec", "crv": "P-256", "x": "AQ", "y": "AQ"});
        assert_eq!(published(key), unreadable);
        let key = json!({"kid": "k1", "kty": "EC", "crv": "P-256", "x": "#", "y": "AQ"});
        assert_eq!(published(key), unreadable);
        let key = json!({"kid": "k1", "kty": "EC", "crv": "P-256", "x": "A-_", "y": "AQ"});
        assert_eq!(published(key), None);
    }

    #[test]
    fn is_silent_about_the_right_key_and_keys_without_a_name() {
        for keys in [json!([{"kid": "k1"}]), json!([{"kty": "EC"}])] {
            let trace = checked(json!({"keys": keys}), SignatureCheck::Valid, Vec::new());
            assert_eq!(found_in(&trace, "J01"), None);
        }
    }

    #[test]
    fn a_key_that_is_published_for_something_else() {
        let with = |key: Value| checked(json!({"keys": [key]}), not_checked(), Vec::new());
        for (key, member) in [
            (json!({"kty": "EC", "kid": "k1", "use": "enc"}), "use"),
            (json!({"kty": "EC", "kid": "k1", "alg": "RS256"}), "alg"),
            (
                json!({"kty": "EC", "kid": "k1", "key_ops": ["sign"]}),
                "key_ops",
            ),
        ] {
            let finding = found_in(&with(key), "J01").unwrap();
            assert_eq!(finding.variant, "not_for_it");
            assert!(finding.fix.contains(member), "{}", finding.fix);
        }
        for key in [
            json!({"kty": "EC", "kid": "k1", "use": "sig", "alg": "ES256"}),
            json!({"kty": "EC", "kid": "k1", "key_ops": ["verify"]}),
            json!({"kty": "EC", "kid": "k1"}),
        ] {
            assert_eq!(found_in(&with(key), "J01"), None);
        }
    }
}
