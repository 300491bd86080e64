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
    let secret = meanings::is_secret(table, &name);
    let mut field = DecodedField {
        value: value.into(),
        meaning: None,
        source: None,
        secret,
        name,
    };
    explain(&mut field, table);
    field
}

/// A header field of a message.
pub(super) fn header(name: &str, value: &str) -> DecodedField {
    let known = meanings::of_header(name);
    DecodedField {
        name: name.into(),
        value: value.into(),
        meaning: known.map(|known| known.text.into()),
        source: known.and_then(|known| known.source.section()),
        secret: false,
    }
}

/// Says what a field means in a message of this kind.
pub(super) fn explain(field: &mut DecodedField, table: Table) {
    let known = meanings::meaning(table, &field.name);
    field.meaning = known.map(|known| known.text.into());
    field.source = known.and_then(|known| known.source.section());
}

pub(super) fn group(title: &str, note: Option<String>, fields: Vec<DecodedField>) -> Decoded {
    Decoded {
        title: title.into(),
        note,
        fields,
    }
}
