//! Public keys as JWKs (RFC 7517): read from a server's set, which may hold anything, and named by
//! their thumbprint.

use ring::rsa::PublicKeyComponents;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, Kind};
use crate::base64url::{decode, s256};
use crate::words::{quoted, shown};

/// The sizes of an RSA modulus, in octets: 2048 bits are the least that RFC 7518 section 3.3
/// allows, and beyond 8192 a signature costs more time than anyone's key is worth.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key that can verify signatures.
pub(crate) enum PublicKey {
    /// An uncompressed point: one octet 4, then x and y.
    P256(Vec<u8>),
    /// The same.
    P384(Vec<u8>),
    /// Modulus and exponent, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// # Errors
    /// What is wrong with the JWK, in words.
    pub(crate) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, String> {
        match kind(jwk)? {
            Kind::P256 => {
                let point = point(jwk, "P-256", 32)?;
                p256::PublicKey::from_sec1_bytes(&point)
                    .map_err(|_| "x and y are no point on P-256")?;
                Ok(Self::P256(point))
            }
            Kind::P384 => {
                let point = point(jwk, "P-384", 48)?;
                p384::PublicKey::from_sec1_bytes(&point)
                    .map_err(|_| "x and y are no point on P-384")?;
                Ok(Self::P384(point))
            }
            Kind::Ed25519 => coordinate(jwk, "x", "Ed25519", 32).map(Self::Ed25519),
            Kind::Rsa => rsa(jwk),
        }
    }

    /// Whether this key made the signature. An algorithm for another kind of key never fits.
    pub(crate) fn verifies(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let plain = |with: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(with, key)
                .verify(message, signature)
                .is_ok()
        };
        match (self, alg) {
            (Self::P256(point), Algorithm::Es256) => plain(&ECDSA_P256_SHA256_FIXED, point),
            (Self::P384(point), Algorithm::Es384) => plain(&ECDSA_P384_SHA384_FIXED, point),
            (Self::Ed25519(x), Algorithm::EdDsa) => plain(&ED25519, x),
            (Self::Rsa { n, e }, _) => rsa_parameters(alg).is_some_and(|parameters| {
                PublicKeyComponents { n, e }
                    .verify(parameters, message, signature)
                    .is_ok()
            }),
            _ => false,
        }
    }

    /// How many octets its signatures have (RFC 7518 sections 3.3 and 3.4, RFC 8032 section 5.1.6).
    pub(crate) fn signature_length(&self) -> usize {
        match self {
            Self::P256(_) | Self::Ed25519(_) => 64,
            Self::P384(_) => 96,
            Self::Rsa { n, .. } => n.len(),
        }
    }
}

/// The kind of key a JWK holds.
///
/// # Errors
/// What it says instead of a kind that is known here.
pub(crate) fn kind(jwk: &Map<String, Value>) -> Result<Kind, String> {
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    text("kty")
        .and_then(|kty| Kind::of_jwk(kty, text("crv")))
        .ok_or_else(|| match jwk.get("crv") {
            None => format!("kty is {}", shown(jwk.get("kty"))),
            crv => format!("kty is {} and crv {}", shown(jwk.get("kty")), shown(crv)),
        })
}

/// SHA-256 over the required members in lexical order, in base64url (RFC 7638 section 3, RFC 8037
/// section 2). `None` where one is missing.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let members: &[&str] = match jwk["kty"].as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let mut required = Map::new();
    for name in members {
        required.insert((*name).into(), Value::from(jwk[*name].as_str()?));
    }
    Some(s256(&Value::from(required).to_string()))
}

fn point(jwk: &Map<String, Value>, curve: &str, size: usize) -> Result<Vec<u8>, String> {
    let x = coordinate(jwk, "x", curve, size)?;
    let y = coordinate(jwk, "y", curve, size)?;
    Ok([vec![4], x, y].concat())
}

fn coordinate(
    jwk: &Map<String, Value>,
    name: &str,
    curve: &str,
    size: usize,
) -> Result<Vec<u8>, String> {
    let octets = octets(jwk, name, size)?;
    if octets.len() != size {
        let got = octets.len();
        return Err(format!("{name} has {got} octets, and {curve} wants {size}"));
    }
    Ok(octets)
}

fn rsa(jwk: &Map<String, Value>) -> Result<PublicKey, String> {
    let n = unsigned(octets(jwk, "n", *MODULUS.end())?);
    let e = unsigned(octets(jwk, "e", *MODULUS.end())?);
    let bits = n.len() * 8;
    if n.len() < *MODULUS.start() {
        return Err(format!(
            "its modulus has {bits} bits, and RFC 7518 section 3.3 wants 2048 or more"
        ));
    }
    if n.len() > *MODULUS.end() {
        return Err(format!(
            "its modulus has {bits} bits, and 8192 are the most read here"
        ));
    }
    if n.last().is_none_or(|octet| octet % 2 == 0) {
        return Err("its modulus is even, so it is no RSA key".into());
    }
    // What ring takes: up to 33 bits, so that an exponent costs no time.
    let exponent = e.iter().try_fold(0_u64, |sum, octet| {
        sum.checked_mul(256)?.checked_add((*octet).into())
    });
    if !exponent.is_some_and(|value| value % 2 == 1 && (3..1 << 33).contains(&value)) {
        return Err("its exponent e is not an odd number of 2 to 33 bits".into());
    }
    Ok(PublicKey::Rsa { n, e })
}

