//! Identifiers that are good for one use.

use std::collections::HashMap;

/// Remembers identifiers for as long as someone could try to use them again.
#[derive(Debug, Default)]
pub(crate) struct Once(HashMap<String, u64>);

impl Once {
    /// Whether this identifier was not used before. Times are seconds since 1970; from `until` on
    /// it is refused for its age anyway, so it is forgotten then.
    pub(crate) fn is_first(&mut self, identifier: String, until: u64, now: u64) -> bool {
        self.0.retain(|_, until| now <= *until);
        self.0.insert(identifier, until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_and_then_forgotten() {
        let mut once = Once::default();
        assert!(once.is_first("a".to_owned(), 10, 1));
        assert!(!once.is_first("a".to_owned(), 10, 10));
        assert!(once.is_first("b".to_owned(), 20, 11));
        assert_eq!(once.0.len(), 1);
    }
}
