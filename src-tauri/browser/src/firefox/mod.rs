//! Firefox: WebDriver BiDi over a WebSocket.
//!
//! Firefox has no pipe for it, only a port, and gives one session to whoever comes first. No page
//! is opened before that is ours; then it takes commands from nobody else.

mod hops;
mod socket;
mod talk;

pub(crate) use hops::Hops;
pub(crate) use talk::Talk;
