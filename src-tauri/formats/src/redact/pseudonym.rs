//! What is written in the place of a secret.

use super::names::{Kind, kind_named};

/// What every pseudonym begins with. Pseudonyms are made of unreserved characters (RFC 3986 section
/// 2.3) alone, so that they read the same in a URL, a header, JSON, HTML and a shell.
pub const MARK: &str = "redacted-";

/// Whether a value is one of our pseudonyms.
pub fn is_pseudonym(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(MARK.as_bytes()) else {
        return false;
    };
    rest.len() < 40
        && rest
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'0'..=b'9'))
}

/// The pseudonym that stands in the place of a JWT's signature.
pub fn pseudonym_of_token(value: &[u8]) -> Option<&str> {
    if !value.starts_with(b"eyJ") {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    let (_, signature) = value.rsplit_once('.')?;
    is_pseudonym(signature.as_bytes()).then_some(signature)
}

/// A pseudonym's kind and number.
pub fn parsed(pseudonym: &str) -> Option<(&str, Kind, u32)> {
    let rest = pseudonym.strip_prefix(MARK)?;
    let (kind, number) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    Some((pseudonym, kind_named(kind)?, number.parse().ok()?))
}
