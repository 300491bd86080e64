//! Private keys in PEM (RFC 7468): the block that holds one, whatever stands around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{Error, PemObject as _};

/// The first private key in the text.
///
/// # Errors
/// What the text is instead, in words that repeat nothing of it.
pub(crate) fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, &'static str> {
    let lines = with_line_breaks(text);
    PrivateKeyDer::from_pem_slice(lines.as_bytes()).map_err(|error| match error {
        Error::NoItemsFound => match first_label(text) {
            Some(label) => instead(label),
            None => without_block(text),
        },
        Error::MissingSectionEnd { .. } | Error::IllegalSectionStart { .. } => {
            "a PEM block that is cut off"
        }
        _ if text.contains("ENCRYPTED") => ENCRYPTED,
        _ => "a PEM block that is not base64",
    })
}

/// A PKCS #8 key as PEM, which [`private_key`] reads back.
pub(crate) fn of_pkcs8(der: &[u8]) -> String {
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

/// The text with each marker on a line of its own. Line breaks get lost or are written out where a
/// key comes through an environment variable.
fn with_line_breaks(text: &str) -> String {
    let text = text.replace("\\n", "\n");
    let mut lines = String::with_capacity(text.len() + 16);
    // Before a marker, within it, after it, within the next one …
    for (at, part) in text.split("-----").enumerate() {
        if at % 2 == 1 {
            lines.push_str(&format!("\n-----{}-----\n", part.trim()));
        } else {
            lines.push_str(&part.replace(' ', "\n"));
        }
    }
    lines
}

fn first_label(text: &str) -> Option<&str> {
    let (_, begun) = text.split_once("-----BEGIN ")?;
    Some(begun.split_once("-----")?.0)
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
    use super::*;
    use crate::test_keys::{ED25519_PEM, P256_SEC1_PEM};

    #[test]
    fn finds_the_key_among_what_stands_around_it() {
        let key = private_key(P256_SEC1_PEM).unwrap();
        assert!(matches!(key, PrivateKeyDer::Sec1(_)));
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        for text in [
            format!("{parameters}{P256_SEC1_PEM}"),
            format!("Bag Attributes\n    friendlyName: k\n{P256_SEC1_PEM}"),
            P256_SEC1_PEM.replace('\n', "\r\n"),
            P256_SEC1_PEM.replace('\n', " "),
            P256_SEC1_PEM.replace('\n', "\\n"),
        ] {
            assert_eq!(private_key(&text).as_ref(), Ok(&key), "{text}");
        }
        let key = private_key(ED25519_PEM).unwrap();
        assert_eq!(of_pkcs8(key.secret_der()), ED25519_PEM);
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
