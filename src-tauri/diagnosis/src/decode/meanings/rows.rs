//! The form of the tables.

/// Names of fields, each with its meaning.
pub(super) type Rows = &'static [(&'static str, &'static str)];
