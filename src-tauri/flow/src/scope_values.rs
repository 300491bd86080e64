//! The values of a scope.

use std::collections::HashSet;

/// The values of a list as one scope, each once, in the order they came.
pub(crate) fn scope_of<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known = HashSet::new();
    let values = values.into_iter().flat_map(str::split_whitespace);
    let scopes: Vec<&str> = values.filter(|value| known.insert(*value)).collect();
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// Whether one of the values of a scope is this one.
pub(crate) fn contains(scope: &str, value: &str) -> bool {
    scope.split(' ').any(|one| one == value)
}
