//! Options by the ids of the table: their JSON, and paths in it.

use serde_json::{Map, Value};

use super::info::OptionInfo;
use super::{Options, option};

/// The options as JSON.
pub(super) fn to_json(options: &Options) -> Value {
    serde_json::to_value(options).unwrap_or_default()
}

/// The value at a path; `None` where there is nothing, or null.
pub(super) fn get<'a>(json: &'a Value, id: &str) -> Option<&'a Value> {
    let found = id
        .split('.')
        .try_fold(json, |value, member| value.get(member))?;
    (!found.is_null()).then_some(found)
}

/// Puts a value at a path. Another value for `….is` replaces its whole object.
pub(super) fn set(json: &mut Value, id: &str, value: Value) {
    let (mut place, mut path) = (json, id);
    while let Some((member, rest)) = path.split_once('.') {
        place = &mut object(place)[member];
        path = rest;
    }
    let members = object(place);
    if path == "is" && members.get("is") != Some(&value) {
        members.clear();
    }
    members.insert(path.into(), value);
}

fn object(place: &mut Value) -> &mut Map<String, Value> {
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(members) => members,
        _ => unreachable!("it was made one"),
    }
}

/// Whether the choice that an option belongs to is made.
pub(super) fn chosen(json: &Value, info: &OptionInfo) -> bool {
    info.when.is_none_or(|when| {
        let choice = get(json, when.id).and_then(Value::as_str);
        choice.is_some_and(|choice| when.is.contains(&choice))
    })
}

/// Whether an option counts with all that is set.
pub(super) fn counts(json: &Value, info: &OptionInfo) -> bool {
    chosen(json, info) && info.needs.is_none_or(|needed| is_given(json, needed))
}

/// Whether something was given for an option.
pub(super) fn is_given(json: &Value, id: &str) -> bool {
    // The tool may be named or the first one: what counts is that there is a call.
    let id = if id == "call.tool" { "call" } else { id };
    match get(json, id) {
        None | Some(Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}

/// The word on the command line for the choice that is made.
pub(super) fn word(id: &str, value: &str) -> &'static str {
    let super::Kind::Choice { values, .. } = option(id).kind else {
        return "";
    };
    let chosen = values.iter().find(|choice| choice.value == Some(value));
    chosen
        .and_then(|choice| choice.words.first())
        .unwrap_or(&"")
}
