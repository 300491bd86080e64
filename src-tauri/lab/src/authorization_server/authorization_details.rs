//! Rich authorization requests (RFC 9396). The one type here is `mcp_tool`: permission to call a
//! tool.

use serde_json::Value;

use super::AuthorizationServer;
use crate::web::{OAuthError, Params, plain};

/// The `type` values that can be asked for.
pub(super) const TYPES: &[&str] = &["mcp_tool"];
/// The `actions` of an `mcp_tool`.
const ACTIONS: &[&str] = &["call"];

/// Reads and judges the parameter; `None` when it was not sent.
///
/// # Errors
/// `invalid_authorization_details` in the cases of section 5.
pub(super) fn read(
    server: &AuthorizationServer,
    params: &Params,
) -> Result<Option<Value>, OAuthError> {
    let Some(text) = params.get("authorization_details") else {
        return Ok(None);
    };
    let wrong = |text: &str| OAuthError::new("invalid_authorization_details", text);
    let details: Value =
        serde_json::from_str(text).map_err(|_| wrong("The authorization_details are not JSON"))?;
    let list = details
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| wrong("The authorization_details have to be an array of objects"))?;
    for detail in list {
        check(server, detail).map_err(|text| wrong(&text))?;
    }
    Ok(Some(details))
}

fn check(server: &AuthorizationServer, detail: &Value) -> Result<(), String> {
    let fields = detail.as_object().ok_or("A detail has to be an object")?;
    if !fields
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(|kind| TYPES.contains(&kind))
    {
        return Err("The type of a detail is missing or unknown".to_owned());
    }
    for (name, value) in fields {
        let texts = || {
            let list = value.as_array()?;
            list.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
        };
        let fits = match name.as_str() {
            "type" => true,
            "identifier" => value.as_str().is_some_and(|tool| !tool.is_empty()),
            "actions" => {
                texts().is_some_and(|actions| actions.iter().all(|action| ACTIONS.contains(action)))
            }
            "locations" => texts().is_some_and(|places| {
                places
                    .iter()
                    .all(|place| server.resources.iter().any(|known| known == place))
            }),
            other => return Err(format!("The field {} is unknown", plain(other))),
        };
        if !fits {
            return Err(format!("The field {name} has a value that does not fit"));
        }
    }
    Ok(())
}
