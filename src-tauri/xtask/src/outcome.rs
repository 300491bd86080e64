//! How everything here ends.

/// What was asked for, or what is wrong and what to do about it, in words for the person at the
/// terminal.
pub type Outcome<T = ()> = Result<T, String>;
