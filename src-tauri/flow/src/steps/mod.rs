//! One file per step, each with two pure functions: what to send, and what the answer means.

pub(crate) mod actions;
pub(crate) mod assertion;
pub(crate) mod authorization;
pub(crate) mod challenge;
pub(crate) mod device;
pub(crate) mod event_stream;
pub(crate) mod mcp;
pub(crate) mod pushed;
pub(crate) mod refresh;
pub(crate) mod registration;
pub(crate) mod resource_metadata;
pub(crate) mod server_metadata;
pub(crate) mod token;
pub(crate) mod tool;
