//! JWTs in a message: what their headers and claims say.

use serde_json::{Map, Value as Json};
use trace::{Jwt, JwtError};

use crate::classes::{self, Class};
use crate::comparison::Place;
use crate::fact::{Fact, Value, member};
use crate::shapes::is_redacted;

/// Whether a value under this name may be a token that can be read.
pub fn may_be_token(name: &str, value: &str) -> bool {
    classes::of_name(name) == Class::Fresh && (value.len() >= SHORTEST || is_named_token(name))
}

/// No JWT is shorter.
const SHORTEST: usize = 20;

fn is_named_token(name: &str) -> bool {
    name == "access_token" || name == "id_token"
}

/// Reads a token under this name, as far as it can be read. Where its secret parts were replaced,
/// nothing is said of its form.
pub fn read(place: Place, name: &str, token: &str, list: &mut Vec<Fact>) {
    let place = match place {
        Place::ResponseMember | Place::Redirect => Place::ResponseClaim,
        _ => Place::RequestClaim,
    };
    let form = match Jwt::read(token) {
        Ok(jwt) => {
            members(place, &format!("{name} header"), &jwt.header, list);
            members(place, name, &jwt.claims, list);
            "JWT"
        }
        Err(JwtError::Encrypted) => "encrypted JWT",
        Err(_) if is_redacted(token) => return,
        Err(_) => "opaque",
    };
    if is_named_token(name) {
        list.push(Fact::text(place, format!("{name} (form)"), form));
    }
}

fn members(place: Place, prefix: &str, object: &Map<String, Json>, list: &mut Vec<Fact>) {
    for (name, value) in object {
        let path = format!("{prefix}.{name}");
        let mut fact = match value {
            Json::Array(items) if items.iter().all(Json::is_string) => {
                let texts = items.iter().filter_map(Json::as_str);
                Fact::new(place, path, Value::Set(texts.map(str::to_owned).collect()))
            }
            // One or several, as the value shows.
            Json::String(text) if name == "aud" => {
                Fact::new(place, path, Value::Set(vec![text.clone()]))
            }
            _ => member(place, &path, name, value),
        };
        // Nonces of proofs and keys are fresh whatever they are called.
        if name == "jwk" || name == "cnf" {
            fact.value = Value::Fresh(value.to_string());
        }
        fact.is_public = classes::is_public_claim(name);
        list.push(fact);
    }
}
