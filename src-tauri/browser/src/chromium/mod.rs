//! Chromium and its kin: the DevTools protocol over a pipe.

mod hops;
mod messages;
mod talk;

pub(crate) use hops::Hops;
pub(crate) use talk::Talk;
