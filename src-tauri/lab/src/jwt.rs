//! Keys and JWTs: what the lab signs itself, and what others signed (RFC 7515, ES256 of RFC 7518
//! section 3.4).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The one algorithm of the lab.
pub(crate) const ALGORITHM: &str = "ES256";

/// An ECDSA P-256 key pair.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    public: PublicKey,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn generate() -> io::Result<Self> {
        let no_randomness = |_| io::Error::other("no randomness for the lab's signing key");
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(no_randomness)?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// A key from PEM (PKCS #8).
    ///
    /// # Errors
    /// When the text holds no P-256 key with its public half.
    pub(crate) fn from_pem(pem: &str) -> io::Result<Self> {
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pkcs8 = STANDARD
            .decode(lines)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Self::from_pkcs8(&pkcs8)
    }

    fn from_pkcs8(pkcs8: &[u8]) -> io::Result<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|rejected| io::Error::other(rejected.to_string()))?;
        let mut public = PublicKey::from_point(pair.public_key().as_ref().to_vec());
        public.kid = Some(public.thumbprint.clone());
        Ok(Self {
            pair,
            random,
            public,
        })
    }

    /// The public half.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as a JWK set (RFC 7517 section 5).
    pub(crate) fn jwks(&self) -> Value {
        let (x, y) = self.public.coordinates();
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "use": "sig", "alg": ALGORITHM, "kid": self.public.kid,
        }]})
    }

    /// A compact JWS over `claims`, with `typ` in its header.
    ///
    /// # Errors
    /// When the system gives no randomness for the signature.
    pub(crate) fn sign(
        &self,
        typ: &str,
        claims: &Value,
    ) -> Result<String, ring::error::Unspecified> {
        let header = json!({ "alg": ALGORITHM, "typ": typ, "kid": self.public.kid });
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let signature = self.pair.sign(&self.random, signed.as_bytes())?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }

    /// The claims of a token that this key signed with this `typ`; their times and audience are not
    /// looked at.
    pub(crate) fn verify(&self, typ: &str, token: &str) -> Option<Value> {
        let token = Jws::parse(token)?;
        (token.typ() == Some(typ) && token.is_signed_by(&self.public)).then_some(token.claims)
    }
}

/// The public half of someone's P-256 key.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey {
    /// An uncompressed point: one octet 4, then x and y of 32 octets each.
    point: Vec<u8>,
    kid: Option<String>,
    thumbprint: String,
}

impl PublicKey {
    /// # Errors
    /// What is wrong with the JWK, in words for an `error_description`.
    pub(crate) fn from_jwk(jwk: &Value) -> Result<Self, &'static str> {
        if jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
            return Err("The key has to be an EC key on the curve P-256");
        }
        if jwk.get("d").is_some() {
            return Err("The key holds its private half");
        }
        let half = |name: &str| decode(jwk[name].as_str()?).filter(|octets| octets.len() == 32);
        let (Some(x), Some(y)) = (half("x"), half("y")) else {
            return Err("The coordinates of the key have to be 32 octets each");
        };
        let mut key = Self::from_point([vec![4], x, y].concat());
        key.kid = jwk["kid"].as_str().map(str::to_owned);
        Ok(key)
    }

    /// The keys of a JWK set that can be used here; others in it are passed over (RFC 7517 section
    /// 5).
    pub(crate) fn from_jwks(jwks: &Value) -> Vec<Self> {
        let keys = jwks["keys"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        keys.iter()
            .filter_map(|jwk| Self::from_jwk(jwk).ok())
            .collect()
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638).
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn from_point(point: Vec<u8>) -> Self {
        let mut key = Self {
            point,
            kid: None,
            thumbprint: String::new(),
        };
        let (x, y) = key.coordinates();
        // RFC 7638 section 3.2: the required members in lexical order, without white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        key.thumbprint = encode(Sha256::digest(canonical));
        key
    }

    fn coordinates(&self) -> (String, String) {
        (encode(&self.point[1..33]), encode(&self.point[33..65]))
    }
}

