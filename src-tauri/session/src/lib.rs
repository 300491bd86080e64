//! A flow being run: joins flow, wire, trace, diagnosis and vault, and decides about pausing.
//!
//! It emits events; whoever holds the run as a document keeps the trace from them and judges it.

mod browse;
mod commands;
mod course;
mod documents;
mod ended;
mod env;
mod error;
mod inbox;
mod journal;
mod options;
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
pub use options::{
    Action, Authorization, Browser, Callback, CallbackHost, ClientCertificate, ClientMetadata,
    GrantChoice, Network, Options, Registration, ResourceChoice, ResponseMode, ToolCall,
};
pub use report::vault_view;
pub use session::Session;
pub use state::{
    Event, NextStep, RegistrationWay, RunState, ServerView, Status, TokenView, Tool, VaultView,
};
pub use tokens::token_id;
