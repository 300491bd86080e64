//! A client's own key.

use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trace::Secret;

use crate::algorithm::Algorithm;
use crate::base64url::encode;
use crate::pem;
use crate::private_key::PrivateKey;
use crate::public_key::thumbprint;
use crate::words::quoted;

/// A private key that signs. `Debug` shows its algorithm and nothing else.
#[derive(Clone)]
pub struct SigningKey {
    private: PrivateKey,
    alg: Algorithm,
    pem: Secret,
}

/// A key that cannot be used: which field, what was expected, what came. It repeats nothing of the
/// key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// "private key" or "alg".
    pub field: &'static str,
    pub expected: String,
    pub got: String,
}

impl SigningKey {
    /// A key in PEM: PKCS #8, SEC 1 (`EC PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`).
    ///
    /// `alg`: ES256, ES384, RS256, RS384, RS512 or EdDSA; `None`: chosen by the key (P-256 ES256,
    /// P-384 ES384, RSA RS256, Ed25519 EdDSA).
    ///
    /// # Errors
    /// When the text holds no key that can be used, or `alg` does not fit it.
    pub fn from_pem(text: &str, alg: Option<&str>) -> Result<Self, KeyError> {
        let unusable = |got: String| {
            KeyError {
            field: "private key",
            expected:
                "an unencrypted private key in PEM: P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits \
                       with an exponent of 65537 or more"
                    .into(),
            got,
        }
        };
        let alg = alg.map(signing_algorithm).transpose()?;
        let der = pem::private_key(text).map_err(|got| unusable(got.into()))?;
        let private = PrivateKey::from_der(&der).map_err(unusable)?;
        let kind = private.kind();
        let alg = alg.unwrap_or(kind.usual());
        if alg.kind() != kind {
            return Err(KeyError {
                field: "alg",
                expected: format!(
                    "{}, since the private key is {}",
                    kind.usual().name(),
                    kind.words()
                ),
                got: alg.name().into(),
            });
        }
        // Numbers of an RSA key that do not fit together show here, and not at the first request.
        if private.sign(alg, b"").is_err() {
            return Err(unusable(
                "an RSA key whose numbers do not fit together".into(),
            ));
        }
        Self::new(private, alg)
            .map_err(|_| unusable("a key that cannot be written down again".into()))
    }

    /// A P-256 key for ES256 out of 32 random octets; the same ones always give the same key.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        let mut octets = *bytes;
        loop {
            // Fewer than one in 2³² are not a key.
            if let Some(key) =
                PrivateKey::p256(&octets).and_then(|key| Self::new(key, Algorithm::Es256).ok())
            {
                return key;
            }
            octets = Sha256::digest(octets).into();
        }
    }

    /// PKCS #8 in PEM, which [`Self::from_pem`] reads back. It does not hold [`Self::alg`].
    pub fn to_pem(&self) -> Secret {
        self.pem.clone()
    }

    /// `alg` of what it signs.
    pub fn alg(&self) -> &'static str {
        self.alg.name()
    }

    /// The public half as a JWK (RFC 7517): `kty` with `crv`, `x`, `y`, or with `n`, `e`, and no
    /// other member.
    pub fn public_jwk(&self) -> Value {
        self.private.public_jwk()
    }

    /// The JWK's SHA-256 thumbprint in base64url (RFC 7638).
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.public_jwk()).unwrap_or_default()
    }

    /// A compact JWS (RFC 7515 section 7.1) over `claims`. Its header holds `typ` and `alg`,
    /// and with `embed_jwk` the public half as `jwk`.
    pub fn sign(&self, typ: &str, embed_jwk: bool, claims: &Value) -> String {
        let mut header = json!({ "typ": typ, "alg": self.alg() });
        if embed_jwk {
            header["jwk"] = self.public_jwk();
        }
        self.sign_with(&header, claims)
    }

    /// A compact JWS with this header, which names the key's own `alg`.
    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        // The key has signed before, when it was read: this does not fail.
        let signature = self
            .private
            .sign(self.alg, signed.as_bytes())
            .unwrap_or_default();
        format!("{signed}.{}", encode(signature))
    }

    fn new(private: PrivateKey, alg: Algorithm) -> Result<Self, p256::pkcs8::Error> {
        let pem = Secret::new(pem::of_pkcs8(&private.to_pkcs8()?));
        Ok(Self { private, alg, pem })
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        (self.alg, &self.pem) == (other.alg, &other.pem)
    }
}

impl Eq for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey for {} (redacted)", self.alg())
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, got {}",
            self.field, self.expected, self.got
        )
    }
}

impl std::error::Error for KeyError {}

