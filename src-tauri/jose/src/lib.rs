//! Signed JSON (JOSE): keys that a client signs with, what it signs, and whether a JWT that a
//! server gave is signed as it claims.
//!
//! Everything here is a function of its arguments: time and `jti` are handed in, and the signatures
//! need no randomness (ECDSA by RFC 6979, RSASSA-PKCS1-v1_5, Ed25519). RSASSA-PSS needs some, so
//! PS256, PS384 and PS512 are verified and not made. `ring` makes RSA and Ed25519 signatures and
//! verifies all of them; `p256` and `p384` sign, and read elliptic keys that `ring` refuses, such
//! as those without their public half.

#![forbid(unsafe_code)]

mod algorithm;
mod base64url;
mod checked;
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

pub use base64url::encode;
pub use checked::{Checked, Expected, Problem, Signature};
pub use client_assertion::client_assertion;
pub use dpop::{DpopProof, dpop_proof};
pub use signing_key::{KeyError, SigningKey};
pub use verify::verify;
