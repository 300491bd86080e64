//! The authorization request as one signed parameter (RFC 9101).

use serde_json::{Map, Value, json};
use trace::Timestamp;

use crate::facts::Facts;
use crate::setup::Setup;
use jose::encode;

/// Seconds for which the request object is good.
const LIFETIME: u64 = 300;

const TYPE: &str = "oauth-authz-req+jwt";

/// `client_id` and `request`; with the parameters that OpenID Connect Core 1.0 section 6.1 wants
/// outside, too.
pub(crate) fn wrapped(
    facts: &Facts,
    setup: &Setup,
    parameters: Vec<(String, String)>,
    now: Timestamp,
) -> Vec<(String, String)> {
    let outside = |name: &str| parameters.iter().find(|(other, _)| other == name).cloned();
    let openid =
        outside("scope").is_some_and(|(_, scope)| super::authorization::asks_openid(&scope));
    let mut kept: Vec<_> = outside("client_id").into_iter().collect();
    if openid {
        kept.extend(outside("response_type"));
        kept.extend(outside("scope"));
    }
    let client_id = outside("client_id").map(|(_, id)| id).unwrap_or_default();
    let mut claims: Map<String, Value> = parameters.into_iter().map(claim).collect();
    claims.insert("iss".into(), json!(client_id));
    claims.insert("aud".into(), json!(facts.issuer));
    claims.insert("iat".into(), json!(now.seconds()));
    claims.insert("nbf".into(), json!(now.seconds()));
    claims.insert("exp".into(), json!(now.seconds() + LIFETIME));
    claims.insert("jti".into(), json!(setup.unique("request object", now)));
    let claims = Value::Object(claims);
    let key = facts
        .client
        .as_ref()
        .and_then(|client| client.private_key.as_ref());
    let object = match key {
        Some(key) => key.sign(TYPE, false, &claims),
        None => {
            let header = json!({ "typ": TYPE, "alg": "none" });
            format!(
                "{}.{}.",
                encode(header.to_string()),
                encode(claims.to_string())
            )
        }
    };
    kept.push(("request".into(), object));
    kept
}

/// Parameters that are JSON are JSON in the object (RFC 9101 section 4, RFC 9396 section 3).
fn claim((name, value): (String, String)) -> (String, Value) {
    let json = match name.as_str() {
        "authorization_details" | "claims" => serde_json::from_str(&value).ok(),
        "max_age" => value.parse::<u64>().ok().map(Value::from),
        _ => None,
    };
    (name, json.unwrap_or(Value::String(value)))
}
