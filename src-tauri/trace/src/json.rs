//! Reads JSON that a server wrote.

use serde::de::Error as _;
use serde_json::{Error, Value};

/// Values that are read at most. In memory a value takes many times the two bytes it may have as
/// text.
const MOST_VALUES: usize = 250_000;

/// A byte order mark in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The JSON value in these bytes. A byte order mark before it is passed over, as most clients do
/// (RFC 8259 section 8.1).
///
/// # Errors
/// When it is not JSON, is nested too deeply, or has more values than any answer needs.
pub fn json_value(bytes: &[u8]) -> Result<Value, Error> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    // Some of these may stand in strings: then the limit is reached a little early.
    let values = bytes.iter().filter(|byte| b",[{".contains(byte)).count();
    if values > MOST_VALUES {
        let words = format!("more than {MOST_VALUES} values, which are not read");
        return Err(Error::custom(words));
    }
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_unless_it_is_huge() {
        assert_eq!(json_value(b"[1,{}]").unwrap(), serde_json::json!([1, {}]));
        assert!(json_value(b"{").is_err());
        assert!(json_value(b"\xEF\xBB\xBF{}").is_ok());
        let many = format!("[0{}]", ",0".repeat(MOST_VALUES + 1));
        let error = json_value(many.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("250000 values"), "{error}");
        assert!(json_value("[".repeat(100_000).as_bytes()).is_err());
    }
}