/// A compact JWS that someone sent. Nothing in it is believed before [`Self::is_signed_by`] said
/// so.
#[derive(Debug)]
pub(crate) struct Jws {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    /// `None` for what is no compact JWS over a JSON object.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&decode(part)?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signature: decode(signature)?,
            signed: signed.to_owned(),
        })
    }

    /// The `typ` of its header.
    pub(crate) fn typ(&self) -> Option<&str> {
        self.header["typ"].as_str()
    }

    /// Whether this key signed it, with the lab's one algorithm.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.header["alg"] == ALGORITHM
            && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.point)
                .verify(self.signed.as_bytes(), &self.signature)
                .is_ok()
    }

    /// Whether nobody signed it, and it says so (RFC 7518 section 3.6).
    pub(crate) fn is_unsigned(&self) -> bool {
        self.header["alg"] == "none" && self.signature.is_empty()
    }

    /// Whether one of these keys signed it. A `kid` that both sides give has to be the same.
    pub(crate) fn is_signed_by_one_of(&self, keys: &[PublicKey]) -> bool {
        let named = self.header["kid"].as_str();
        keys.iter()
            .filter(|key| named.is_none() || key.kid.is_none() || key.kid.as_deref() == named)
            .any(|key| self.is_signed_by(key))
    }

    /// Whether `aud` is or holds one of these.
    pub(crate) fn is_for(&self, audiences: &[&str]) -> bool {
        let wanted = |audience: &Value| {
            audience
                .as_str()
                .is_some_and(|one| audiences.contains(&one))
        };
        match &self.claims["aud"] {
            Value::Array(several) => several.iter().any(wanted),
            one => wanted(one),
        }
    }

    /// A claim that is a string.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims[claim].as_str()
    }

    /// A claim that is a time: seconds since 1970, a fraction cut off (RFC 7519 section 2,
    /// NumericDate).
    pub(crate) fn time(&self, claim: &str) -> Option<u64> {
        let time = &self.claims[claim];
        time.as_u64()
            .or_else(|| time.as_f64().map(|seconds| seconds as u64))
    }

    /// What is the same whenever this very JWS is sent again: its `jti`, or else its signature.
    pub(crate) fn identity(&self) -> String {
        match self.text("jti") {
            Some(jti) => jti.to_owned(),
            None => encode(&self.signature),
        }
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

/// `BASE64URL-ENCODE(SHA256(ASCII(text)))`, as RFC 7636 section 4.6 and RFC 9449 section 4.2
/// (`ath`) want it.
pub(crate) fn s256(text: &str) -> String {
    encode(Sha256::digest(text))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
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
            SigningKey::generate()
                .unwrap()
                .verify("at+jwt", &token)
                .is_none(),
            "another key"
        );

        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = encode(r#"{"sub":"mallory"}"#);
        assert!(
            key.verify("at+jwt", &parts.join(".")).is_none(),
            "changed claims"
        );
        for broken in ["", ".", "..", "a.b", "a.b.c", "é.é.é", "W10.W10.W10"] {
            assert!(key.verify("at+jwt", broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn keys_as_others_give_them() {
        let key = SigningKey::generate().unwrap();
        let token = Jws::parse(&key.sign("JWT", &json!({ "aud": ["a", "b"] })).unwrap()).unwrap();
        let jwk = key.jwks()["keys"][0].clone();
        let read = PublicKey::from_jwk(&jwk).unwrap();
        assert!(
            token.is_signed_by_one_of(&[read]) && token.is_for(&["b"]) && !token.is_for(&["c"])
        );
        let mut other_name = jwk.clone();
        other_name["kid"] = json!("another");
        let others = json!({ "keys": [{ "kty": "RSA" }, other_name] });
        assert!(
            !token.is_signed_by_one_of(&PublicKey::from_jwks(&others)),
            "another kid"
        );
        for (field, value) in [("crv", "P-384"), ("x", "AA"), ("d", "secret")] {
            let mut wrong = jwk.clone();
            wrong[field] = json!(value);
            assert!(PublicKey::from_jwk(&wrong).is_err(), "{field}");
        }
    }

    #[test]
    fn thumbprint_and_s256_are_those_of_the_specifications() {
        // RFC 9449 section 6.1 gives the thumbprint of the key of its section 4.2.
        let jwk = json!({
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        let thumbprint = PublicKey::from_jwk(&jwk).unwrap().thumbprint;
        assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        // RFC 7636 appendix B.
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
