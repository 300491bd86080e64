//! What was asked for and what was granted, one scope after the other.

use serde_json::Value;
use trace::{Grant, Jwt, Trace};

use super::seen::Token;
use super::told::{TokenScope, TokenScopes};
use crate::decode::scope_meaning;
use crate::fields::value;
use crate::reading::Reading;
use crate::snapshot::Snapshot;
use crate::wording::excerpt;

/// None where nothing is known of its scope.
pub(super) fn of(
    earlier: &[Token<'_>],
    token: &Token<'_>,
    led_to: Option<&str>,
    jwt: Option<&Jwt>,
) -> Option<TokenScopes> {
    let asked = asked(earlier, token, led_to);
    let said = said(token);
    let in_token = jwt.and_then(in_token);
    let granted = said
        .clone()
        .or_else(|| in_token.clone())
        .or_else(|| asked.clone())?;
    let mut names = granted.clone();
    for name in asked.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let all: Vec<TokenScope> = names
        .into_iter()
        .map(|name| TokenScope {
            asked: asked.as_ref().map(|asked| asked.contains(&name)),
            granted: granted.contains(&name),
            meaning: scope_meaning(&name).map(str::to_owned),
            name,
        })
        .collect();
    Some(TokenScopes {
        says: in_words(&all, said.is_some(), in_token.is_some()),
        all,
    })
}

fn in_words(all: &[TokenScope], is_said: bool, is_in_token: bool) -> String {
    let names = |wanted: &dyn Fn(&TokenScope) -> bool| {
        let named = all.iter().filter(|scope| wanted(scope));
        let named: Vec<String> = named
            .map(|scope| excerpt(&scope.name).to_string())
            .collect();
        named.join(", ")
    };
    let refused = names(&|scope| !scope.granted);
    let more = names(&|scope| scope.granted && scope.asked == Some(false));
    let is_known = all.iter().all(|scope| scope.asked.is_some());
    if !is_said && !is_in_token {
        // RFC 6749 section 5.1: the scope may be left out when it is what was asked for.
        return "The answer names no scope, which says that it is as asked for.".into();
    }
    let whence = if is_said {
        ""
    } else {
        ", as the token itself says"
    };
    match (refused.as_str(), more.as_str()) {
        _ if !is_known => format!("What was asked for is not known here{whence}."),
        ("", "") => format!("Granted as asked for{whence}."),
        (refused, "") => format!("Asked for and not granted{whence}: {refused}."),
        ("", more) => format!("Granted without being asked for{whence}: {more}."),
        (refused, more) => format!(
            "Asked for and not granted{whence}: {refused}. Granted without being asked for: {more}."
        ),
    }
}

/// As the token answer says it.
fn said(token: &Token<'_>) -> Option<Vec<String>> {
    let scope = token.answer.get("scope").filter(|scope| !scope.is_null())?;
    Some(list(scope))
}

/// As the token itself says it.
fn in_token(jwt: &Jwt) -> Option<Vec<String>> {
    let claim = jwt.claims.get("scope").or_else(|| jwt.claims.get("scp"))?;
    Some(list(claim))
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => words(text),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            items.flat_map(words).collect()
        }
        _ => Vec::new(),
    }
}

fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        if !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// What was asked for: by the token request, or by the request that led to it. A refresh that names
/// none asks for what was granted before (RFC 6749 section 6).
fn asked(earlier: &[Token<'_>], token: &Token<'_>, led_to: Option<&str>) -> Option<Vec<String>> {
    if let Some(scope) = value(&token.asked, "scope") {
        return Some(words(scope));
    }
    if token.grant == Some(Grant::RefreshToken) {
        return token.before(earlier).and_then(said);
    }
    led_to.map(words)
}

/// The scope of the request for a grant that led to each token; none where it is not known.
pub(super) fn led_to(trace: &Trace, tokens: &[Token<'_>]) -> Vec<Option<String>> {
    let mut found = vec![None; tokens.len()];
    let entries = trace.entries.len();
    let snapshots = match trace.flows.as_slice() {
        [] | [_] => vec![(None, Snapshot::of_first(trace, entries))],
        flows => {
            let of = |flow| Snapshot::of_flow(trace, entries, flow);
            flows.iter().map(|flow| (Some(flow.id), of(flow))).collect()
        }
    };
    for (flow, snapshot) in &snapshots {
        let reading = Reading::of(snapshot);
        for (token, found) in tokens.iter().zip(&mut found) {
            let is_here = flow.is_none() || *flow == token.first.flow;
            if let Some(issued) = token.issued.filter(|_| is_here && token.is_live(trace)) {
                *found = reading.scope_asked_for(issued);
            }
        }
    }
    found
}
