//! The lab's signing key and the JWTs made with it (RFC 7515, ES256 of RFC 7518 section 3.4).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An ECDSA P-256 key made when the lab starts.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    kid: String,
}

impl SigningKey {
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn generate() -> io::Result<Self> {
        let random = SystemRandom::new();
        let no_randomness = |_| io::Error::other("no randomness for the lab's signing key");
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(no_randomness)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
            .map_err(|rejected| io::Error::other(rejected.to_string()))?;
        let (x, y) = coordinates(&pair);
        // The JWK thumbprint of RFC 7638: the required members in lexical order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = encode(Sha256::digest(canonical));
        Ok(Self { pair, random, kid })
    }

    /// The public key as a JWK set (RFC 7517 section 5).
    pub(crate) fn jwks(&self) -> Value {
        let (x, y) = coordinates(&self.pair);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "use": "sig", "alg": "ES256", "kid": self.kid,
        }]})
    }

    /// A compact JWS over `claims`, with `typ` in its header.
    ///
    /// # Errors
    /// When the system gives no randomness for the signature.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, ring::error::Unspecified> {
        let header = json!({ "alg": "ES256", "typ": typ, "kid": self.kid });
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.pair.sign(&self.random, signed.as_bytes())?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }

    /// The claims of a token that this key signed with this `typ`; their times and audience are not looked at.
    pub(crate) fn verify(&self, typ: &str, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        if header["alg"] != "ES256" || header["typ"] != typ {
            return None;
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref())
            .verify(signed.as_bytes(), &decode(signature)?)
            .ok()?;
        serde_json::from_slice(&decode(claims)?).ok()
    }
}

/// 256 random bits in base64url: for codes, refresh tokens, secrets and identifiers.
pub(crate) fn random_text() -> String {
    encode(rand::random::<[u8; 32]>())
}

/// The left half of the SHA-256 hash, as `at_hash` wants it (OpenID Connect Core section 3.1.3.6).
pub(crate) fn half_hash(text: &str) -> String {
    encode(&Sha256::digest(text)[..16])
}

/// `BASE64URL-ENCODE(SHA256(ASCII(verifier)))` of RFC 7636 section 4.6.
pub(crate) fn s256(verifier: &str) -> String {
    encode(Sha256::digest(verifier))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    // An uncompressed point: one octet 4, then x and y of 32 octets each.
    let point = pair.public_key().as_ref();
    (encode(&point[1..33]), encode(&point[33..65]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_its_own_and_nothing_else() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign("at+jwt", &json!({ "sub": "alice" })).unwrap();
        assert_eq!(key.verify("at+jwt", &token).unwrap()["sub"], "alice");
        assert!(key.verify("JWT", &token).is_none(), "another typ");
        assert!(
            SigningKey::generate().unwrap().verify("at+jwt", &token).is_none(),
            "another key"
        );

        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = encode(r#"{"sub":"mallory"}"#);
        assert!(key.verify("at+jwt", &parts.join(".")).is_none(), "changed claims");
        for broken in ["", ".", "..", "a.b", "a.b.c", "é.é.é"] {
            assert!(key.verify("at+jwt", broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn s256_is_that_of_the_specification() {
        // RFC 7636 appendix B.
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