fn signing_algorithm(name: &str) -> Result<Algorithm, KeyError> {
    let known = Algorithm::named(name);
    if let Some(alg) = known.filter(|alg| alg.signs()) {
        return Ok(alg);
    }
    let names: Vec<&str> = Algorithm::ALL
        .iter()
        .filter(|alg| alg.signs())
        .map(|alg| alg.name())
        .collect();
    Err(KeyError {
        field: "alg",
        expected: format!("one of {}", names.join(", ")),
        got: match known {
            Some(alg) => format!("{}, which is verified here and not signed with", alg.name()),
            None => quoted(name),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{
        ED25519_JWK, ED25519_PEM, P256_JWK, P256_PEM, P256_SEC1_PEM, P384_PEM, P384_SEC1_PEM,
        P521_PEM, RSA_1024_PEM, RSA_N, RSA_PEM, RSA_PKCS1_PEM, json_of,
    };

    fn refused(text: &str, alg: Option<&str>) -> KeyError {
        let error = SigningKey::from_pem(text, alg).unwrap_err();
        for line in text
            .lines()
            .filter(|line| line.len() > 8 && !line.starts_with("-----"))
        {
            assert!(!error.to_string().contains(line), "{error}");
            assert!(!format!("{error:?}").contains(line), "{error:?}");
        }
        error
    }

    #[test]
    fn reads_every_encoding_and_writes_one() {
        for (text, same, alg) in [
            (P256_PEM, P256_SEC1_PEM, "ES256"),
            (P384_PEM, P384_SEC1_PEM, "ES384"),
            (RSA_PEM, RSA_PKCS1_PEM, "RS256"),
            (ED25519_PEM, ED25519_PEM, "EdDSA"),
        ] {
            let key = SigningKey::from_pem(text, None).unwrap();
            assert_eq!(key.alg(), alg);
            assert_eq!(SigningKey::from_pem(same, Some(alg)).unwrap(), key);
            assert_eq!(key.to_pem().expose(), text, "{alg}");
        }
        assert_eq!(
            SigningKey::from_pem(RSA_PEM, Some("RS512")).unwrap().alg(),
            "RS512"
        );
    }

    #[test]
    fn public_halves_are_those_of_the_specifications() {
        let public = |text: &str| SigningKey::from_pem(text, None).unwrap().public_jwk();
        assert_eq!(public(P256_PEM), json_of(P256_JWK));
        assert_eq!(public(ED25519_PEM), json_of(ED25519_JWK));
        assert_eq!(
            public(RSA_PEM),
            json!({ "kty": "RSA", "n": RSA_N, "e": "AQAB" })
        );
        let p384 = public(P384_PEM);
        assert_eq!(
            (
                p384["x"].as_str().unwrap().len(),
                p384.as_object().unwrap().len()
            ),
            (64, 4)
        );
        assert_eq!(
            SigningKey::from_pem(ED25519_PEM, None)
                .unwrap()
                .thumbprint(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn random_octets_always_give_a_key() {
        let key = SigningKey::from_random(&[7; 32]);
        assert_eq!(key, SigningKey::from_random(&[7; 32]));
        assert_eq!(
            SigningKey::from_pem(key.to_pem().expose(), None).unwrap(),
            key
        );
        for none in [[0; 32], [255; 32]] {
            assert_eq!(SigningKey::from_random(&none).alg(), "ES256");
        }
    }

    #[test]
    fn signs_the_same_way_each_time() {
        for text in [P256_PEM, P384_PEM, RSA_PEM, ED25519_PEM] {
            let key = SigningKey::from_pem(text, None).unwrap();
            let claims = json!({ "a": 1 });
            assert_eq!(
                key.sign("JWT", true, &claims),
                key.sign("JWT", true, &claims)
            );
        }
    }

    #[test]
    fn a_damaged_key_is_refused_or_signs() {
        for text in [P256_PEM, ED25519_PEM, RSA_PEM] {
            let key = pem::private_key(text).unwrap();
            let der = key.secret_der();
            for at in (0..der.len()).step_by(11) {
                let mut damaged = der.to_vec();
                damaged[at] ^= 1;
                if let Ok(key) = SigningKey::from_pem(&pem::of_pkcs8(&damaged), None) {
                    assert!(!key.sign("JWT", true, &json!({})).ends_with('.'), "{at}");
                }
            }
        }
    }

    #[test]
    fn names_field_expected_and_got_and_nothing_of_the_key() {
        let error = refused("", None);
        assert_eq!(
            (error.field, error.got.as_str()),
            ("private key", "nothing")
        );
        assert!(
            error
                .to_string()
                .starts_with("private key: expected an unencrypted")
        );
        assert!(refused(P521_PEM, None).got.contains("P-521"));
        assert!(refused(RSA_1024_PEM, None).got.contains("smaller"));
        let longer = P256_PEM.replacen("MIGH", "MIGI", 1);
        assert_eq!(refused(&longer, None).got, "a damaged PKCS #8 key");
        let other_public_half = P256_PEM.replacen("zc4nc", "zc4nd", 1);
        assert_eq!(refused(&other_public_half, None).got, "a damaged P-256 key");
        let error = refused(P256_PEM, Some("RS256"));
        assert_eq!(
            error.to_string(),
            "alg: expected ES256, since the private key is a P-256 key, got RS256"
        );
        assert!(
            refused(RSA_PEM, Some("PS256"))
                .got
                .contains("not signed with")
        );
        assert_eq!(refused(RSA_PEM, Some("HS256")).got, "\"HS256\"");
        let shown = format!("{:?}", SigningKey::from_pem(P256_PEM, None).unwrap());
        assert_eq!(shown, "SigningKey for ES256 (redacted)");
    }
}
