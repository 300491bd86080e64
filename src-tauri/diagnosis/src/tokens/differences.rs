//! What differs between a token and the one before it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use trace::{Decision, Grant, Jwt, Trace, rfc3339};

use super::seen::Token;
use super::told::{TokenDifference, TokenSeenKind, TokenSince};
use crate::decode::jwt::span;
use crate::replaced::is_replaced;

/// Claims that every token has of its own.
const ALWAYS_NEW: [&str; 5] = ["iat", "nbf", "jti", "at_hash", "c_hash"];

pub(super) fn since(trace: &Trace, before: &Token<'_>, token: &Token<'_>) -> TokenSince {
    let (old, new) = (Jwt::read(before.value), Jwt::read(token.value));
    let mut differences = Vec::new();
    if let (Ok(old), Ok(new)) = (&old, &new) {
        differences.extend(claims(&old.claims, &new.claims));
    }
    if token.kind == TokenSeenKind::Access {
        for member in ["token_type", "scope", "expires_in"] {
            let is_claim = differences
                .iter()
                .any(|known: &TokenDifference| known.name == member);
            if !is_claim {
                differences.extend(of_member(member, &before.answer, &token.answer));
            }
        }
        differences.extend(of_refresh_token(before, token));
    }
    TokenSince {
        entry: before.issued.unwrap_or(before.first.entry),
        by: by(trace, before, token).into(),
        differences,
    }
}

fn claims(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<TokenDifference> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let names = names
        .into_iter()
        .filter(|name| !ALWAYS_NEW.contains(&name.as_str()));
    names.filter_map(|name| of_member(name, old, new)).collect()
}

/// One claim, or one member of the answer.
fn of_member(
    name: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Option<TokenDifference> {
    let (before, after) = (old.get(name), new.get(name));
    if before == after
        || [before, after]
            .into_iter()
            .flatten()
            .any(stands_for_another)
    {
        return None;
    }
    if matches!(name, "scope" | "scp") {
        return of_scope(name, before, after);
    }
    let is_time = matches!(name, "exp" | "auth_time");
    let printed = |value: Option<&Value>| value.map(|value| printed(value, is_time));
    let says = match (
        before.and_then(Value::as_u64),
        after.and_then(Value::as_u64),
    ) {
        (Some(before), Some(after)) if is_time => Some(if before < after {
            format!("Later by {}.", span(after - before))
        } else {
            format!("Earlier by {}.", span(before - after))
        }),
        _ => None,
    };
    Some(TokenDifference {
        name: name.to_owned(),
        before: printed(before),
        after: printed(after),
        says,
    })
}

/// A value that a recorder replaced differs from every other.
fn stands_for_another(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| !text.is_empty() && is_replaced(text))
}

fn of_scope(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<TokenDifference> {
    let words = |value: Option<&Value>| -> BTreeSet<String> {
        let texts = match value {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let words = texts.into_iter().flat_map(str::split_ascii_whitespace);
        words.map(str::to_owned).collect()
    };
    let (old, new) = (words(before), words(after));
    if old == new {
        return None;
    }
    let list = |names: Vec<&String>| {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        names.join(" ")
    };
    let (more, fewer) = (
        list(new.difference(&old).collect()),
        list(old.difference(&new).collect()),
    );
    let says = match (more.is_empty(), fewer.is_empty()) {
        (false, true) => format!("More than before: {more}."),
        (true, false) => format!("Gone: {fewer}."),
        _ => format!("New: {more}. Gone: {fewer}."),
    };
    Some(TokenDifference {
        name: name.to_owned(),
        before: before.map(|value| printed(value, false)),
        after: after.map(|value| printed(value, false)),
        says: Some(says),
    })
}

/// What became of the refresh token. It is a secret, so it is told and not shown.
fn of_refresh_token(before: &Token<'_>, token: &Token<'_>) -> Option<TokenDifference> {
    let held = |token: &Token<'_>| {
        let held = token.answer.get("refresh_token").and_then(Value::as_str);
        held.map(str::to_owned)
    };
    let refreshed = token.grant == Some(Grant::RefreshToken);
    let says = match (held(before), held(token)) {
        (None, None) => return None,
        (Some(old), Some(new)) if old == new => "The same one came again: it is not rotated.",
        (Some(_), Some(_)) if refreshed => {
            "Rotated: a new one came, and the one before must not be used any more."
        }
        (_, Some(_)) => "A new one came.",
        (Some(_), None) if refreshed => "None came: the one before stays in use.",
        (Some(_), None) => "None came this time.",
    };
    Some(TokenDifference {
        name: "refresh_token".into(),
        before: None,
        after: None,
        says: Some(says.into()),
    })
}

fn by(trace: &Trace, before: &Token<'_>, token: &Token<'_>) -> &'static str {
    let (from, to) = (before.issued.unwrap_or(0), token.issued.unwrap_or(0));
    let between = trace
        .entries
        .iter()
        .filter(|entry| (from..to).contains(&entry.seq));
    let mut steps = between.filter(|entry| {
        entry.flow == token.first.flow && matches!(entry.decision(), Some(Decision::StepUp { .. }))
    });
    match token.grant {
        Some(Grant::RefreshToken) => "refresh",
        _ if steps.next().is_some() => "step-up",
        _ => "another grant",
    }
}

fn printed(value: &Value, is_time: bool) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join(", ")
        }
        number if is_time => {
            let seconds = number.as_i64().filter(|seconds| *seconds >= 0);
            seconds.map_or_else(|| number.to_string(), rfc3339)
        }
        other => other.to_string(),
    }
}
