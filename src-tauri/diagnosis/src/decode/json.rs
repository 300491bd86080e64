//! JSON objects as fields.

use serde_json::Value;
use trace::Response;

use super::field::{explain, field, group};
use super::meanings::Table;
use crate::decoded::Decoded;

/// The JSON object in a response's body, if there is one.
pub(super) fn body(title: &str, response: &Response, table: Table) -> Option<Decoded> {
    let mut decoded = object(title, &response.body.bytes, table)?;
    if response.status >= 400 {
        decoded.title = "Error".into();
        for field in &mut decoded.fields {
            explain(field, Table::Error);
        }
    }
    Some(decoded)
}

/// The JSON object in these bytes, if there is one.
pub(super) fn object(title: &str, bytes: &[u8], table: Table) -> Option<Decoded> {
    let Ok(Value::Object(object)) = trace::json_value(bytes) else {
        return None;
    };
    let fields = object
        .iter()
        .map(|(name, value)| field(name, printed(value), table))
        .collect();
    Some(group(title, None, fields))
}

/// A value for reading: text without quotation marks, a list of texts with commas, all else as
/// JSON.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_printed_for_reading() {
        assert_eq!(printed(&json!("a")), "a");
        assert_eq!(printed(&json!(["a", "b"])), "a, b");
        assert_eq!(printed(&json!({"a": [1]})), r#"{"a":[1]}"#);
        assert_eq!(object("T", b"[]", Table::Client), None);
    }
}
