//! Private keys in PEM (RFC 7468): the block that holds one, whatever stands around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How the key in a block is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `PRIVATE KEY`: any kind of key (RFC 5958).
    Pkcs8,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
    /// `RSA PRIVATE KEY` (RFC 8017 appendix A.1.2).
    Pkcs1,
}

/// The first private key in the text, as DER.
///
/// # Errors
/// What the text is instead, in words that repeat nothing of it.
pub(super) fn private_key(text: &str) -> Result<(Encoding, Vec<u8>), &'static str> {
    // Keys that came through an environment variable often have their line breaks written out.
    let text = text.replace("\\n", "\n");
    let mut other = None;
    let mut rest = text.as_str();
    while let Some((label, body, after)) = block(rest)? {
        let encoding = match label {
            "PRIVATE KEY" => Encoding::Pkcs8,
            "EC PRIVATE KEY" => Encoding::Sec1,
            "RSA PRIVATE KEY" => Encoding::Pkcs1,
            _ => {
                other.get_or_insert(label);
                rest = after;
                continue;
            }
        };
        if body.contains("ENCRYPTED") {
            return Err(ENCRYPTED);
        }
        let base64: String = body.split_whitespace().collect();
        let der = STANDARD
            .decode(base64)
            .map_err(|_| "a PEM block that is not base64")?;
        return Ok((encoding, der));
    }
    Err(other.map_or_else(|| without_block(&text), instead))
}

/// A block in the text: PEM, in which `private_key` finds the key again.
pub(super) fn of_pkcs8(der: &[u8]) -> String {
    const LINE: usize = 64;
    let base64 = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

const ENCRYPTED: &str = "a key encrypted with a passphrase";

/// Label, body and what follows. Blocks are looked for in the whole text, since line breaks get
/// lost on the way.
fn block(text: &str) -> Result<Option<(&str, &str, &str)>, &'static str> {
    const CUT: &str = "a PEM block that is cut off";
    let Some((_, begun)) = text.split_once("-----BEGIN ") else {
        return Ok(None);
    };
    let (label, begun) = begun.split_once("-----").ok_or(CUT)?;
    let (body, end) = begun.split_once("-----END ").ok_or(CUT)?;
    let (_, after) = end.split_once("-----").ok_or(CUT)?;
    Ok(Some((label, body, after)))
}

fn instead(label: &str) -> &'static str {
    match label {
        "ENCRYPTED PRIVATE KEY" => ENCRYPTED,
        "OPENSSH PRIVATE KEY" => "a key in the format of OpenSSH",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key",
        "CERTIFICATE" => "a certificate without its key",
        _ => "a PEM block of another kind",
    }
}

fn without_block(text: &str) -> &'static str {
    match text.trim_start().chars().next() {
        None => "nothing",
        Some('{') => "JSON",
        Some(_) => "text without a PEM block",
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_keys::{ED25519_PEM, P256_SEC1_PEM};
    use super::*;

    #[test]
    fn finds_the_key_among_what_stands_around_it() {
        let (encoding, der) = private_key(P256_SEC1_PEM).unwrap();
        assert_eq!(encoding, Encoding::Sec1);
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        for text in [
            format!("{parameters}{P256_SEC1_PEM}"),
            format!("Bag Attributes\n    friendlyName: k\n{P256_SEC1_PEM}"),
            P256_SEC1_PEM.replace('\n', "\r\n"),
            P256_SEC1_PEM.replace('\n', " "),
            P256_SEC1_PEM.replace('\n', "\\n"),
        ] {
            assert_eq!(private_key(&text), Ok((Encoding::Sec1, der.clone())));
        }
        let (_, der) = private_key(ED25519_PEM).unwrap();
        assert_eq!(of_pkcs8(&der), ED25519_PEM);
    }

    #[test]
    fn says_what_a_text_without_a_key_is() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (text, got) in [
            (String::new(), "nothing"),
            (" {\"kty\":\"EC\"}".into(), "JSON"),
            ("hush".into(), "text without a PEM block"),
            (block("ENCRYPTED PRIVATE KEY"), ENCRYPTED),
            (
                block("RSA PRIVATE KEY").replace("AAAA", "Proc-Type: 4,ENCRYPTED\n\nAAAA"),
                ENCRYPTED,
            ),
            (block("PUBLIC KEY"), "a public key"),
            (block("CERTIFICATE"), "a certificate without its key"),
            (
                block("OPENSSH PRIVATE KEY"),
                "a key in the format of OpenSSH",
            ),
            (block("hush"), "a PEM block of another kind"),
            (
                "-----BEGIN PRIVATE KEY-----\nhush".into(),
                "a PEM block that is cut off",
            ),
            (
                block("PRIVATE KEY").replace("AAAA", "hush!"),
                "a PEM block that is not base64",
            ),
        ] {
            assert_eq!(private_key(&text), Err(got), "{text}");
        }
    }
}
