//! Values that a recorder has put in the place of others.

/// Whether a value looks like one that stands for another: a pseudonym, asterisks, an ellipsis.
/// Nothing can be computed from such a value, so nothing that is computed may be held against it.
pub(crate) fn is_replaced(value: &str) -> bool {
    let marks = ["***", "...", "\u{2026}"];
    let words = ["redact", "xxxx", "hidden", "removed", "masked"];
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || value.starts_with(['<', '['])
        || marks.iter().any(|mark| value.contains(mark))
        || words.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_value_is_told_from_one() {
        for stands_for in [
            "redacted-code-1",
            "eyJhbGciOiJub25lIn0.e30.redacted-jwt-1",
            "***",
            "[REDACTED]",
            "eyJh\u{2026}",
            "",
            "XXXXXXXX",
        ] {
            assert!(is_replaced(stands_for), "{stands_for}");
        }
        for own in [
            crate::sample::VERIFIER,
            "rt_8Jf2kQ0vW1sYpB7nXhLr4uTzEaCd6Gm9",
            "eyJhbGciOiJub25lIn0.e30.c2ln",
            r#"{"kty":"EC","crv":"P-256","x":"eA","y":"eQ"}"#,
        ] {
            assert!(!is_replaced(own), "{own}");
        }
    }
}
