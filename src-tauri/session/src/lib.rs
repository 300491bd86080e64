//! A flow being run: joins flow, wire, trace, diagnosis and vault, and decides about pausing.
//!
//! It emits events; whoever holds the run as a document keeps the trace from them and judges it.

mod browse;
mod commands;
mod documents;
mod ended;
mod env;
mod error;
mod inbox;
mod journal;
mod report;
mod runner;
mod sending;
mod session;
mod setup;
mod state;
mod tokens;
mod typed_secrets;

pub use ended::ended_message;
pub use error::{AppError, ErrorCode};
pub use flow::options::{
    AuthorizationExtras, Browser, Callback, CallbackHost, ClientCertificate, ClientMetadata,
    GrantChoice, IdentityProvider, Network, Options, Registration, RegistrationWay, ResourceChoice,
    ResponseMode, ToolCall,
};
pub use flow::{Action, Tool};
pub use report::vault_view;
pub use session::Session;
pub use state::{Event, NextStep, RunState, ServerView, Status, TokenView, VaultView};
pub use tokens::token_id;
