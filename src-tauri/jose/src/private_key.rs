//! The private half: read from DER, written as PKCS #8, and the signature itself.

use std::sync::Arc;

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::der::asn1::{AnyRef, OctetStringRef};
use p256::pkcs8::der::{self, Encode as _};
use p256::pkcs8::{
    AlgorithmIdentifierRef, EncodePrivateKey as _, ObjectIdentifier, PrivateKeyInfoRef,
};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};

use crate::algorithm::{Algorithm, Kind};
use crate::base64url::encode;

/// Algorithm identifiers: RFC 8017 appendix C, RFC 5480 section 2.1.1, RFC 8410 section 3.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// An Ed25519 key in PKCS #8 is an octet string in an octet string (RFC 8410 section 7): tag and
/// length of the inner.
const ED25519_PREFIX: [u8; 2] = [4, 32];

/// A key that can sign.
#[derive(Clone)]
pub(crate) enum PrivateKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    /// With what PKCS #8 wraps: its PKCS #1 encoding.
    Rsa(Arc<RsaKeyPair>, Arc<[u8]>),
    /// With its seed.
    Ed25519(Arc<Ed25519KeyPair>, [u8; 32]),
}

impl PrivateKey {
    /// # Errors
    /// What was found instead of a key that can be used, in words that repeat nothing of it.
    pub(crate) fn from_der(der: &PrivateKeyDer<'_>) -> Result<Self, String> {
        match der {
            PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => rsa(der.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(der) => {
                let der = der.secret_sec1_der();
                p256_sec1(der)
                    .or_else(|| p384_sec1(der))
                    .ok_or_else(|| "a key on another curve, or one that is damaged".into())
            }
            _ => Err("a key in an encoding that is not known here".into()),
        }
    }

    /// The P-256 key whose number these octets are; `None` for the few that are not a key (0, and
    /// those from the curve's order on).
    pub(crate) fn p256(octets: &[u8; 32]) -> Option<Self> {
        p256::ecdsa::SigningKey::from_slice(octets)
            .ok()
            .map(Self::P256)
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::P256(_) => Kind::P256,
            Self::P384(_) => Kind::P384,
            Self::Rsa(..) => Kind::Rsa,
            Self::Ed25519(..) => Kind::Ed25519,
        }
    }

    /// # Errors
    /// When an RSA key's numbers do not fit together, or the algorithm is for another kind of key.
    pub(crate) fn sign(
        &self,
        alg: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, ring::error::Unspecified> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Ok(signature.to_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                Ok(signature.to_bytes().to_vec())
            }
            Self::Ed25519(key, _) => Ok(key.sign(message).as_ref().to_vec()),
            Self::Rsa(key, _) => {
                let padding: &'static dyn RsaEncoding = match alg {
                    Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    _ => return Err(ring::error::Unspecified),
                };
                let mut signature = vec![0; key.public().modulus_len()];
                // Only RSASSA-PSS draws from this.
                key.sign(padding, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
        }
    }

    /// The public half: `kty`, then the members RFC 7518 section 6 and RFC 8037 section 2 want.
    pub(crate) fn public_jwk(&self) -> Value {
        match self {
            Self::P256(key) => {
                elliptic("P-256", key.verifying_key().to_sec1_point(false).as_bytes())
            }
            Self::P384(key) => {
                elliptic("P-384", key.verifying_key().to_sec1_point(false).as_bytes())
            }
            Self::Ed25519(key, _) => json!({
                "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key()),
            }),
            Self::Rsa(key, _) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "n": encode(public.n), "e": encode(public.e) })
            }
        }
    }

    /// # Errors
    /// When the key is longer than DER can say.
    pub(crate) fn to_pkcs8(&self) -> Result<Vec<u8>, p256::pkcs8::Error> {
        let wrapped = |oid, parameters, key: &[u8]| -> Result<Vec<u8>, der::Error> {
            let algorithm = AlgorithmIdentifierRef { oid, parameters };
            PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key)?).to_der()
        };
        match self {
            Self::P256(key) => Ok(p256::SecretKey::from(key)
                .to_pkcs8_der()?
                .as_bytes()
                .to_vec()),
            Self::P384(key) => Ok(p384::SecretKey::from(key)
                .to_pkcs8_der()?
                .as_bytes()
                .to_vec()),
            Self::Rsa(_, pkcs1) => Ok(wrapped(RSA, Some(AnyRef::NULL), pkcs1)?),
            Self::Ed25519(_, seed) => {
                let inner = [ED25519_PREFIX.as_slice(), seed].concat();
                Ok(wrapped(ED25519, None, &inner)?)
            }
        }
    }
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, String> {
    const DAMAGED: &str = "a damaged PKCS #8 key";
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| DAMAGED)?;
    let key = info.private_key.as_bytes();
    match info.algorithm.oid {
        RSA => rsa(key),
        RSA_PSS => Err("an RSA key that is for RSASSA-PSS only".into()),
        ED25519 => {
            let seed = key
                .strip_prefix(&ED25519_PREFIX)
                .and_then(|seed| <[u8; 32]>::try_from(seed).ok())
                .ok_or(DAMAGED)?;
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| DAMAGED)?;
            Ok(PrivateKey::Ed25519(Arc::new(pair), seed))
        }
        EC => match info.algorithm.parameters_oid() {
            Ok(P256) => p256::SecretKey::try_from(info)
                .map(|key| PrivateKey::P256(key.into()))
                .map_err(|_| "a damaged P-256 key".into()),
            Ok(P384) => p384::SecretKey::try_from(info)
                .map(|key| PrivateKey::P384(key.into()))
                .map_err(|_| "a damaged P-384 key".into()),
            Ok(curve) => Err(format!("a key on another curve ({})", curve_name(curve))),
            Err(_) => Err("an elliptic key that does not name its curve".into()),
        },
        oid => Err(format!("a key of another kind (object identifier {oid})")),
    }
}

