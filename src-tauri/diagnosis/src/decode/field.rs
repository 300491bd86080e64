//! Fields and groups of them, as they are shown.

use trace::Pair;

use super::meanings::{self, Table};
use crate::decoded::{Decoded, DecodedField};

/// Pairs as fields, each with its meaning.
pub(super) fn fields(pairs: Vec<Pair>, table: Table) -> Vec<DecodedField> {
    pairs
        .into_iter()
        .map(|pair| field(pair.name, pair.value, table))
        .collect()
}

pub(super) fn field(
    name: impl Into<String>,
    value: impl Into<String>,
    table: Table,
) -> DecodedField {
    let name = name.into();
    DecodedField {
        value: value.into(),
        meaning: meanings::meaning(table, &name).map(str::to_owned),
        secret: meanings::is_secret(table, &name),
        name,
    }
}

pub(super) fn group(title: &str, note: Option<String>, fields: Vec<DecodedField>) -> Decoded {
    Decoded {
        title: title.into(),
        note,
        fields,
    }
}
