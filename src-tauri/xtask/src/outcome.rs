//! The result type of every command.

/// A value, or what is wrong and what to do about it, in words for the person at the terminal.
pub type Outcome<T = ()> = Result<T, String>;
