//! Names, tokens and documents of the samples.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::answer::Answer;

pub const MCP: &str = "https://mcp.example/mcp";
pub const AS: &str = "https://as.example";
pub const REDIRECT: &str = "http://127.0.0.1:49152/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn server_metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

pub fn token_answer(access_token: &str, refresh_token: &str) -> Answer {
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": refresh_token,
    });
    Answer::json(200, body).header("cache-control", "no-store")
}

/// An access token with this audience.
pub fn access_jwt(audience: Value) -> String {
    let mut claims =
        json!({"iss": AS, "sub": "alice", "exp": 4_000_000_000_u64, "iat": 1_700_000_000_u64});
    if !audience.is_null() {
        claims["aud"] = audience;
    }
    jwt(&claims)
}

pub fn jwt(claims: &Value) -> String {
    jwt_with(&json!({"alg": "ES256", "typ": "at+jwt"}), claims)
}

pub fn jwt_with(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(header), part(claims))
}

/// An ID token for the client of a healthy run, with a change.
pub fn id_token(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": AS, "sub": "alice", "aud": "c1", "exp": 4_000_000_000_u64, "iat": 1_700_000_000_u64,
    });
    change(&mut claims);
    jwt_with(&json!({"alg": "ES256", "typ": "JWT"}), &claims)
}

/// A proof of possession with some key.
pub fn dpop_proof() -> String {
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"});
    let header = json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk});
    jwt_with(
        &header,
        &json!({"jti": "1", "htm": "POST", "htu": format!("{AS}/token"), "iat": 1_800_000_000_u64}),
    )
}
