//! How a flow gets from one step to the next, where several steps lead to the same one. In
//! the order of their imports: `discovery`, `challenged`; `authorization`, `client`, `begin`,
//! `step_up`; `granted`; `needs`, `actions`, `issuer`, `mcp`.

pub(crate) mod discovery;
// Reads a challenge.
pub(crate) mod challenged;
// To a token.
pub(crate) mod authorization;
pub(crate) mod begin;
pub(crate) mod client;
pub(crate) mod granted;
pub(crate) mod step_up;
// To what the user asks for, and to the end.
pub(crate) mod actions;
pub(crate) mod issuer;
pub(crate) mod mcp;
pub(crate) mod needs;
