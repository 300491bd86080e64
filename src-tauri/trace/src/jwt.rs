//! Reads a JWT without checking its signature (RFC 7519, RFC 7515 section 7.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json::json_value;

/// Header and claims as they stand. Nothing about them is verified.
#[derive(Clone, PartialEq)]
pub struct Jwt {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
}

/// Why a text is not a readable JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtError {
    /// Not three parts with dots between them: an opaque token, most likely.
    NotAJwt,
    /// Five parts: encrypted (RFC 7516), readable only by its receiver.
    Encrypted,
    /// The named part is not base64url of a JSON object.
    Part(&'static str),
}

impl fmt::Display for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJwt => f.write_str("not a JWT: expected three parts with dots between them"),
            Self::Encrypted => f.write_str("an encrypted JWT (JWE): only its receiver can read it"),
            Self::Part(part) => write!(f, "JWT {part}: expected base64url of a JSON object"),
        }
    }
}

impl Jwt {
    /// # Errors
    /// [`JwtError`] says what the text is instead.
    pub fn read(token: &str) -> Result<Self, JwtError> {
        let parts: Vec<&str> = token.split('.').collect();
        match parts.len() {
            3 => Ok(Self {
                header: object(parts[0], "header")?,
                claims: object(parts[1], "claims")?,
            }),
            5 => Err(JwtError::Encrypted),
            _ => Err(JwtError::NotAJwt),
        }
    }

    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// `aud` as a list: it may be one string or several (RFC 7519 section 4.1.3).
    pub fn audience(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Seconds since 1970 of `exp`, `iat`, `nbf` or `auth_time`.
    pub fn seconds(&self, claim: &str) -> Option<u64> {
        let value = self.claims.get(claim)?;
        value
            .as_u64()
            .or_else(|| value.as_f64().map(|seconds| seconds as u64))
    }
}

fn object(part: &str, name: &'static str) -> Result<Map<String, Value>, JwtError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part.trim_end_matches('='))
        .map_err(|_| JwtError::Part(name))?;
    match json_value(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(JwtError::Part(name)),
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jwt with {} claims", self.claims.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_claims_and_tells_opaque_encrypted_and_broken_apart() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = format!(
            "{}.{}.x",
            part(r#"{"alg":"ES256"}"#),
            part(r#"{"aud":["a","b"],"exp":1.5e3}"#)
        );
        let jwt = Jwt::read(&token).unwrap();
        assert_eq!(jwt.audience(), ["a", "b"]);
        assert_eq!(jwt.seconds("exp"), Some(1500));
        assert_eq!(Jwt::read("opaque").unwrap_err(), JwtError::NotAJwt);
        assert_eq!(Jwt::read("a.b.c.d.e").unwrap_err(), JwtError::Encrypted);
        assert_eq!(Jwt::read("a.b.c").unwrap_err(), JwtError::Part("header"));
        assert_eq!(
            Jwt::read(&format!("{}.W10.x", part("{}"))).unwrap_err(),
            JwtError::Part("claims")
        );
    }
}
