//! The keys of a key set.

use std::collections::HashMap;

use serde_json::Value;

use super::held::{Held, members_of};
use crate::answer_tables::{ELLIPTIC, KEY, RSA};
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, object};
use crate::wording::excerpt;

pub(super) fn keys(seen: ExchangeRef<'_>) -> Vec<Held> {
    /// Key sets hold a few keys.
    const MOST: usize = 100;
    let set = seen
        .response_with_body()
        .filter(|response| response.status == 200)
        .and_then(object);
    let keys = set.and_then(|set| set.get("keys")?.as_array().cloned());
    let keys = keys.unwrap_or_default().into_iter().take(MOST).enumerate();
    keys.flat_map(|(at, key)| {
        let of_kind = match key.get("kty").and_then(Value::as_str) {
            Some("RSA") => RSA,
            Some("EC" | "OKP") => ELLIPTIC,
            _ => &[],
        };
        let members = members_of(key);
        [KEY, of_kind].map(|table| Held {
            document: "a key in the key set",
            table,
            members: members.clone(),
            pointer: format!("/keys/{at}"),
            by_mcp_server: false,
        })
    })
    .collect()
}

/// Two keys of one kind that a token's `kid` does not tell apart.
pub(super) fn two_of_a_kid(seen: ExchangeRef<'_>, finding: Finding) -> Option<Finding> {
    let set = object(seen.response_with_body()?)?;
    let keys = set.get("keys")?.as_array()?;
    let mut known: HashMap<(&str, &str), &Value> = HashMap::new();
    let mut named = keys.iter().enumerate().filter_map(|(at, key)| {
        let text = |name| key.get(name)?.as_str();
        Some((at, (text("kty")?, text("kid")?), key))
    });
    // The same key twice is harmless.
    let (at, (_, kid), _) =
        named.find(|(_, name, key)| known.insert(*name, key).is_some_and(|other| other != *key))?;
    let kid = excerpt(kid);
    Some(
        finding
            .title_with(["kid", "a key in the key set"])
            .at(seen.seq, Part::body(&format!("/keys/{at}/kid")))
            .message(
                "A server looks up the key of a token by its kid. Of two keys under one kid it takes \
                 the first or the last, and refuses the tokens that the other one has signed.",
            )
            .expected("a kid of its own for each key")
            .actual(format!("two keys with the kid {kid}"))
            .fix(format!(
                "Give each key a kid of its own, such as its thumbprint; {kid} is there twice."
            )),
    )
}
