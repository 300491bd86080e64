//! The proxy before a server that says what it got.

mod load;
mod passing;
mod support;
mod tunnel;
