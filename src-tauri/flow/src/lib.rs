//! The OAuth flow of an MCP client as a pure state machine.
//!
//! A [`Flow`] is a plain value: where the flow stands ([`Step`], named for what it awaits) and what
//! is known so far ([`Facts`]). [`Flow::next`] says what to do; [`Flow::judge`] takes what came of
//! it and gives the flow after it. Nothing here opens a socket, reads a clock or draws a random
//! number that was not handed to it, and revisions of the specification differ only where a line
//! says `revision.at_least(…)`.

pub mod actions;
mod agenda;
mod client_document;
mod credentials;
mod facts;
mod flow;
mod judged;
mod mcp_request;
mod mirrored;
pub mod options;
mod proof;
mod setup;
mod step;
mod steps;

pub use agenda::Action;
pub use client_document::client_document;
pub use facts::{
    Authorization, Client, Device, Facts, Redirect, RegisteredBy, ServerFacts, Tokens, Tool,
};
pub use flow::Flow;
pub use judged::{Effect, Judged};
pub use setup::{Seed, Setup, SetupError};
pub use step::{Hand, Next, Plan, Seen, Step};
