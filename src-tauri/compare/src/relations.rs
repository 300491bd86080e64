//! Whether a fresh value is the same as an earlier one of its run, and whether that is so in both.

use std::collections::HashMap;

use crate::comparison::Place;
use crate::shapes::is_redacted;

/// Where a fresh value stands: the row of the comparison, and its place there.
pub type Key = (usize, Place, String);

/// The fresh values of one run so far.
#[derive(Default)]
pub struct Seen {
    at: HashMap<Key, String>,
    of: HashMap<String, Vec<Key>>,
}

impl Seen {
    pub fn remember(&mut self, key: Key, value: &str) {
        let keys = self.of.entry(value.to_owned()).or_default();
        if keys.len() < MOST {
            keys.push(key.clone());
        }
        self.at.insert(key, value.to_owned());
    }
}

/// Places of one value that are looked at; the first ones say where it comes from.
const MOST: usize = 8;

/// The earlier place that one of two values is the same as, and the other is not, with the number
/// of the run in which it is the same.
pub fn broken(seen: &[Seen; 2], values: [&str; 2]) -> Option<(usize, Key)> {
    // A pseudonym stands for the same value as another of its kind, and for no other.
    let comparable = is_redacted(values[0]) == is_redacted(values[1]);
    (0..2).find_map(|side| {
        let other = 1 - side;
        let keys = seen[side].of.get(values[side])?;
        let broken = keys.iter().find(|key| {
            seen[other].at.get(*key).is_some_and(|there| {
                there != values[other]
                    && (comparable || is_redacted(there) == is_redacted(values[other]))
            })
        });
        broken.map(|key| (side, key.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(row: usize) -> Key {
        (row, Place::Parameter, "state".into())
    }

    #[test]
    fn a_value_that_comes_back_in_one_run_and_not_in_the_other_is_found() {
        let mut seen = [Seen::default(), Seen::default()];
        seen[0].remember(key(3), "sent-in-a");
        seen[1].remember(key(3), "sent-in-b");
        assert_eq!(broken(&seen, ["sent-in-a", "sent-in-b"]), None);
        assert_eq!(broken(&seen, ["new-in-a", "new-in-b"]), None);
        assert_eq!(broken(&seen, ["sent-in-a", "other"]), Some((0, key(3))));
        assert_eq!(broken(&seen, ["other", "sent-in-b"]), Some((1, key(3))));
        // A value that was not recorded in the other run means nothing.
        seen[0].remember(key(4), "alone");
        assert_eq!(broken(&seen, ["alone", "other"]), None);
    }
}
