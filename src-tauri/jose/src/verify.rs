//! Verifies a JWT that a server gave.

use serde_json::Value;
use trace::{Jwt, JwtError};

use crate::checked::{Checked, Expected};
use crate::{claims, signature};

/// Verifies a compact JWS against a JWK set (RFC 7515 section 5.2) and looks at its claims (RFC
/// 7519 section 4.1, OpenID Connect Core section 3.1.3.7).
///
/// # Errors
/// When the text is not a JWT that can be read.
pub fn verify(jwt: &str, jwks: &Value, expected: &Expected<'_>) -> Result<Checked, JwtError> {
    let read = Jwt::read(jwt)?;
    let header = |name: &str| {
        read.header
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(Checked {
        alg: header("alg"),
        kid: header("kid"),
        signature: signature::check(jwt, &read.header, jwks),
        problems: claims::problems(&read, expected),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Timestamp;

    use super::*;
    use crate::base64url::encode;
    use crate::checked::Signature;
    use crate::signing_key::SigningKey;
    use crate::test_keys::{
        ED25519_PEM, ES256_SIGNATURE, P256_JWK, P256_PEM, P384_PEM, PAYLOAD, PS256_SIGNATURE,
        PS384_SIGNATURE, PS512_SIGNATURE, RS256_SIGNATURE, RSA_N, RSA_PEM, json_of,
    };

    const NOW: Timestamp = Timestamp(1_300_819_000_000_000);

    fn expected() -> Expected<'static> {
        Expected {
            issuer: Some("joe"),
            audience: None,
            now: NOW,
            leeway_seconds: 0,
            nonce: None,
            access_token: None,
        }
    }

    fn key(pem: &str, alg: &str) -> SigningKey {
        SigningKey::from_pem(pem, Some(alg)).unwrap()
    }

    fn claims() -> Value {
        json!({ "iss": "joe", "exp": 1_300_819_380 })
    }

    fn signature(jwt: &str, jwks: &Value) -> Signature {
        verify(jwt, jwks, &expected()).unwrap().signature
    }

    fn not_checked(jwt: &str, jwks: &Value) -> String {
        match signature(jwt, jwks) {
            Signature::NotChecked(why) => why,
            other => panic!("{other:?}"),
        }
    }

    fn invalid(jwt: &str, jwks: &Value) -> String {
        match signature(jwt, jwks) {
            Signature::Invalid(why) => why,
            other => panic!("{other:?}"),
        }
    }

    /// A JWT with this header, which nobody signed.
    fn with_header(header: &Value) -> String {
        format!(
            "{}.{}.AAAA",
            encode(header.to_string()),
            encode(claims().to_string())
        )
    }

    #[test]
    fn the_vectors_of_rfc_7515_are_valid() {
        let rsa = json!({ "kty": "RSA", "n": RSA_N, "e": "AQAB" });
        let jwks = json!({ "keys": [json_of(P256_JWK), rsa] });
        for (alg, header, made) in [
            ("RS256", "eyJhbGciOiJSUzI1NiJ9".into(), RS256_SIGNATURE),
            ("ES256", "eyJhbGciOiJFUzI1NiJ9".into(), ES256_SIGNATURE),
            ("PS256", encode(r#"{"alg":"PS256"}"#), PS256_SIGNATURE),
            ("PS384", encode(r#"{"alg":"PS384"}"#), PS384_SIGNATURE),
            ("PS512", encode(r#"{"alg":"PS512"}"#), PS512_SIGNATURE),
        ] {
            let jwt = format!("{header}.{PAYLOAD}.{made}");
            let checked = verify(&jwt, &jwks, &expected()).unwrap();
            let sound = Checked {
                alg: Some(alg.into()),
                kid: None,
                signature: Signature::Valid,
                problems: vec![],
            };
            assert_eq!(checked, sound);
            let changed = format!("{header}.{}.{made}", encode(claims().to_string()));
            assert!(
                invalid(&changed, &jwks).starts_with("the one key that can verify"),
                "{alg}"
            );
        }
    }

    #[test]
    fn the_proofs_of_rfc_9449_are_valid() {
        let header = concat!(
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo",
            "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW",
            "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19",
        );
        // Section 5, figure 2, and section 7.1, figure 12.
        let to_token_endpoint = concat!(
            "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUu",
            "Y29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdL",
            "XiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
        );
        let to_resource = concat!(
            "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxl",
            "Lm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0Ji",
            "MHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyV",
            "nmcw6Fy1dqd-jfxSYoMxhAJpLjA",
        );
        for rest in [to_token_endpoint, to_resource] {
            let jwt = format!("{header}.{rest}");
            let own = json!({ "keys": [Jwt::read(&jwt).unwrap().header["jwk"]] });
            assert_eq!(signature(&jwt, &own), Signature::Valid);
        }
    }

    #[test]
    fn what_is_signed_here_is_valid_with_its_key_and_no_other() {
        for (pem, alg) in [
            (P256_PEM, "ES256"),
            (P384_PEM, "ES384"),
            (RSA_PEM, "RS256"),
            (RSA_PEM, "RS384"),
            (RSA_PEM, "RS512"),
            (ED25519_PEM, "EdDSA"),
        ] {
            let key = key(pem, alg);
            let jwt = key.sign("JWT", false, &claims());
            let own = json!({ "keys": [key.public_jwk()] });
            assert_eq!(signature(&jwt, &own), Signature::Valid, "{alg}");
            let (signed, _) = jwt.rsplit_once('.').unwrap();
            assert_eq!(
                invalid(&format!("{signed}."), &own),
                "there is no signature"
            );
            assert!(
                invalid(&format!("{signed}.AAAA"), &own).contains("has 3 octets"),
                "{alg}"
            );
            assert!(
                invalid(&format!("{signed}.A+A"), &own).contains("not base64url"),
                "{alg}"
            );
            let zeros = encode(vec![0; if alg == "ES384" { 96 } else { 64 }]);
            invalid(&format!("{signed}.{zeros}"), &own);
        }
        let other = SigningKey::from_random(&[7; 32]);
        let jwt = other.sign("JWT", false, &claims());
        let not_it = SigningKey::from_random(&[8; 32]).public_jwk();
        let one = json!({ "keys": [not_it] });
        assert_eq!(
            invalid(&jwt, &one),
            "the one key that can verify ES256 did not sign this"
        );
        let two = json!({ "keys": [not_it, not_it] });
        assert!(invalid(&jwt, &two).starts_with("none of the 2 keys"));
        let among = json!({ "keys": [not_it, 7, { "kty": "RSA" }, other.public_jwk()] });
        assert_eq!(signature(&jwt, &among), Signature::Valid);
    }

    #[test]
    fn a_set_and_a_token_of_the_lab_go_together() {
        // The lab's key is named by its thumbprint, in its set and in what it signs.
        let key = SigningKey::from_random(&[7; 32]);
        let kid = key.thumbprint();
        let mut jwk = key.public_jwk();
        for (member, value) in [("use", "sig"), ("alg", "ES256"), ("kid", &kid)] {
            jwk[member] = json!(value);
        }
        let claims = json!({
            "iss": "http://127.0.0.1:1", "sub": "alice", "aud": ["http://127.0.0.1:2/mcp"], "nonce": "n",
            "exp": NOW.seconds() + 60, "iat": NOW.seconds(), "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        });
        let of_lab = Expected {
            issuer: Some("http://127.0.0.1:1"),
            audience: Some("http://127.0.0.1:2/mcp"),
            nonce: Some("n"),
            access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            ..expected()
        };
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid });
        let jwt = key.sign_with(&header, &claims);
        let checked = verify(&jwt, &json!({ "keys": [jwk] }), &of_lab).unwrap();
        assert_eq!(
            (checked.signature, checked.problems),
            (Signature::Valid, vec![])
        );
        assert_eq!(checked.kid, Some(kid));
    }

    #[test]
    fn algorithms_that_no_published_key_verifies_are_told_apart() {
        let jwks = json!({ "keys": [json_of(P256_JWK)] });
        for (alg, why) in [
            (json!("none"), "alg is \"none\": it is not signed"),
            (json!("HS256"), "a MAC with a shared secret"),
            (
                json!("ES512"),
                "what can be verified here is ES256, ES384, RS256",
            ),
            (json!("es256"), "alg is \"es256\""),
            (
                json!(["ES256"]),
                "alg in the header is [\"ES256\"], not a string",
            ),
            (json!(null), "is null, not a string"),
        ] {
            let got = not_checked(&with_header(&json!({ "alg": alg })), &jwks);
            assert!(got.contains(why), "{got}");
        }
        assert!(not_checked(&with_header(&json!({})), &jwks).contains("is nothing"));
        let crit = with_header(&json!({ "alg": "ES256", "crit": ["b64"], "b64": false }));
        assert!(invalid(&crit, &jwks).contains("crit is [\"b64\"]"));
    }

    #[test]
    fn the_kid_has_to_be_in_the_set() {
        let key = key(P256_PEM, "ES256");
        let jwt = key.sign_with(&json!({ "alg": "ES256", "kid": "b" }), &claims());
        let named = |kid: Value| {
            let mut jwk = key.public_jwk();
            jwk["kid"] = kid;
            jwk
        };
        let got = not_checked(
            &jwt,
            &json!({ "keys": [named(json!("a")), named(json!(7)), key.public_jwk()] }),
        );
        assert_eq!(
            got,
            "no key of the set has the kid \"b\"; their kids are: \"a\", 7, nothing"
        );
        let many: Vec<Value> = (0..5_000)
            .map(|kid| named(json!(format!("k{kid}"))))
            .collect();
        assert!(not_checked(&jwt, &json!({ "keys": many })).ends_with("\"k7\" and 4992 more"));
        // Two keys of one name: both are tried.
        let mut other = SigningKey::from_random(&[7; 32]).public_jwk();
        other["kid"] = json!("b");
        let twice = json!({ "keys": [other.clone(), named(json!("b"))] });
        assert_eq!(signature(&jwt, &twice), Signature::Valid);
        let got = invalid(&jwt, &json!({ "keys": [other] }));
        assert_eq!(got, "the key with the kid \"b\" did not sign this");
    }

    #[test]
    fn a_key_has_to_be_for_this() {
        let key = key(P256_PEM, "ES256");
        let jwt = key.sign_with(&json!({ "alg": "ES256", "kid": "k" }), &claims());
        let with = |member: &str, value: Value| {
            let mut jwk = key.public_jwk();
            jwk["kid"] = json!("k");
            jwk[member] = value;
            json!({ "keys": [jwk] })
        };
        for (member, value, why) in [
            ("use", json!("enc"), "its use is \"enc\", not \"sig\""),
            ("use", json!(1), "its use is 1"),
            ("key_ops", json!(["sign"]), "without \"verify\""),
            ("key_ops", json!("verify"), "its key_ops are \"verify\""),
            ("alg", json!("ES384"), "its alg is \"ES384\""),
            ("kty", json!("RSA"), "it is an RSA key"),
            ("crv", json!("P-521"), "crv \"P-521\""),
            ("x", json!("AAAA"), "x has 3 octets"),
        ] {
            let got = not_checked(&jwt, &with(member, value));
            assert!(
                got.starts_with("the key with the kid \"k\" cannot verify ES256: "),
                "{got}"
            );
            assert!(got.contains(why), "{got}");
        }
        for (member, value) in [
            ("use", json!("sig")),
            ("key_ops", json!(["verify"])),
            ("alg", json!("ES256")),
        ] {
            assert_eq!(signature(&jwt, &with(member, value)), Signature::Valid);
        }
        // Both names of the one algorithm (RFC 9864).
        let key = SigningKey::from_pem(ED25519_PEM, None).unwrap();
        let mut jwk = key.public_jwk();
        jwk["alg"] = json!("Ed25519");
        let jwt = key.sign("JWT", false, &claims());
        assert_eq!(signature(&jwt, &json!({ "keys": [jwk] })), Signature::Valid);
    }

    #[test]
    fn odd_sets_give_words() {
        let jwt = key(P256_PEM, "ES256").sign("JWT", false, &claims());
        for (jwks, why) in [
            (json!(null), "has no array \"keys\""),
            (json!([]), "has no array \"keys\""),
            (json!({ "keys": {} }), "has no array \"keys\""),
            (json!({ "keys": [] }), "is empty"),
            (
                json!({ "keys": [null, 1, "k", [], {}, { "kty": "EC" }] }),
                "can verify ES256: null is not",
            ),
        ] {
            let got = not_checked(&jwt, &jwks);
            assert!(got.contains(why), "{got}");
        }
        let not_it = SigningKey::from_random(&[8; 32]).public_jwk();
        let got = invalid(&jwt, &json!({ "keys": vec![not_it; 5_000] }));
        assert_eq!(
            got,
            "none of the first 64 keys that can verify ES256 signed this"
        );
    }

    #[test]
    fn a_signature_in_der_is_named() {
        let jwks = json!({ "keys": [json_of(P256_JWK)] });
        let der = [&[0x30, 69, 2, 33][..], &[0; 67]].concat();
        let jwt =
            with_header(&json!({ "alg": "ES256" })).replace(".AAAA", &format!(".{}", encode(der)));
        let got = invalid(&jwt, &jwks);
        assert!(
            got.contains("has 71 octets, and ES256 with this key 64: it is in DER"),
            "{got}"
        );
        assert_eq!(verify("opaque", &jwks, &expected()), Err(JwtError::NotAJwt));
    }
}
