//! An OAuth error answer, read leniently.

use serde_json::Value;

use crate::exchange::Response;
use crate::form::pairs;
use crate::json::json_value;

/// What an OAuth error answer says (RFC 6749 section 5.2; also RFC 7591 section 3.2.2, RFC 8628
/// section 3.5 and RFC 9126 section 2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthError {
    pub error: String,
    /// A value that is not a string is given as JSON.
    pub description: Option<String>,
    pub uri: Option<String>,
}

/// The OAuth error in the body of an answer, whatever its status. Servers are read for what clients
/// go by: `error` counts also where another member is of the wrong type, or where the body is a
/// form instead of JSON. `None` when there is no `error`, or it is not a string.
pub fn oauth_error(response: &Response) -> Option<OauthError> {
    let text = response.body.text()?;
    match json_value(text.trim_start_matches('\u{feff}').as_bytes()) {
        Ok(answer) => from_json(&answer),
        Err(_) => from_form(text),
    }
}

/// Other names that servers have for `error_description`.
const DESCRIPTIONS: [&str; 6] = [
    "errorDescription",
    "error_message",
    "errorMessage",
    "message",
    "detail",
    "reason",
];

fn from_json(answer: &Value) -> Option<OauthError> {
    let member = |name: &str| match answer.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let error = answer.get("error")?.as_str()?;
    let described = || {
        let mut names = DESCRIPTIONS.iter();
        names.find_map(|name| answer.get(*name)?.as_str().and_then(given))
    };
    Some(OauthError {
        error: given(error)?,
        description: member("error_description").or_else(described),
        uri: member("error_uri"),
    })
}

fn from_form(text: &str) -> Option<OauthError> {
    let pairs = pairs(text.trim());
    let value = |name: &str| {
        let pair = pairs.iter().find(|pair| pair.name == name);
        pair.map(|pair| pair.value.clone())
    };
    Some(OauthError {
        error: given(&value("error")?)?,
        description: value("error_description"),
        uri: value("error_uri"),
    })
}

fn given(error: &str) -> Option<String> {
    let error = error.trim();
    (!error.is_empty()).then(|| error.to_owned())
}

impl OauthError {
    /// "invalid_grant: the code is unknown"
    pub fn words(&self) -> String {
        match &self.description {
            Some(description) => format!("{}: {description}", self.error),
            None => self.error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;

    fn read(body: impl Into<Vec<u8>>) -> Option<OauthError> {
        oauth_error(&Response {
            status: 400,
            headers: Vec::new(),
            body: Body::new(body.into()),
        })
    }

    fn code(body: &str) -> Option<String> {
        read(body).map(|error| error.error)
    }

    #[test]
    fn reads_what_the_specification_says() {
        let body =
            r#"{"error":"invalid_grant","error_description":"used","error_uri":"https://e"}"#;
        let error = read(body).unwrap();
        assert_eq!(error.words(), "invalid_grant: used");
        assert_eq!(error.uri.as_deref(), Some("https://e"));
        assert_eq!(
            read(r#"{"error":"slow_down"}"#).unwrap().words(),
            "slow_down"
        );
    }

    #[test]
    fn the_code_counts_whatever_stands_beside_it() {
        for beside in [
            r#""error_description":null"#,
            r#""error_description":7"#,
            r#""error_description":["a"]"#,
            r#""error_description":{"text":"a"}"#,
            r#""error_uri":false"#,
            r#""error_uri":{},"error_description":[[[]]]"#,
            r#""status":400,"message":"no""#,
        ] {
            let body = format!(r#"{{{beside},"error":"authorization_pending"}}"#);
            assert_eq!(
                code(&body).as_deref(),
                Some("authorization_pending"),
                "{body}"
            );
        }
        let shown = read(r#"{"error":"x","error_description":{"a":1}}"#).unwrap();
        assert_eq!(shown.words(), r#"x: {"a":1}"#);
        assert_eq!(
            code("\u{feff}{\"error\":\"use_dpop_nonce\"}").as_deref(),
            Some("use_dpop_nonce")
        );
        assert_eq!(
            code(" \n{\"error\":\" invalid_grant \"}\n").as_deref(),
            Some("invalid_grant")
        );
    }

    #[test]
    fn reads_forms() {
        let form = "error=bad_verification_code&error_description=The+code+is+wrong";
        assert_eq!(
            read(form).unwrap().words(),
            "bad_verification_code: The code is wrong"
        );
        assert_eq!(code("error=slow_down\n").as_deref(), Some("slow_down"));
    }

    #[test]
    fn what_has_no_error_is_none() {
        for body in [
            "",
            "null",
            "[]",
            "7",
            "\"error\"",
            "{}",
            r#"{"error":null}"#,
            r#"{"error":""}"#,
            r#"{"error":7}"#,
            r#"{"error":{"code":-32600,"message":"no"}}"#,
            r#"[{"error":"x"}]"#,
            "<html>error</html>",
            "error",
            "error=",
            "{\"error\":\"cut o",
        ] {
            assert_eq!(code(body), None, "{body}");
        }
        assert_eq!(read([0xff, 0xfe, 0x00]), None);
    }
}
