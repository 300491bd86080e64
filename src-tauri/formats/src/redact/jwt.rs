//! JWTs of which stays what judging needs: the header, and the claims that say by whom, for whom,
//! for what and until when. All other claims and the signature are replaced.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use trace::Jwt;

use super::names::{CLAIM, Kind, kind_of};

/// A JWT, taken apart.
pub struct Token<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// Empty for one that is not signed.
    pub signature: &'a str,
}

/// What is written in the place of a value that is not kept, by its kind.
pub type Replacement<'a> = &'a dyn Fn(Kind, &[u8]) -> String;

impl<'a> Token<'a> {
    /// `None` when the text is no JWT whose header and claims can be read.
    pub fn read(token: &'a [u8]) -> Option<Self> {
        if !token.starts_with(b"eyJ") {
            return None;
        }
        let token = std::str::from_utf8(token).ok()?;
        let (_, signature) = token.rsplit_once('.')?;
        let Jwt { header, claims } = Jwt::read(token).ok()?;
        Some(Self {
            header,
            claims,
            signature,
        })
    }

    /// What of it is secret besides the whole, each with its kind.
    pub fn secrets(&self) -> Vec<(Kind, Vec<u8>)> {
        let hidden = |(name, value): (&String, &Value)| {
            let is_kept = self.is_kept(name, value) || is_nothing(value);
            (!is_kept).then(|| (kind_of_claim(name), bytes(value)))
        };
        self.claims.iter().filter_map(hidden).collect()
    }

    /// The JWT without its secrets; `signature` stands for the one it has.
    pub fn written(&self, signature: &str, replacement: Replacement<'_>) -> String {
        let header = self.header.iter().map(|(name, value)| {
            let new = match name.as_str() {
                "jwk" => public_key(value, replacement),
                name if HEADER.contains(&name) => value.clone(),
                _ => replaced(CLAIM, value, replacement),
            };
            (name.clone(), new)
        });
        let claims = self.claims.iter().map(|(name, value)| {
            let new = match name.as_str() {
                "cnf" => confirmation(value, replacement),
                _ if self.is_kept(name, value) => value.clone(),
                name => replaced(kind_of_claim(name), value, replacement),
            };
            (name.clone(), new)
        });
        let part = |members: Map<String, Value>| {
            URL_SAFE_NO_PAD.encode(Value::Object(members).to_string())
        };
        let signature = if self.signature.is_empty() {
            ""
        } else {
            signature
        };
        format!(
            "{}.{}.{signature}",
            part(header.collect()),
            part(claims.collect())
        )
    }

    /// Header and claims as text.
    pub fn text(&self) -> String {
        Value::Array(vec![
            Value::Object(self.header.clone()),
            Value::Object(self.claims.clone()),
        ])
        .to_string()
    }

    /// Also a claim that repeats one that stays, such as a `sub` that is the client: that is
    /// public.
    fn is_kept(&self, name: &str, value: &Value) -> bool {
        if CLAIMS.contains(&name) {
            return is_plain(value);
        }
        let public = ["client_id", "azp", "aud", "iss"];
        value.is_string()
            && public
                .iter()
                .any(|name| self.claims.get(*name) == Some(value))
    }
}

/// A key with its public members alone (RFC 7517 section 4, RFC 7518 section 6).
fn public_key(key: &Value, replacement: Replacement<'_>) -> Value {
    let Value::Object(members) = key else {
        return replaced(CLAIM, key, replacement);
    };
    let member = |(name, value): (&String, &Value)| {
        let is_public = PUBLIC_KEY.contains(&name.as_str()) && is_plain(value);
        let new = if is_public {
            value.clone()
        } else {
            replaced("key", value, replacement)
        };
        (name.clone(), new)
    };
    Value::Object(members.iter().map(member).collect())
}

/// What the token is bound to (RFC 7800 section 3): thumbprints, and keys.
fn confirmation(value: &Value, replacement: Replacement<'_>) -> Value {
    let Value::Object(members) = value else {
        return replaced(CLAIM, value, replacement);
    };
    let member = |(name, value): (&String, &Value)| {
        let new = match name.as_str() {
            "jwk" => public_key(value, replacement),
            "jkt" | "x5t#S256" | "kid" | "jku" if value.is_string() => value.clone(),
            _ => replaced(CLAIM, value, replacement),
        };
        (name.clone(), new)
    };
    Value::Object(members.iter().map(member).collect())
}