/// Without leading zeros, which some libraries write against RFC 7518 section 2 (Base64urlUInt).
fn unsigned(octets: Vec<u8>) -> Vec<u8> {
    octets.into_iter().skip_while(|octet| *octet == 0).collect()
}

/// The octets of a member; `most` (of a sound key) bounds what is decoded at all.
fn octets(jwk: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<u8>, String> {
    let text = match jwk.get(name) {
        None => return Err(format!("it has no {name}")),
        Some(Value::String(text)) => text,
        other => return Err(format!("{name} is {}, not a string", shown(other))),
    };
    if text.len() > most * 2 {
        let got = text.len();
        return Err(format!(
            "{name} is {got} characters long, for at most {most} octets"
        ));
    }
    decode(text).ok_or_else(|| {
        format!(
            "{name} is not base64url without padding (RFC 7515 section 2): {}",
            quoted(text)
        )
    })
}

fn rsa_parameters(alg: Algorithm) -> Option<&'static signature::RsaParameters> {
    match alg {
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base64url::encode;
    use crate::test_keys::{ED25519_JWK, P256_JWK, RSA_N, json_of};

    fn refused(jwk: Value) -> String {
        PublicKey::from_jwk(jwk.as_object().unwrap()).err().unwrap()
    }

    #[test]
    fn thumbprints_are_those_of_the_specifications() {
        // RFC 7638 section 3.1.
        let jwk = json!({
            "kty": "RSA",
            "n": concat!(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
                "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
                "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
                "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            ),
            "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        });
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
        // RFC 8037 appendix A.3.
        assert_eq!(
            thumbprint(&json_of(ED25519_JWK)).as_deref(),
            Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        );
        // RFC 9449 section 6.1 gives the thumbprint of the key of its section 4.2.
        let jwk = json!({
            "kty": "EC", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA", "crv": "P-256",
        });
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
        );
        assert_eq!(thumbprint(&json!({ "kty": "EC", "crv": "P-256" })), None);
    }

    #[test]
    fn elliptic_keys_that_are_none_are_refused_in_words() {
        let p256 = json_of(P256_JWK);
        for (member, value, why) in [
            ("kty", json!("EK"), "kty is \"EK\" and crv \"P-256\""),
            ("kty", json!(["EC"]), "kty is [\"EC\"]"),
            ("crv", json!("secp256k1"), "crv \"secp256k1\""),
            ("x", json!(1), "x is 1, not a string"),
            ("x", json!(null), "x is null"),
            ("x", json!("not base64url"), "x is not base64url"),
            ("x", json!("AQ=="), "x is not base64url"),
            ("y", json!(""), "y has 0 octets, and P-256 wants 32"),
            ("y", json!(encode([0; 32])), "no point on P-256"),
            ("y", json!(encode([255; 32])), "no point on P-256"),
            (
                "y",
                json!("A".repeat(1_000_000)),
                "y is 1000000 characters long",
            ),
        ] {
            let mut jwk = p256.clone();
            jwk[member] = value;
            assert!(
                refused(jwk.clone()).contains(why),
                "{member}: {}",
                refused(jwk)
            );
        }
        let mut jwk = p256.clone();
        jwk.as_object_mut().unwrap().remove("y");
        assert_eq!(refused(jwk), "it has no y");
        let p384 =
            json!({ "kty": "EC", "crv": "P-384", "x": encode([1; 48]), "y": encode([1; 48]) });
        assert!(refused(p384).contains("no point on P-384"));
        let short = json!({ "kty": "OKP", "crv": "Ed25519", "x": "x_FEzRu9m36HLN_tue65" });
        assert!(refused(short).contains("x has 15 octets, and Ed25519 wants 32"));
        assert!(refused(json!({})).contains("kty is nothing"));
    }

    #[test]
    fn rsa_keys_that_are_too_small_too_large_or_none_are_refused_in_words() {
        let number = |octets: usize| encode(vec![255; octets]);
        for (n, e, why) in [
            (number(128), "AQAB".into(), "has 1024 bits, and RFC 7518"),
            (number(1_025), "AQAB".into(), "has 8200 bits, and 8192"),
            (
                number(100_000),
                "AQAB".into(),
                "n is 133334 characters long",
            ),
            (String::new(), "AQAB".into(), "has 0 bits"),
            (encode([254; 256]), "AQAB".into(), "is even"),
            (RSA_N.into(), String::new(), "exponent"),
            (RSA_N.into(), encode([1]), "exponent"),
            (RSA_N.into(), encode([2]), "exponent"),
            (RSA_N.into(), encode([255; 5]), "exponent"),
            (RSA_N.into(), number(256), "exponent"),
        ] {
            let got = refused(json!({ "kty": "RSA", "n": n, "e": e }));
            assert!(got.contains(why), "{got}");
        }
        let with_zeros = encode([vec![0, 0], decode(RSA_N).unwrap()].concat());
        let jwk = json!({ "kty": "RSA", "n": with_zeros, "e": "AAEAAQ" });
        let key = PublicKey::from_jwk(jwk.as_object().unwrap()).ok().unwrap();
        assert_eq!(key.signature_length(), 256);
    }
}
