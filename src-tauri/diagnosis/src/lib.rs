//! Judges a trace: what is wrong, whose fault it is, which sentence says so, and what to change.

mod decoded;
mod finding;

pub use decoded::{Decoded, DecodedField};
pub use finding::{Certainty, Finding, Level, Owner, Part, SpecReference};
