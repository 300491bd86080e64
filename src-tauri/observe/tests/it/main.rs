//! The proxy before a server that says what it got.

mod passing;
mod support;
mod tunnel;
