//! Chromium and browsers made from it: the DevTools protocol over a pipe.

mod fields;
mod hops;
mod messages;
mod talk;

pub(crate) use hops::Hops;
pub(crate) use talk::Talk;
