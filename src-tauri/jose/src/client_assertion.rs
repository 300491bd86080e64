//! Client authentication with a signed JWT.

use serde_json::json;

use crate::signing_key::SigningKey;

/// How long an assertion can be used, in seconds: it is made for one request.
const LIFETIME: u64 = 60;

/// The `client_assertion` of `private_key_jwt`: RFC 7523 section 3, OpenID Connect Core section 9.
/// `jti` has to be another one each time; `now_seconds` counts since 1970.
pub fn client_assertion(
    key: &SigningKey,
    client_id: &str,
    audience: &str,
    jti: &str,
    now_seconds: u64,
) -> String {
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": now_seconds,
        "exp": now_seconds.saturating_add(LIFETIME),
    });
    key.sign("JWT", false, &claims)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use trace::Jwt;

    use super::*;

    #[test]
    fn is_for_one_minute() {
        let key = SigningKey::from_random(&[7; 32]);
        let assertion = client_assertion(&key, "client", "https://as.example", "id", 1_000);
        let jwt = Jwt::read(&assertion).unwrap();
        assert_eq!(
            Value::from(jwt.header),
            json!({ "typ": "JWT", "alg": "ES256" })
        );
        assert_eq!(
            Value::from(jwt.claims),
            json!({
                "iss": "client", "sub": "client", "aud": "https://as.example",
                "jti": "id", "iat": 1_000, "exp": 1_060,
            })
        );
    }
}
