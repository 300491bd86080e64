//! Reads JSON that a server wrote.

use serde::de::Error as _;
use serde_json::{Error, Value};

/// Values that are read at most. In memory a value takes many times the two bytes it may have as
/// text.
const MOST_VALUES: usize = 250_000;

/// The JSON value in these bytes.
///
/// # Errors
/// When it is no JSON, is nested too deeply, or has more values than any answer needs.
pub fn json_value(bytes: &[u8]) -> Result<Value, Error> {
    // Some of these may stand in strings: then a bit less is read.
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
        let many = format!("[0{}]", ",0".repeat(MOST_VALUES + 1));
        let error = json_value(many.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("250000 values"), "{error}");
        assert!(json_value("[".repeat(100_000).as_bytes()).is_err());
    }
}
