//! The sets of keys that were fetched.

use serde_json::Value;
use trace::Document;

use crate::reading::{ExchangeRef, Reading, object};

/// The keys that were fetched last before this entry.
pub(crate) fn keys_before<'a>(
    reading: &Reading<'a>,
    seq: u32,
) -> Option<(ExchangeRef<'a>, Vec<Document>)> {
    let last = reading.key_set_before(seq)?;
    let set = object(last.response().filter(|response| response.status == 200)?)?;
    let keys = set.get("keys").and_then(Value::as_array)?;
    let keys = keys.iter().filter_map(|key| key.as_object().cloned());
    Some((last, keys.collect()))
}
