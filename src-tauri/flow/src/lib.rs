//! The OAuth flow of an MCP client as a pure state machine.
//!
//! A [`Flow`] is a plain value: where it stands ([`Step`], named for what it awaits, which owns
//! what its request needs) and what every later step may need ([`Facts`]). [`Flow::next`] says what
//! to do; [`Flow::judge`] takes what came of it and gives the [`Transition`] to the flow after it.
//! [`Plan::sign`] makes the request that is sent. Nothing here opens a socket, reads a clock or
//! draws a random number that was not handed to it, and revisions of the specification differ only
//! where a line says `revision.at_least(…)`.
//!
//! Files import only from those above them: values (`endpoint` … `facts`), what comes next and what
//! came of it (`plan`, `state`, `transition`), parts of requests (`scope` … `credentials`), the
//! routes from step to step (`routes`), the steps (`steps`), and the flow (`flow`).

#![forbid(unsafe_code)]

pub mod options;

mod setup;

mod client;
mod consent;
mod endpoint;
mod facts;
mod grant;
mod queue;
mod step;
mod tokens;
mod tool_pages;

mod page;
mod plan;
mod played;
mod state;
mod transition;

mod answer;
mod binding;
mod client_document;
mod client_request;
mod credentials;
mod mcp_request;
mod metadata_request;
mod mirrored;
mod proof;
mod redirect;
mod scope;
mod scope_values;
mod token_check;

mod routes;
mod steps;

mod flow;
#[cfg(test)]
mod testing;

pub use client::{Client, Management, RegisteredBy};
pub use client_document::client_document;
pub use consent::Consent;
pub use endpoint::{Endpoint, MissingEndpoint};
pub use facts::{ChallengeFacts, Facts, ServerFacts, StepUp};
pub use grant::{Authorization, Device, RedeemedCode, TokenGrant};
pub use plan::{Env, Next, Plan, StepOutcome, ToSign, UNSIGNED};
pub use queue::{
    AboutToken, Action, ActionPart, ActionQueue, ActionRequest, RefreshKind, RegistrationRequest,
    TokenTried,
};
pub use setup::{Seed, Setup, SetupError};
pub use state::Flow;
pub use step::Step;
pub use tokens::{Dpop, Tokens};
pub use tool_pages::{Tool, ToolPages};
pub use transition::{Effect, Transition};
