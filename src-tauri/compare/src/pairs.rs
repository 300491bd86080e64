//! The parameters of a URL or a form as facts.

use trace::Pair;

use crate::comparison::Place;
use crate::fact::{Fact, named};
use crate::tokens;

/// Parameters of a URL or a form, with what is in their tokens.
pub fn pairs(place: Place, pairs: &[Pair], list: &mut Vec<Fact>) {
    for pair in pairs {
        list.push(named(place, &pair.name, &pair.value));
        if tokens::may_be_token(&pair.name, &pair.value) {
            tokens::read(place, &pair.name, &pair.value, list);
        }
    }
}
