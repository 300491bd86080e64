//! Signed JSON (JOSE): keys a client signs with, what it signs, and whether what it was given is
//! signed as it claims.
//!
//! Everything is a function of its arguments. The signatures made here need no randomness: ECDSA by
//! RFC 6979, RSASSA-PKCS1-v1_5 and Ed25519. RSASSA-PSS does, so PS256, PS384 and PS512 are verified
//! and not made.

mod algorithm;
mod claims;
mod client_assertion;
mod dpop;
mod pem;
mod private_key;
mod public_key;
mod signature;
mod signing_key;
#[cfg(test)]
mod test_keys;
mod verify;
mod words;

pub use client_assertion::client_assertion;
pub use dpop::{DpopProof, dpop_proof};
pub use signing_key::{KeyError, SigningKey};
pub use verify::{Checked, Expected, Problem, Signature, verify};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// `BASE64URL-ENCODE(SHA256(ASCII(text)))`.
fn s256(text: &str) -> String {
    encode(Sha256::digest(text))
}

/// base64url without padding (RFC 7515 section 2).
pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
