//! Proof of possession of a key with each request (RFC 9449).

use serde_json::{Value, json};
use url::Url;

use crate::base64url::s256;
use crate::signing_key::SigningKey;

/// The request a proof is made for.
#[derive(Clone, Copy)]
pub struct DpopProof<'a> {
    /// The HTTP method, as sent.
    pub method: &'a str,
    /// The request's URL. The parts that the proof must not hold are left out.
    pub url: &'a str,
    /// Unique among the proofs of this key: 96 bits of randomness at least (RFC 9449 section 4.2).
    pub jti: &'a str,
    /// Seconds since 1970.
    pub iat: u64,
    /// The access token that the request carries; `None` for a token request.
    pub access_token: Option<&'a str>,
    /// The nonce of the server's latest `DPoP-Nonce` header.
    pub nonce: Option<&'a str>,
}

/// The value of the `DPoP` header: RFC 9449 section 4.2.
pub fn dpop_proof(key: &SigningKey, proof: &DpopProof<'_>) -> String {
    let mut claims = json!({
        "jti": proof.jti,
        "htm": proof.method,
        "htu": target_uri(proof.url),
        "iat": proof.iat,
    });
    if let Some(token) = proof.access_token {
        claims["ath"] = Value::from(s256(token));
    }
    if let Some(nonce) = proof.nonce {
        claims["nonce"] = Value::from(nonce);
    }
    key.sign("dpop+jwt", true, &claims)
}

/// "The HTTP target URI of the request to which the JWT is attached, without query and fragment
/// parts", spelled as the server can put it together from what it receives: normalised, and without
/// credentials.
fn target_uri(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.split(['?', '#']).next().unwrap_or_default().into();
    };
    parsed.set_query(None);
    parsed.set_fragment(None);
    // These fail for URLs that cannot hold any.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.into()
}

#[cfg(test)]
mod tests {
    use trace::Jwt;

    use super::*;

    const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    #[test]
    fn holds_what_rfc_9449_wants() {
        let key = SigningKey::from_random(&[7; 32]);
        let proof = DpopProof {
            method: "POST",
            url: "https://server.example.com/token?a=b#c",
            jti: "-BwC3ESc6acc2lTc",
            iat: 1_562_262_616,
            access_token: None,
            nonce: None,
        };
        let jwt = Jwt::read(&dpop_proof(&key, &proof)).unwrap();
        assert_eq!(
            Value::from(jwt.header),
            json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk() })
        );
        assert_eq!(
            Value::from(jwt.claims),
            json!({
                "jti": "-BwC3ESc6acc2lTc", "htm": "POST",
                "htu": "https://server.example.com/token", "iat": 1_562_262_616,
            })
        );

        let at_resource = DpopProof {
            method: "GET",
            url: "https://resource.example.org/protectedresource",
            access_token: Some(TOKEN),
            nonce: Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
            ..proof
        };
        let claims = Jwt::read(&dpop_proof(&key, &at_resource)).unwrap().claims;
        // RFC 9449 section 7.1, figure 13.
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(claims["nonce"], "eyJ7S_zG.eyJH0-Z.HX4w-7v");
        assert_eq!(
            claims["htu"],
            "https://resource.example.org/protectedresource"
        );
    }

    #[test]
    fn the_target_uri_is_what_the_server_sees() {
        for (url, expected) in [
            ("HTTP://Localhost:80?x=1", "http://localhost/"),
            (
                "https://user:hush@as.example/token#f",
                "https://as.example/token",
            ),
            ("http://[::1]:8000/mcp", "http://[::1]:8000/mcp"),
            ("not a URL?q", "not a URL"),
        ] {
            assert_eq!(target_uri(url), expected);
        }
    }
}
