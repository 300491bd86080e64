//! One thing that a message says.

use serde_json::Value as Json;

use crate::classes::{self, Class};
use crate::comparison::Place;

/// One thing that a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub place: Place,
    pub name: String,
    pub value: Value,
    /// It may be shown. Otherwise only that it differs is said.
    pub is_public: bool,
}

/// How a value is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// As it is, but for the fresh parts in it.
    Text(String),
    /// A number of seconds: nearly the same is the same.
    Duration(f64),
    /// Without regard to the order.
    Set(Vec<String>),
    /// By which earlier value it equals.
    Fresh(String),
    /// Seconds since 1970.
    Time(f64),
    /// Not at all.
    Connection(String),
}

impl Fact {
    pub fn new(place: Place, name: impl Into<String>, value: Value) -> Self {
        Self {
            place,
            name: name.into(),
            value,
            is_public: true,
        }
    }

    pub fn text(place: Place, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(place, name, Value::Text(text.into()))
    }
}

/// A text under a name that says how it is compared.
pub fn named(place: Place, name: &str, value: &str) -> Fact {
    let class = classes::of_name(name);
    let value = match class {
        Class::Fresh if classes::is_word(value) => Value::Text(value.into()),
        Class::Fresh => Value::Fresh(value.into()),
        Class::Time => value
            .parse()
            .map_or_else(|_| Value::Text(value.into()), Value::Time),
        _ if SPACED.contains(&name) => {
            Value::Set(value.split_ascii_whitespace().map(str::to_owned).collect())
        }
        _ => Value::Text(value.into()),
    };
    Fact::new(place, name, value)
}

/// Parameters that are lists with blanks between, in any order.
const SPACED: [&str; 5] = ["scope", "scp", "response_type", "prompt", "acr_values"];

/// A member of a JSON document. `name` is the last part of its path.
pub fn member(place: Place, path: &str, name: &str, value: &Json) -> Fact {
    match (classes::of_name(name), value) {
        (Class::Fresh, Json::String(text)) if !classes::is_word(text) => {
            Fact::new(place, path, Value::Fresh(text.clone()))
        }
        (Class::Time, Json::Number(number)) => {
            let seconds = number.as_f64().unwrap_or_default();
            // 0 means "never", and small numbers are no times.
            if seconds < 1e9 {
                Fact::text(place, path, number.to_string())
            } else {
                Fact::new(place, path, Value::Time(seconds))
            }
        }
        (_, Json::Number(number)) if DURATIONS.contains(&name) => Fact::new(
            place,
            path,
            Value::Duration(number.as_f64().unwrap_or_default()),
        ),
        (_, Json::String(text)) if SPACED.contains(&name) => {
            let words = text.split_ascii_whitespace().map(str::to_owned);
            Fact::new(place, path, Value::Set(words.collect()))
        }
        _ => Fact::text(place, path, value.to_string()),
    }
}

const DURATIONS: [&str; 3] = ["expires_in", "ext_expires_in", "refresh_expires_in"];