fn replaced(kind: Kind, value: &Value, replacement: Replacement<'_>) -> Value {
    if is_nothing(value) {
        value.clone()
    } else {
        Value::String(replacement(kind, &bytes(value)))
    }
}

/// Texts, numbers and lists of them: nothing that could hold more than a claim is meant to.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().all(|one| !one.is_array() && is_plain(one)),
        Value::Object(_) => false,
        _ => true,
    }
}

/// Says nothing that could be secret.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

/// By the name of the claim where that is one of a secret: `nonce` is the same one everywhere.
fn kind_of_claim(name: &str) -> Kind {
    kind_of(name.as_bytes()).unwrap_or(CLAIM)
}

/// Members of a header that stay (RFC 7515 section 4.1, RFC 7516 section 4.1).
const HEADER: [&str; 12] = [
    "alg", "typ", "cty", "kid", "jku", "x5u", "x5t", "x5t#S256", "crit", "b64", "enc", "zip",
];

/// Claims that stay: of tokens those that say who may use it for what and until when, `acr` because
/// a step-up asks for it by name, `htm` and `htu` because they repeat the request, and of a request
/// object the parameters that a URL shows as well (RFC 9101 section 4).
const CLAIMS: [&str; 25] = [
    "iss",
    "aud",
    "azp",
    "client_id",
    "exp",
    "nbf",
    "iat",
    "scope",
    "scp",
    "scopes",
    "cnf",
    "acr",
    "htm",
    "htu",
    "response_type",
    "response_mode",
    "redirect_uri",
    "resource",
    "grant_type",
    "code_challenge_method",
    "prompt",
    "max_age",
    "acr_values",
    "display",
    "ui_locales",
];

const PUBLIC_KEY: [&str; 10] = [
    "kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
    }

    fn written(token: &str) -> Jwt {
        let read = Token::read(token.as_bytes()).expect("it can be read");
        let text = read.written("redacted-jwt-1", &|kind, _| format!("redacted-{kind}-1"));
        assert!(text.ends_with(".redacted-jwt-1"));
        Jwt::read(&text).expect("it is a JWT again")
    }

    #[test]
    fn what_judging_needs_stays_and_all_else_is_replaced() {
        let header = json!({"alg": "ES256", "kid": "k", "odd": "S3NT1NEL", "jwk":
            {"kty": "EC", "crv": "P-256", "x": "1", "y": "2", "d": "S3NT1NEL"}});
        let claims = json!({"iss": "https://as.example", "aud": ["a", "b"], "exp": 7, "scope": "s",
            "sub": "S3NT1NEL", "email": "S3NT1NEL@mail.example", "roles": ["S3NT1NEL"],
            "address": {"street": "S3NT1NEL"}, "auth_time": 1234567, "email_verified": true,
            "nonce": "S3NT1NEL", "cnf": {"jkt": "t", "jwk": {"kty": "oct", "k": "S3NT1NEL"}}});
        let jwt = written(&token(&header, &claims));
        let all = json!([jwt.header, jwt.claims]).to_string();
        assert!(
            !all.contains("S3NT1NEL") && !all.contains("1234567"),
            "{all}"
        );
        for name in ["iss", "aud", "exp", "scope", "email_verified"] {
            assert_eq!(jwt.claims.get(name), claims.get(name), "{name}");
        }
        assert_eq!(jwt.header["jwk"]["x"], "1");
        assert_eq!(jwt.claims["cnf"]["jkt"], "t");
        assert_eq!(jwt.claims["nonce"], "redacted-nonce-1");
    }

    #[test]
    fn a_claim_that_should_be_plain_and_is_not_is_replaced() {
        let claims =
            json!({"aud": {"key": "S3NT1NEL"}, "scope": [["S3NT1NEL"]], "cnf": "S3NT1NEL"});
        let jwt = written(&token(&json!({"alg": "none"}), &claims));
        assert!(!json!(jwt.claims).to_string().contains("S3NT1NEL"));
    }

    #[test]
    fn a_subject_that_is_the_client_is_public() {
        let claims = json!({"sub": "client-1", "client_id": "client-1"});
        let token = token(&json!({"alg": "ES256"}), &claims);
        assert_eq!(written(&token).claims["sub"], "client-1");
        let read = Token::read(token.as_bytes()).expect("it can be read");
        assert_eq!(read.secrets(), []);
    }
}
