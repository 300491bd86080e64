//! Reads answers.

use serde_json::{Map, Value};
use trace::{OauthError, Response, json_value, oauth_error};

/// The JSON object of a body, when it is one.
pub(crate) fn json_object(response: &Response) -> Option<Map<String, Value>> {
    match json_value(&response.body.bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// A member that is a string and not empty.
pub(crate) fn text<'a>(answer: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = answer.get(name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// "invalid_grant: the code is unknown", or the status when there is no OAuth error.
pub(crate) fn refusal(response: &Response) -> String {
    oauth_error(response).as_ref().map_or_else(
        || format!("status {} without an OAuth error", response.status),
        OauthError::words,
    )
}

/// The code of an OAuth error; empty when there is none.
pub(crate) fn error_code(response: &Response) -> String {
    oauth_error(response).map_or_else(String::new, |error| error.error)
}
