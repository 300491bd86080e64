//! Proofs of possession in requests (RFC 9449).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trace::{Jwt, Request};

/// The proof that a request carries, as it stands.
pub(crate) fn proof(request: &Request) -> Option<Jwt> {
    Jwt::read(request.header_value("dpop")?.trim()).ok()
}

/// The thumbprint (RFC 7638 section 3) of the key in a request's proof.
pub(crate) fn thumbprint_of(request: &Request) -> Option<String> {
    thumbprint(proof(request)?.header.get("jwk")?)
}

/// The thumbprint of a key; `None` for a key of a kind that is not known.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let members: &[&str] = match jwk["kty"].as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    // The members in this order, as text without blanks.
    let member = |name: &&str| Some(format!("{}:{}", json!(name), json!(jwk[*name].as_str()?)));
    let members: Option<Vec<String>> = members.iter().map(member).collect();
    let text = format!("{{{}}}", members?.join(","));
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ\
                 CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZ\
                 gnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniI\
                 qbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(thumbprint(&jwk).as_deref(), Some(expected));
        assert_eq!(thumbprint(&json!({"kty": "oct", "k": "AA"})), None);
    }
}
