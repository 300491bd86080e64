//! base64url without padding (RFC 7515 section 2), and hashes written in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// base64url without padding.
pub fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// `None` where the text is not base64url, or has padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `BASE64URL-ENCODE(SHA256(ASCII(text)))`.
pub(crate) fn s256(text: &str) -> String {
    encode(Sha256::digest(text))
}
