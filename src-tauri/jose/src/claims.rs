//! What the claims of a JWT say against what they have to say.

use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use trace::Jwt;

use crate::base64url::encode;
use crate::checked::{Expected, Problem};
use crate::words::{duration, quoted, shown};

pub(crate) fn problems(jwt: &Jwt, expected: &Expected<'_>) -> Vec<Problem> {
    [
        expiry(jwt, expected),
        not_before(jwt, expected, "nbf"),
        not_before(jwt, expected, "iat"),
        expected.issuer.and_then(|issuer| equal(jwt, "iss", issuer)),
        expected
            .audience
            .and_then(|audience| for_audience(jwt, audience)),
        expected.nonce.and_then(|nonce| equal(jwt, "nonce", nonce)),
        expected.access_token.and_then(|token| bound_to(jwt, token)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `exp`, which ID tokens and JWT access tokens both must have (OpenID Connect Core section 2, RFC
/// 9068 section 2.2).
fn expiry(jwt: &Jwt, expected: &Expected<'_>) -> Option<Problem> {
    let now = now(expected);
    let wanted = format!("a time after {now} (now){}", leeway(expected));
    match numeric_date(jwt.claims.get("exp")) {
        Some(exp) if now < exp.saturating_add_unsigned(expected.leeway_seconds) => None,
        Some(exp) => {
            let ago = duration(now.abs_diff(exp));
            Some(problem("exp", wanted, format!("{exp}, {ago} ago")))
        }
        None => Some(problem("exp", wanted, shown(jwt.claims.get("exp")))),
    }
}

/// `nbf` and `iat`, which need not be there, and must not lie in the future.
fn not_before(jwt: &Jwt, expected: &Expected<'_>, claim: &str) -> Option<Problem> {
    let value = jwt.claims.get(claim)?;
    let now = now(expected);
    let wanted = format!("a time not after {now} (now){}", leeway(expected));
    match numeric_date(Some(value)) {
        Some(time) if time <= now.saturating_add_unsigned(expected.leeway_seconds) => None,
        Some(time) => {
            let ahead = duration(now.abs_diff(time));
            Some(problem(claim, wanted, format!("{time}, {ahead} ahead")))
        }
        None => Some(problem(claim, wanted, shown(Some(value)))),
    }
}

fn equal(jwt: &Jwt, claim: &str, wanted: &str) -> Option<Problem> {
    let got = jwt.claims.get(claim);
    let same = got.and_then(Value::as_str) == Some(wanted);
    (!same).then(|| problem(claim, quoted(wanted), shown(got)))
}

fn for_audience(jwt: &Jwt, wanted: &str) -> Option<Problem> {
    let got = jwt.claims.get("aud");
    match got {
        Some(Value::String(one)) if one == wanted => None,
        Some(Value::Array(several)) if several.iter().any(|one| one == wanted) => None,
        _ => Some(problem(
            "aud",
            format!("{}, alone or in an array", quoted(wanted)),
            shown(got),
        )),
    }
}

/// `at_hash`, where there is one: the left half of the access token's hash (OpenID Connect Core
/// section 3.1.3.6).
fn bound_to(jwt: &Jwt, access_token: &str) -> Option<Problem> {
    let claim = jwt.claims.get("at_hash")?;
    let alg = jwt.header.get("alg").and_then(Value::as_str);
    let Some(wanted) = alg.and_then(|alg| left_half_of_hash(alg, access_token)) else {
        let wanted = "an alg in the header that names a hash function".into();
        return Some(problem("at_hash", wanted, shown(jwt.header.get("alg"))));
    };
    let same = claim.as_str() == Some(wanted.as_str());
    let wanted = format!(
        "{}, from the access token by {}",
        quoted(&wanted),
        alg.unwrap_or_default()
    );
    (!same).then(|| problem("at_hash", wanted, shown(Some(claim))))
}

/// "The hash algorithm used is the hash algorithm used in the `alg` Header Parameter"; Ed25519 has
/// SHA-512 inside.
fn left_half_of_hash(alg: &str, text: &str) -> Option<String> {
    let hash = match alg {
        "EdDSA" | "Ed25519" | "HS512" | "RS512" | "PS512" | "ES512" => {
            Sha512::digest(text).to_vec()
        }
        "HS384" | "RS384" | "PS384" | "ES384" => Sha384::digest(text).to_vec(),
        "HS256" | "RS256" | "PS256" | "ES256" | "ES256K" => Sha256::digest(text).to_vec(),
        _ => return None,
    };
    Some(encode(&hash[..hash.len() / 2]))
}

/// Seconds since 1970, a fraction cut off (RFC 7519 section 2); `None` for what is not a number.
fn numeric_date(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    // A cast of what is too large for the type gives its largest value.
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

fn now(expected: &Expected<'_>) -> i64 {
    i64::try_from(expected.now.seconds()).unwrap_or(i64::MAX)
}

fn leeway(expected: &Expected<'_>) -> String {
    match expected.leeway_seconds {
        0 => String::new(),
        seconds => format!(", give or take {}", duration(seconds)),
    }
}

fn problem(claim: &str, expected: String, got: String) -> Problem {
    Problem {
        claim: claim.into(),
        expected,
        got,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Timestamp;

    use super::*;

    const NOW: u64 = 1_000_000;

    const EXPECTED: Expected<'_> = Expected {
        issuer: Some("https://as.example"),
        audience: Some("client"),
        now: Timestamp(NOW * 1_000_000),
        leeway_seconds: 10,
        nonce: Some("n"),
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
    };

    fn found(alg: &str, claims: Value) -> Vec<Problem> {
        let jwt = Jwt {
            header: json!({ "alg": alg }).as_object().unwrap().clone(),
            claims: claims.as_object().unwrap().clone(),
        };
        problems(&jwt, &EXPECTED)
    }

    fn sound() -> Value {
        json!({
            "iss": "https://as.example", "aud": "client", "nonce": "n",
            "exp": NOW + 60, "iat": NOW, "nbf": NOW,
            // OpenID Connect Core appendix A.3.
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        })
    }

    /// The one problem when this claim is `value`.
    fn one(claim: &str, value: Value) -> Problem {
        let mut claims = sound();
        claims[claim] = value;
        let [problem] = found("RS256", claims).try_into().unwrap();
        assert_eq!(problem.claim, claim);
        problem
    }

    #[test]
    fn sound_claims_have_no_problem_and_those_not_asked_for_are_not_looked_at() {
        assert_eq!(found("RS256", sound()), []);
        let mut several = sound();
        several["aud"] = json!(["other", 1, "client"]);
        several["exp"] = json!(NOW as f64 + 0.5);
        for optional in ["nbf", "iat", "at_hash"] {
            several.as_object_mut().unwrap().remove(optional);
        }
        assert_eq!(found("RS256", several), []);
        let only_time = Expected {
            issuer: None,
            audience: None,
            nonce: None,
            access_token: None,
            ..EXPECTED
        };
        let jwt = Jwt {
            header: Default::default(),
            claims: json!({ "exp": u64::MAX, "nonce": 1, "at_hash": "x" })
                .as_object()
                .unwrap()
                .clone(),
        };
        assert_eq!(problems(&jwt, &only_time), []);
    }

    #[test]
    fn times_are_held_against_now_with_leeway() {
        let expired = one("exp", json!(NOW - 10));
        assert_eq!(
            expired.expected,
            "a time after 1000000 (now), give or take 10 s"
        );
        assert_eq!(expired.got, "999990, 10 s ago");
        let mut claims = sound();
        claims["exp"] = json!(NOW - 9);
        claims["iat"] = json!(NOW + 10);
        claims["nbf"] = json!(NOW + 10);
        assert_eq!(found("RS256", claims), [], "within the leeway");
        assert_eq!(one("nbf", json!(NOW + 11)).got, "1000011, 11 s ahead");
        assert_eq!(one("iat", json!(NOW + 86_400)).got, "1086400, 24 h ahead");
        // Milliseconds instead of seconds, the usual mistake.
        assert!(one("iat", json!(NOW * 1_000)).got.ends_with("days ahead"));
    }

    #[test]
    fn odd_values_are_problems_and_no_panic() {
        assert_eq!(one("exp", json!("1000060")).got, "\"1000060\"");
        assert_eq!(one("exp", json!(null)).got, "null");
        for odd in [
            json!(-1),
            json!(i64::MIN),
            json!(-1e300),
            json!([1]),
            json!(true),
        ] {
            one("exp", odd);
        }
        for odd in [json!(u64::MAX), json!(1e300), json!("now"), json!({})] {
            one("iat", odd.clone());
            one("nbf", odd);
        }
        let mut claims = sound();
        claims.as_object_mut().unwrap().remove("exp");
        assert_eq!(found("RS256", claims)[0].got, "nothing");
    }

    #[test]
    fn issuer_audience_and_nonce_are_compared_as_they_stand() {
        let issuer = one("iss", json!("https://as.example/"));
        assert_eq!(
            (issuer.expected.as_str(), issuer.got.as_str()),
            ("\"https://as.example\"", "\"https://as.example/\"")
        );
        for odd in [
            json!("Client"),
            json!([]),
            json!([["client"]]),
            json!({"client": 1}),
            json!(null),
        ] {
            assert_eq!(one("aud", odd).expected, "\"client\", alone or in an array");
        }
        assert_eq!(one("nonce", json!(["n"])).got, "[\"n\"]");
        assert_eq!(
            found("RS256", json!({})).len(),
            4,
            "exp, iss, aud and nonce are missing"
        );
    }

    #[test]
    fn at_hash_goes_with_alg() {
        let wrong = one("at_hash", json!("AAAA"));
        assert_eq!(
            wrong.expected,
            "\"77QmUPtjPfzWtF2AnpK9RQ\", from the access token by RS256"
        );
        assert!(!wrong.expected.contains("jHkWEd"));
        assert_eq!(one("at_hash", json!(7)).got, "7");
        assert_eq!(found("EdDSA", sound())[0].claim, "at_hash");
        assert_eq!(found("none", sound())[0].got, "\"none\"");
        assert_eq!(
            ["ES384", "EdDSA"].map(|alg| left_half_of_hash(alg, "a").unwrap().len()),
            [32, 43]
        );
    }
}
