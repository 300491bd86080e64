//! Parts of a call that are mirrored into headers (2026-07-28 basic/transports/streamable-http,
//! "Custom Headers from Tool Parameters").

use base64::Engine as _;
use serde_json::{Map, Value};

/// How deep a schema is looked into; it comes from the server.
const DEEPEST: usize = 16;

/// The largest integer that JavaScript represents exactly (`Number.MAX_SAFE_INTEGER`).
const SAFE_INTEGER: i64 = (1 << 53) - 1;

/// The `Mcp-Param-*` headers of a call, by the `x-mcp-header` annotations of the tool's input
/// schema.
///
/// # Errors
/// Why the tool's definition is not valid: a client must not use such a tool.
pub(crate) fn parameter_headers(
    schema: &Value,
    arguments: &Map<String, Value>,
) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    collect(
        schema,
        Some(&Value::Object(arguments.clone())),
        0,
        &mut found,
    )?;
    let mut seen: Vec<String> = Vec::new();
    for (name, _) in &found {
        let lower = name.to_ascii_lowercase();
        if seen.contains(&lower) {
            return Err(format!(
                "x-mcp-header: expected each name once, got \"{name}\" twice"
            ));
        }
        seen.push(lower);
    }
    let headers = found.into_iter().filter_map(|(name, value)| {
        Some((
            format!("mcp-param-{}", name.to_ascii_lowercase()),
            header_value(&value?),
        ))
    });
    Ok(headers.collect())
}

/// The text itself where it can be a header value, else its Base64 between the marks.
pub(crate) fn header_value(text: &str) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t'));
    let padded = text.trim() != text;
    let like_encoded = text.starts_with("=?base64?") && text.ends_with("?=");
    if plain && !padded && !like_encoded {
        return text.into();
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("=?base64?{encoded}?=")
}

type Found = Vec<(String, Option<String>)>;

fn collect(
    schema: &Value,
    instance: Option<&Value>,
    depth: usize,
    found: &mut Found,
) -> Result<(), String> {
    let Some(schema) = schema.as_object() else {
        return Ok(());
    };
    for (keyword, part) in schema {
        if keyword != "properties" && keyword != "x-mcp-header" && annotated(part, depth) {
            return Err(format!(
                "x-mcp-header: expected within properties only, got one within {keyword}"
            ));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let value = instance.and_then(|instance| instance.get(name));
        if let Some(annotation) = property.get("x-mcp-header") {
            found.push((checked(annotation, property)?, value.and_then(text_of)));
        }
        if depth < DEEPEST {
            collect(property, value, depth + 1, found)?;
        }
    }
    Ok(())
}

fn checked(annotation: &Value, property: &Value) -> Result<String, String> {
    let name = annotation.as_str().unwrap_or_default();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!(
            "x-mcp-header: expected a header name, got {annotation}"
        ));
    }
    let kind = &property["type"];
    if !matches!(kind.as_str(), Some("string" | "integer" | "boolean")) {
        return Err(format!(
            "x-mcp-header {name}: expected a parameter of type string, integer or boolean, got {kind}"
        ));
    }
    Ok(name.into())
}

fn annotated(part: &Value, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    match part {
        Value::Object(members) => {
            members.contains_key("x-mcp-header")
                || members.values().any(|member| annotated(member, depth + 1))
        }
        Value::Array(items) => items.iter().any(|item| annotated(item, depth + 1)),
        _ => false,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => {
            let integer = number.as_i64()?;
            (-SAFE_INTEGER..=SAFE_INTEGER)
                .contains(&integer)
                .then(|| integer.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(schema: Value, arguments: Value) -> Result<Vec<(String, String)>, String> {
        parameter_headers(&schema, arguments.as_object().unwrap())
    }

    #[test]
    fn values_are_encoded_as_the_specification_shows() {
        for (text, expected) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(header_value(text), expected);
        }
    }

    #[test]
    fn annotated_parameters_become_headers_where_there_is_a_value() {
        let schema = json!({ "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "absent": { "type": "string", "x-mcp-header": "Absent" },
            "deep": { "type": "object", "properties": { "n": { "type": "integer", "x-mcp-header": "N" } } },
            "flag": { "type": "boolean", "x-mcp-header": "Flag" },
        } });
        let sent = headers(
            schema,
            json!({ "region": "eu", "deep": { "n": -7 }, "flag": true }),
        )
        .unwrap();
        let expected = [
            ("mcp-param-region", "eu"),
            ("mcp-param-n", "-7"),
            ("mcp-param-flag", "true"),
        ];
        for (name, value) in expected {
            assert!(
                sent.contains(&(name.into(), value.into())),
                "{name}: {sent:?}"
            );
        }
        assert_eq!(sent.len(), 3);
    }

    #[test]
    fn a_definition_against_the_rules_is_refused_with_the_reason() {
        let wrong = |property: Value| {
            headers(
                json!({ "properties": { "a": property } }),
                json!({ "a": "x" }),
            )
            .unwrap_err()
        };
        assert!(wrong(json!({ "type": "string", "x-mcp-header": "" })).contains("header name"));
        assert!(
            wrong(json!({ "type": "string", "x-mcp-header": "a\r\nb" })).contains("header name")
        );
        assert!(wrong(json!({ "type": "number", "x-mcp-header": "A" })).contains("integer"));
        assert!(
            wrong(json!({ "type": "array", "items": { "type": "string", "x-mcp-header": "A" } }))
                .contains("within items")
        );
        let twice = json!({ "properties": {
            "a": { "type": "string", "x-mcp-header": "A" }, "b": { "type": "string", "x-mcp-header": "a" },
        } });
        assert!(headers(twice, json!({})).unwrap_err().contains("twice"));
    }
}