fn rsa(pkcs1: &[u8]) -> Result<PrivateKey, String> {
    match RsaKeyPair::from_der(pkcs1) {
        Ok(pair) => Ok(PrivateKey::Rsa(Arc::new(pair), pkcs1.into())),
        Err(rejected) => Err(match rejected.to_string().as_str() {
            "TooSmall" => "an RSA key that is smaller, or has a smaller exponent".into(),
            "TooLarge" => "an RSA key that is larger".into(),
            other => format!("an RSA key that cannot be used ({other})"),
        }),
    }
}

fn p256_sec1(der: &[u8]) -> Option<PrivateKey> {
    let key = p256::SecretKey::from_sec1_der(der).ok()?;
    Some(PrivateKey::P256(key.into()))
}

fn p384_sec1(der: &[u8]) -> Option<PrivateKey> {
    let key = p384::SecretKey::from_sec1_der(der).ok()?;
    Some(PrivateKey::P384(key.into()))
}

/// `point`: one octet 4, then x and y.
fn elliptic(curve: &str, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
}

fn curve_name(curve: ObjectIdentifier) -> String {
    match curve.to_string().as_str() {
        "1.3.132.0.35" => "P-521".into(),
        "1.3.132.0.10" => "secp256k1".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url::decode;
    use crate::pem;
    use crate::test_keys::{ED25519_PEM, P256_PEM, P384_PEM, PAYLOAD, RS256_SIGNATURE, RSA_PEM};

    fn key(text: &str) -> PrivateKey {
        PrivateKey::from_der(&pem::private_key(text).unwrap()).unwrap()
    }

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02X}")).collect()
    }

    #[test]
    fn ecdsa_is_that_of_rfc_6979() {
        // Appendix A.2.5, with SHA-256, message "sample".
        let octets: Vec<u8> = (0..32)
            .map(|at| {
                let text = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
                u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()
            })
            .collect();
        let p256 = PrivateKey::p256(&octets.try_into().unwrap()).unwrap();
        assert_eq!(
            hex(&p256.sign(Algorithm::Es256, b"sample").unwrap()),
            concat!(
                "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
            )
        );
        // Appendix A.2.6, with SHA-384, message "sample".
        assert_eq!(
            hex(&key(P384_PEM).sign(Algorithm::Es384, b"sample").unwrap()),
            concat!(
                "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
                "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
            )
        );
    }

    #[test]
    fn rsa_and_ed25519_are_those_of_the_specifications() {
        let signed = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
        let signature = key(RSA_PEM)
            .sign(Algorithm::Rs256, signed.as_bytes())
            .unwrap();
        assert_eq!(signature, decode(RS256_SIGNATURE).unwrap());
        // RFC 8037 appendix A.4.
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert_eq!(
            encode(
                key(ED25519_PEM)
                    .sign(Algorithm::EdDsa, signed.as_bytes())
                    .unwrap()
            ),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn der_that_is_no_key_is_refused_and_never_a_panic() {
        for text in [P256_PEM, P384_PEM, ED25519_PEM, RSA_PEM] {
            let key = pem::private_key(text).unwrap();
            let der = key.secret_der();
            for end in (0..der.len()).step_by(7) {
                let cut = &der[..end];
                for key in [
                    PrivateKeyDer::Pkcs8(cut.into()),
                    PrivateKeyDer::Sec1(cut.into()),
                    PrivateKeyDer::Pkcs1(cut.into()),
                ] {
                    assert!(PrivateKey::from_der(&key).is_err());
                }
            }
        }
        assert!(key(RSA_PEM).sign(Algorithm::Es256, b"").is_err());
    }
}
