//! The form of the tables.

use crate::spec::source::Source;

/// Names of fields, each with its meaning and where that is defined.
pub(super) type Rows = &'static [(&'static str, &'static str, Source)];
